"""Runs of a card: what is made ready, produced, resumed and distributed."""
