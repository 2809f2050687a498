"""Tests of tridentgen.analysis."""
