"""Any table of people, without a home or nights: ``boroughlink link`` and ``boroughlink evaluate``."""
