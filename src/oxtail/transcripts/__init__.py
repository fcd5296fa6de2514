"""Where the clients keep their conversations, and how to read the end of one."""
