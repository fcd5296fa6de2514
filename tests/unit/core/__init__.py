"""The rules, without disk, clock or process."""
