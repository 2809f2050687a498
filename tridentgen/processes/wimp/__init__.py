"""Elastic scattering of dark matter of the galactic halo on nuclei."""
