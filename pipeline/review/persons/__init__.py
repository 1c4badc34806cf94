"""One person: how they are searched for, and what their page and its file show."""
