"""Observables of dark-matter events for cuts, and the axes of figures."""

from __future__ import annotations

from dataclasses import replace

from tridentgen.events.observables import Axis, Observable
from tridentgen.processes.detected import DETECTOR_OBSERVABLES, RECOIL_AXIS, detector_axes

WIMP_OBSERVABLES = (
    Observable("speed", "km_s"),
    Observable("recoil_energy", "keV"),
    Observable("cos_theta", "", signed=True),
    *DETECTOR_OBSERVABLES,
)

WIMP_AXES = (
    replace(RECOIL_AXIS, sort="isotope", with_kept=True),
    Axis("speed", "speed", "km/s", "v", "km/s", sort="isotope", long_tail=1e-5),
    Axis("cos_theta", "cos_theta", "", r"\cos\theta", "", sort="isotope"),
    *detector_axes("isotope"),
)
