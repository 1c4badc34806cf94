"""Is all well with a home: ``boroughlink doctor``, which looks and changes nothing."""
