"""One night: what it is, what it needs, which decisions stand in it, how it ends, and how operators are told of it."""
