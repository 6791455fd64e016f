"""The analyst that is a model, and the clusters of what it says."""
