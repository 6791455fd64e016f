"""What agents are paid that break the policy or the spirit of the game; see ``README.md``."""
