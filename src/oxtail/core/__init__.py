"""The rules, without input or output: plain values in, plain values out."""
