"""Showing text on a terminal."""
