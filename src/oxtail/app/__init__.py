"""The use cases: one module per verb, plain functions of a context; they know no adapter."""
