"""Scripted users, oracles and novices, which play a domain's dialogues without a model."""
