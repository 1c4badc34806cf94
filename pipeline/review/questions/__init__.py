"""The queue: its questions, their answers and which of them stand, claims, and what waits for a second person."""
