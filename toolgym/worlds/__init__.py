"""What world generators share."""
