"""Elastic neutrino-electron scattering."""
