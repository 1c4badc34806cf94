"""The stewards' review desk: a web page where doubtful matches are decided.

Its modules are plain functions over the store of decisions and the desk's index of the publication (``shelf``); ``routes`` are
pages over them, one router a page; ``access`` says who may do what and masks every record; the store's ``audit`` keeps what was done.
"""
