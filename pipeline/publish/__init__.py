"""Publish: a finished set of tables, checked, then switched to by one rename; and SQL over what is published."""
