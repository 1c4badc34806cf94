"""Commands of boroughlink, one module each."""
