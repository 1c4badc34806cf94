"""Running a night: once, under Prefect or without its server, until it ends or is asked to stop."""
