"""The user's tmux server: the one function that runs tmux, and typed calls on it."""
