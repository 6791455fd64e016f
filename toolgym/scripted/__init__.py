"""What plays a domain's dialogues without a model: the scripted user, from the facts of a task."""
