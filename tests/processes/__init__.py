"""Tests of the trident process as a whole: cross sections, events and rates."""
