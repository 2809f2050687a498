"""Nuclides, materials and particles."""
