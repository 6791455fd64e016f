"""Event loops, threads and what runs at once, in one place."""
