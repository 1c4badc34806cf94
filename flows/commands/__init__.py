"""Commands of boroughlink, one module each, and what they print."""
