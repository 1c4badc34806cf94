"""What the recordlinkage engine is made of: a frame of values, an index over tokens, levels from strings."""
