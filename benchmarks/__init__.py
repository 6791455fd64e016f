"""What is measured and not tested; each folder says how."""
