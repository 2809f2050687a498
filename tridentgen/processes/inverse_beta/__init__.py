"""Inverse beta decay, and quasi-elastic scattering on free neutrons."""
