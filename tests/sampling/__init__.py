"""Tests of random numbers, the adaptive density, training, integration and generation."""
