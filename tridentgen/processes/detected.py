"""Recoils of nuclei as a detector sees them: columns, observables and axes that the processes with recoils share."""

from __future__ import annotations

from dataclasses import replace

from tridentgen.constants import KEV_PER_GEV
from tridentgen.detector import Detector
from tridentgen.engines.process import Column
from tridentgen.events.columns import ACCEPTANCE
from tridentgen.events.observables import Axis, Observable
from tridentgen.physics.elementary import Value

DETECTOR_COLUMNS: tuple[Column, ...] = (
    Column("quenched_energy", "keV", "electron-equivalent energy of the recoil, without resolution"),
    Column("observed_energy", "keV", "electron-equivalent energy with the detector's resolution"),
    ACCEPTANCE,
)
"""Additional columns if a detector is given."""

DETECTOR_OBSERVABLES = (
    Observable("quenched_energy", "keV", needs_detector=True),
    Observable("observed_energy", "keV", needs_detector=True),
)

RECOIL_AXIS = Axis("recoil_energy", "recoil_energy", "keV", "T", "keV", log_y=True, long_tail=1e-3)


def detector_axes(sort: str) -> tuple[Axis, ...]:
    """Return the axes of the energies in a detector; `sort` are the classes drawn as separate lines."""
    observed = replace(
        RECOIL_AXIS, name="observed_energy", column="observed_energy", symbol=r"E_\mathrm{obs}", sort=sort
    )
    quenched = replace(observed, name="quenched_energy", column="quenched_energy", symbol=r"E_\mathrm{ee}")
    return replace(quenched, differs_from="recoil_energy"), replace(observed, seen=True)


def response(detector: Detector, nuclide: int, recoil_GeV: Value, time_ns: Value, u: Value) -> dict[str, Value]:
    """Return `DETECTOR_COLUMNS` of a recoil of the nuclide with this index; `u` in (0, 1) is for the resolution."""
    quenched = detector.quenched(recoil_GeV, float(nuclide))
    observed = detector.observed(recoil_GeV, u, float(nuclide))
    return {
        "quenched_energy": quenched * KEV_PER_GEV,
        "observed_energy": observed * KEV_PER_GEV,
        "acceptance": detector.acceptance(recoil_GeV, observed, time_ns, float(nuclide)),
    }
