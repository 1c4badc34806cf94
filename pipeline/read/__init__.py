"""Read: one export as its contract says, every value as the text that stood there.

``fetch`` brings the bytes. ``delimited``, ``json_lines``, ``workbooks`` and ``databases`` turn them into sheets of text cells; of a workbook
``workbook_bytes`` is the file as a library may open it, ``sheet_extent`` and ``ods_layout`` its layout. ``headings`` finds which column
means which field, ``merged_cells`` which rows share a cell, ``raw_rows`` makes a raw record a person, ``feed`` puts it together.
``any_file`` reads any table of people for ``boroughlink link``.
"""
