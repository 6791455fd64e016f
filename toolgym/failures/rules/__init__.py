"""The analyst that compares a trajectory with the gold, and needs no model."""
