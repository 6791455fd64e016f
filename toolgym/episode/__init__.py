"""An episode: the dialogue as a state machine, its set-up, replay, turns and seeding."""

from toolgym.episode.seeding import rng_for

__all__ = ["rng_for"]
