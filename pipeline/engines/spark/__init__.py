"""The Spark engine: the local engine's kernels, with blocks and candidate pairs spread over a cluster.

What is as large as the records stays where it is simple: the driver holds the table, its records as codes (some hundred bytes
each) and the distinct values with their tokens, and broadcasts all but the table; each worker process unpacks its own copy. Samples for
training and pairs that are named (``compare``) are the driver's too. What grows faster, keys and candidate pairs, is never on the driver:
workers make keys from tokens, Spark shuffles them, and only pairs at or above the floor come back. So the driver, and
each worker process, must have room for the records as codes; nothing else limits how many there may be.

Spark is spoken to by its RDDs. Its data frames would have to carry arrays as cells that it never looks into, and planning their
queries took more of Java's time than the rest of a small table.

``session`` finds or starts Spark, ``jobs`` is what workers do, ``workspace`` the order in which they do it. Workers on other
machines must be able to import this package: the same version, with its dependencies, in the Python that PYSPARK_PYTHON names there.
"""
