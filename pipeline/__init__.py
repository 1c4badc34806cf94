"""The stages of boroughlink, one folder each; tables carry the data from one to the next."""

import os

# Read by pyarrow when it is loaded. Its own choice gives memory back to the system and asks for it again at every large table:
# where stages read, sort and write a million rows, that took more time of the system than the work itself.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
