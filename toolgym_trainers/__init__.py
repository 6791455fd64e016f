"""Trainers of policies in toolgym's environments."""
