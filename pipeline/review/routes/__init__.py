"""Pages of the desk, one router a page."""
