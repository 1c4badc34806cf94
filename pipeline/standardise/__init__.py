"""Raw rows into standard records: one way to write each name, date, address, code and identifier."""
