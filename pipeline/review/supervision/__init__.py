"""What supervisors and auditors look at: numbers, their plots, and the audit log."""
