"""Inverse muon decay: a neutrino makes a muon or tau of an electron."""
