"""Tests of the neutrino sources."""
