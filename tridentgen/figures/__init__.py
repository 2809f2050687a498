"""Figures of trident physics, each computed and drawn by ``tridentgen figure NAME``."""
