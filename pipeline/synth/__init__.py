"""Synthetic London: people, their lives, and the exports that boroughs and the force's systems would hold of them.

Nobody in it exists. ``people`` makes households, ``lives`` what happens to them, ``dirt`` how it is written down wrongly,
``exports`` the files, ``generate`` all of it.
"""
