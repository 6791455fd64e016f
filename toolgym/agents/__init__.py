"""Agents: what plays the assistant or, replayed from a recording, either side."""
