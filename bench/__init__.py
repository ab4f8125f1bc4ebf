"""Figures side by side with what one would take instead: make bench B=register."""
