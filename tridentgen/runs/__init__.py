"""Runs of a card: preparation, production, resumption and distribution."""
