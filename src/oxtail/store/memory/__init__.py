"""Stores without files, for tests and demos; they promise what the file stores promise."""
