"""User simulators: those who play the customer."""
