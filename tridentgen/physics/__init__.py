"""Formulas: pure, traceable functions of values; no files, no state, no engine."""
