"""Figures of the physics of tridents, each of them computed and drawn by ``tridentgen figure NAME``."""
