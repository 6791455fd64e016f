"""Figures of many failures."""
