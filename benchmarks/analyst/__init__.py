"""How well an analyst of failures finds what is known to be there."""
