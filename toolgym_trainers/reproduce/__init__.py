"""The claims about training on one's own failures, put to the test; see :class:`.reproduction.Reproduction`."""
