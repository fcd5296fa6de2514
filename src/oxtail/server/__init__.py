"""The MCP endpoint over stdio: the only code that knows the protocol of the agents' clients."""
