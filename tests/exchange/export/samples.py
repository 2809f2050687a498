"""Event files of every kind of process and target, a few hundred events each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import tridentgen as tg
from tridentgen.engines.numpy_engine import NumpyEngine
from tridentgen.events.events import Events
from tridentgen.sampling.generate import generate_events
from tridentgen.sampling.train import train

FloatArray = NDArray[np.float64]

KINDS = ("coherent", "total", "antineutrino", "hydrogen", "cevns", "dipole")
TRIDENTS = ("coherent", "total", "antineutrino", "hydrogen")
EVENTS = 300
POINTS = 50_000
"""Few: the weights of samples need not be even."""


class Samples:
    """Makes the files and keeps them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, kind: str) -> Path:
        """Return the file of one kind."""
        path = self._folder / f"{kind}.h5"
        if not path.exists():
            make(kind, EVENTS, points=POINTS).to_hdf5(path)
        return path


def make(kind: str, events: int, seed: int = 1, points: int | None = None) -> Events:
    """Make events of one kind after a training with so many points, many unless given."""
    if kind == "cevns":
        return _made(tg.Cevns("CsI"), tg.stopped_pions(20.0), events, seed, points)
    if kind == "dipole":
        portal = tg.CevnsModel(dipole=tg.DipolePortal(mu_muB=1e-9, mass_GeV=2e-3))
        process = tg.Cevns("Ar40", model=portal, recoil_min_keV=1e-3)
        return _made(process, tg.Monochromatic(0.03), events, seed, points)
    trident = {
        "coherent": tg.Trident("numu", "mu-", "mu+", regime="coherent"),
        "total": tg.Trident("numu", "mu-", "e+", regime="total"),
        "antineutrino": tg.Trident("numubar", "e-", "mu+", target="C12", regime="diffractive"),
        "hydrogen": tg.Trident("nue", "e-", "e+", target="H1", regime="proton"),
    }[kind]
    return _made(trident, tg.Monochromatic(5.0), events, seed, points)


def _made(process: tg.Trident | tg.Cevns, beam: Any, events: int, seed: int, points: int | None) -> Events:
    engine, sampled = NumpyEngine(), process.sampled(beam)
    proposal = train(sampled, engine, seed, points=points)
    return generate_events(sampled, proposal, engine, seed, events, process.attributes(beam))


def placed(events: Events) -> Events:
    """Return the same events at positions in a detector and at different times."""
    from dataclasses import replace

    from tridentgen.engines.process import Column

    rng = np.random.default_rng(5)
    names = ("vertex_x", "vertex_y", "vertex_z")
    extra = {name: rng.uniform(-300.0, 300.0, len(events)) for name in names}
    extra["time"] = rng.uniform(0.0, 1e4, len(events))
    known = [column.name for column in events.schema]
    columns = tuple(Column(name, "ns" if name == "time" else "cm", name) for name in extra if name not in known)
    return replace(events, columns={**events.columns, **extra}, schema=events.schema + columns)


OUTGOING = {
    "trident": ("p4_nu_out", "p4_minus", "p4_plus", "p4_recoil"),
    "cevns": ("p4_nu_out", "p4_recoil"),
}
"""Columns in the order in which outgoing particles are written."""


def outgoing(events: Events) -> FloatArray:
    """Return the momenta (E, px, py, pz) in GeV of what goes out, shape (N, particles, 4)."""
    return np.stack([events[name] for name in OUTGOING[str(events.attributes["process"])]], axis=1)


def codes(events: Events) -> list[list[int]]:
    """Return the codes of what goes out, without the remnant, by the rules of the particle data group."""
    leptons = {"e-": 11, "mu-": 13, "tau-": 15, "e+": -11, "mu+": -13, "tau+": -15}
    about = events.attributes
    if about["process"] == "cevns":
        heavy = np.array([name.endswith("upscattering") for name in str(about["channel_names"]).split(",")])
        up = heavy[events["channel"]]
        pairs = zip(up, events["flavour"].tolist(), events["isotope"].tolist(), strict=True)
        return [[9900012 if is_heavy else flavour, isotope] for is_heavy, flavour, isotope in pairs]
    recoils = [int(about["target_pdg"]), 2212, 2112]
    first = [int(about["neutrino_out_pdg"]), leptons[about["lepton_minus"]], leptons[about["lepton_plus"]]]
    return [[*first, recoils[regime]] for regime in events["regime"].tolist()]
