"""The life of a fleet: plans of what is added, kept, restarted and removed, and runs of them."""
