"""The state folder: its paths, and the only way to write to it."""
