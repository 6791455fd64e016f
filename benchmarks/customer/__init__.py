"""What the scripted customer has learned of what messages call for, and how well it does on sets of its own."""
