"""Synthetic London: people, their lives, and the exports that boroughs and the force's systems would hold of them.

Nobody in it exists. ``households`` makes people, ``lives`` what happens to them, ``dirt`` how it is written down wrongly, and a module a
system its files; ``generate`` makes all of it.
"""
