"""Figures at the size of a large city, each a module that prints NAME VALUE UNIT: make bench B=register."""
