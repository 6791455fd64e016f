"""The commands that this package adds to ``toolgym``; nothing here imports torch before a command begins."""
