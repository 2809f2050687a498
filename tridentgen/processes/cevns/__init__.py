"""Coherent elastic neutrino-nucleus scattering (CEvNS)."""
