"""Agents: those who play the assistant, or, replayed, either side."""
