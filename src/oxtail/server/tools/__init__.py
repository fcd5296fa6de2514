"""What each tool does: from checked arguments to a use case, and back to an answer."""
