"""A day of sample papers through the whole program: `python -m digest.demo`."""
