"""Busy and idle markers, tmux panes, and what makes a session look at its mail."""
