"""The analysts' tables of a publication, one SQL file each."""
