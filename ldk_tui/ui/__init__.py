"""Showing the node and taking keys."""
