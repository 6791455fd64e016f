"""What plug-in authors measure and check their domains with."""
