"""Judges: those who say whether natural-language assertions hold over a dialogue."""
