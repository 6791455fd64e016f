"""The Controller: failures explained, and the patterns in them."""
