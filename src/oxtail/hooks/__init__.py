"""What the clients start when something happens: one command for all events, and how to name it."""
