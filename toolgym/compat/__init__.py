"""Formats of other projects, read and written."""
