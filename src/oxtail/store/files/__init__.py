"""The durable store on plain files, shared with peers of other implementations."""
