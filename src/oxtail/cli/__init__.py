"""The ``oxtail`` command: :mod:`main` finds the verb, one module per verb carries it out."""
