"""Tests of tridentgen.events."""
