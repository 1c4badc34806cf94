"""What surrounds every page: the desk and its visits, templates, words and times, and what becomes of a form."""
