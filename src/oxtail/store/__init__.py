"""Where mail lies: on files, or in memory for tests and demonstrations."""
