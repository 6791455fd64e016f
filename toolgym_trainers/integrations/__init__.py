"""Adapters: episodes and curricula for the libraries that train and evaluate policies, each in a file of its own."""
