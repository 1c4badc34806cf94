"""How good a linkage is: against the truth where there is one, and by its own probabilities where there is none."""
