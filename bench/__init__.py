"""Figures of the program at the size of a large city, each a module: python -m bench.journal prints NAME VALUE UNIT."""
