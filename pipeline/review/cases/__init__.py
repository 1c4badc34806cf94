"""One case: its records side by side, what speaks for and against one person, and the picture of it."""
