"""Measure the time of the counts of a new model of CEvNS, from moments of the flux and from `recoil_rate`.

COHERENT's CsI of the card `coherent_csi`: two nuclides, three components, 8 bins of photoelectrons and 11 of time. Run
on one core: ``OMP_NUM_THREADS=1 python -m benchmarks.new_models``. Times are the smallest and the median of 15 repeats.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

import tridentgen as tg
from benchmarks.machine import describe
from tridentgen.analysis.rate_table import exposure_of
from tridentgen.processes.cevns.parameters import with_value
from tridentgen.runs.job import job_of

PE = np.array([8.0, 12.0, 16.0, 20.0, 24.0, 32.0, 40.0, 50.0, 60.0])
TIMES_NS = np.linspace(0.0, 6000.0, 12)
REPEATS = 15


def report(name: str, call: Callable[[], object], at_once: int = 1) -> None:
    """Print the time of a call in ms."""
    found = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        for _ in range(at_once):
            call()
        found.append((time.perf_counter() - start) / at_once * 1e3)
    print(f"{name:<58} {min(found):>9.3f} {statistics.median(found):>9.3f}", flush=True)


def main() -> None:
    """Print the table."""
    card = tg.read_card("coherent_csi")
    job = job_of(card)
    process, beam, detector = job.reaction, job.beam, job.detector
    assert isinstance(process, tg.Cevns)
    assert isinstance(beam, tg.Source)
    assert detector is not None
    exposure = exposure_of(card, beam)
    nuclei, times = tg.number_of_nuclei("CsI", exposure.mass_t), exposure.times(beam)
    print(describe())
    print(f"{'':<58} {'min/ms':>9} {'median/ms':>9}")

    def set_up() -> tg.ExpectedCounts:
        return tg.expected_counts(process, beam, nuclei, times, detector, PE, unit="PE", time_edges_ns=TIMES_NS)

    counts = set_up()
    vector = tg.Cevns("CsI", model=tg.CevnsModel(vector=tg.LightVector(1e-3, coupling=3e-5, charges="B-L")))
    dipole = tg.Cevns("CsI", model=tg.CevnsModel(dipole=tg.DipolePortal(0.01, 3e-9)))
    masses = iter(np.linspace(0.005, 0.03, 10 * REPEATS))
    report("recoil_rate and its counts, one model", lambda: rate(process, beam, nuclei, times, detector))
    report("set-up: moments, response, times", set_up)
    report("new sin2_theta_w", lambda: counts.counts(with_value(process, "model.sin2_theta_w", 0.23)), 20)
    report("new neutron radius", lambda: counts.counts(with_value(process, "process.neutron_radius_fm", 5.5)), 20)
    report("new mass of a vector", lambda: counts.counts(with_value(vector, "model.vector.mass_GeV", 0.02)), 20)
    report("derivative by sin2_theta_w", lambda: counts.derivative("model.sin2_theta_w"), 20)
    report("derivative by the neutron radius", lambda: counts.derivative("process.neutron_radius_fm"), 20)
    counts.counts(dipole)
    report("dipole portal, new moment", lambda: counts.counts(with_value(dipole, "model.dipole.mu_muB", 1e-9)), 20)
    report(
        "dipole portal, new mass: its own energy integral",
        lambda: counts.counts(with_value(dipole, "model.dipole.mass_GeV", float(next(masses)))),
    )


def rate(process: tg.Cevns, beam: tg.Source, nuclei: float, times: float, detector: tg.Detector) -> None:
    """Integrate the spectra and fold them, as for one model."""
    tg.recoil_rate(process, beam, nuclei, times, detector).observed_counts(PE / 13.35)


if __name__ == "__main__":
    main()
