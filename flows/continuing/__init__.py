"""What a night goes on from: stages that a run which died has finished, and what the last night kept."""
