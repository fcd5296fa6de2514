"""What the parts of a screen say: a fleet and a width in, rows of spans out.

The rule: no Textual, no clock, no width but the one that is given.
"""
