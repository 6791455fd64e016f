"""The Proposer: tasks made on purpose."""
