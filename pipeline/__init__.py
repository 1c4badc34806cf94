"""The stages of boroughlink, one folder each; tables carry the data from one to the next."""
