"""Hashes that identify a spectrum, and a table of arrival times."""

from __future__ import annotations

import hashlib

import numpy as np

from tridentgen.flux.base import EnergyMap
from tridentgen.flux.source import Component
from tridentgen.flux.tabulated_profile import TabulatedProfile


def fingerprint(energies: EnergyMap) -> str:
    """Return a hash of the spectrum: its energies and weights at evenly spaced points."""
    u = (np.arange(4096) + 0.5) / 4096.0
    values = np.broadcast_arrays(*energies(u), u)[:2]
    return hashlib.sha256(np.ascontiguousarray(values, dtype=float).tobytes()).hexdigest()


def fingerprint_of_times(component: Component) -> tuple[str, ...]:
    """Return a hash of the arrival times that a component has as a table; the others are those of its kind of flux."""
    if not isinstance(component.time, TabulatedProfile):
        return ()
    times = np.asarray(component.time.time_ns([(np.arange(4096) + 0.5) / 4096.0]), dtype=float)
    return (hashlib.sha256(times.tobytes()).hexdigest(),)
