"""Fits of CEvNS to measurements: predictions in bins, likelihoods, and intervals of a card's numbers."""
