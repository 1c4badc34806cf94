"""Raw rows into standard records: one way to write each name, date, address, code and identifier.

``feed`` puts it together: ``identity`` gives rows their ids, ``reuse`` takes unchanged rows from the earlier export, ``cells`` reads the
others as their contract means them, ``people`` and ``events`` standardise column by column with the modules for names, days, addresses,
codes, contacts and identifiers. ``any_table`` does the same for any table of people, leniently.
"""
