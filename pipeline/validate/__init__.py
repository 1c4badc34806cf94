"""Validate: Great Expectations suites over every source, rejected rows to quarantine, broken feeds held at their last good export."""
