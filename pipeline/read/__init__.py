"""Read: one export as its contract says, every value as the text that stood there.

``fetch`` brings the bytes, ``delimited``, ``workbooks`` and ``databases`` turn them into sheets of text cells,
``headings`` finds which column means which field, ``feed`` puts it together.
"""
