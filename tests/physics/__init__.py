"""Tests of `tridentgen.physics` against other formulas, other integrals and explicit Dirac matrices."""
