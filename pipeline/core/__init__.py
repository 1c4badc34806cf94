"""What every stage shares: errors, places, tables on disk, the log, the lock."""
