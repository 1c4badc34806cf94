"""The stewards' review desk: a web page where doubtful matches are decided.

Its modules are plain functions over the store of decisions and the desk's index of the publication (``records.shelf``); they lie in
rooms, whose docstrings say what each is for, and imports between rooms run one way. ``web`` is the application; ``routes`` are pages
over the rooms, one router a page; ``admission.access`` says who may do what and masks every record; the store's ``audit`` keeps what
was done.
"""
