"""The report of a night: one page for the operator, in counts and pictures."""
