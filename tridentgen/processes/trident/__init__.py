"""Neutrino tridents, in the full phase space and in the equivalent-photon approximation."""
