"""A hash that identifies a spectrum."""

from __future__ import annotations

import hashlib

import numpy as np

from tridentgen.flux.base import EnergyMap


def fingerprint(energies: EnergyMap) -> str:
    """Return a hash of the spectrum: its energies and weights at evenly spaced points."""
    u = (np.arange(4096) + 0.5) / 4096.0
    values = np.broadcast_arrays(*energies(u), u)[:2]
    return hashlib.sha256(np.ascontiguousarray(values, dtype=float).tobytes()).hexdigest()
