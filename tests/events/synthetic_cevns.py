"""Events that look like coherent scattering: right kinematics, roughly the right shapes, no engine needed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tridentgen.events.events import Events
from tridentgen.matter.nuclei import nuclide
from tridentgen.matter.particles import neutrino
from tridentgen.processes.cevns.columns import CEVNS_COLUMNS
from tridentgen.processes.detected import DETECTOR_COLUMNS

SIGMA_CM2 = 1.9e-38
STOPPED_PIONS = ("prompt-numu", "delayed-nue", "delayed-numubar")


def cevns_events(
    number: int,
    seed: int = 1,
    *,
    components: tuple[str, ...] = STOPPED_PIONS,
    nuclides: tuple[str, ...] = ("I127", "Cs133"),
    finals: tuple[str, ...] = ("",),
    target: str = "CsI",
    quenching: float | None = 0.1,
    pulsed: bool = True,
) -> Events:
    """Make `number` events, spread evenly over the channels; without `quenching` there is no detector."""
    rng = np.random.default_rng(seed)
    names = [f"{c}/{n}/{f}".rstrip("/") for c in components for n in nuclides for f in finals]
    channel = rng.integers(0, len(names), number).astype("i4")
    parts = [names[code].split("/") for code in channel]
    flavour = np.array([neutrino(component.rpartition("-")[2]).pdgid for component, *_ in parts], dtype="i4")
    isotope = np.array([nuclide(name).pdgid for _, name, *_ in parts], dtype="i4")
    mass = np.array([nuclide(name).mass_GeV for _, name, *_ in parts])
    energy = np.where(["prompt" in component for component, *_ in parts], 0.02979, rng.uniform(0.03, 0.0528, number))
    most = 2.0 * energy**2 / (mass + 2.0 * energy)
    recoil = most * (1.0 - np.sqrt(rng.uniform(0.0, 1.0, number)))
    late = np.array(["delayed" in component for component, *_ in parts])
    columns: dict[str, NDArray[Any]] = {
        "event_id": np.arange(number, dtype="u8"),
        "weight": np.full(number, SIGMA_CM2 / max(number, 1)),
        "channel": channel,
        "flavour": flavour,
        "isotope": isotope,
        "e_nu": energy,
        "recoil_energy": recoil * 1e6,
        "cos_theta": (energy + mass) / energy * np.sqrt(recoil / (recoil + 2.0 * mass)),
        "time": pulsed * (rng.normal(0.0, 160.0, number) + late * rng.exponential(2197.0, number)),
    }
    schema = tuple(column for column in CEVNS_COLUMNS if column.name in columns)
    if quenching is not None:
        quenched = columns["recoil_energy"] * quenching
        columns |= {
            "quenched_energy": quenched,
            "observed_energy": np.maximum(quenched + rng.normal(0.0, 0.1 * np.sqrt(quenched)), 0.0),
            "acceptance": np.where(quenched > 0.5, 0.8, 0.0),
        }
        schema += DETECTOR_COLUMNS
    final = "nu or N" if "upscattering" in finals else "nu"
    attributes: dict[str, Any] = {
        "title": "Coherent scattering",
        "process": "cevns",
        "reaction": f"nu {target} -> {final} {target} (coherent scattering, helm)",
        "neutrino": ",".join(dict.fromkeys(component.rpartition("-")[2] for component in components)),
        "target": target,
        "channel_names": ",".join(names),
        "flux": "pi+ and mu+ decays at rest, 19.3 m away",
        "n_trials": number,
        "sigma": SIGMA_CM2,
    }
    return Events(columns, attributes, schema=schema)
