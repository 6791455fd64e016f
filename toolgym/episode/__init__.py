"""An episode: the dialogue as a state machine, its set-up, replay, turns and seeding."""
