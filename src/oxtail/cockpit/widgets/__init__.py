"""One widget per file; each draws what it was shown, and asks nobody."""
