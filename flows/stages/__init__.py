"""The stages of a night, from exports to tables and reports, and the tasks that surround them."""
