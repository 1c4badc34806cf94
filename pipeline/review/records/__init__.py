"""What the desk knows of records: its index of the publication and the look-ups in it, and what earlier decisions say of them."""
