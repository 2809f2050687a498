"""Tests of tridentgen."""
