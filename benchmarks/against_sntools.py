"""Compare the speed of neutrino-electron scattering and inverse beta decay with sntools.

Both evaluate dsigma/dT of nue e- with radiative corrections at 10 MeV, and both make weighted or unweighted events of a
pinched spectrum of 15 MeV. One thread; the two take turns, and the best of three times is printed. Needs
`pip install sntools scipy`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

import tridentgen as tg
from benchmarks.machine import describe
from tridentgen.engines import choose_engine
from tridentgen.engines.process import Process
from tridentgen.flux.supernova import supernova
from tridentgen.sampling.train import train

ENERGY_GeV = 0.01
ROUNDS = 3
EVENTS = 20
"""Events of sntools in a round; tridentgen makes 2^18."""


class Burst:
    """A steady spectrum for sntools: f(E) ~ E^3 exp(-4 E/15 MeV), with E in MeV."""

    def nu_emission(self, energy: float, _time: float) -> float:
        """Return the spectrum at an energy."""
        return float(energy**3 * np.exp(-4.0 * energy / 15.0))


def main() -> None:
    print(describe())
    for name, theirs, ours in (
        ("radiative dsigma/dT", _their_formula, _our_formula),
        ("events of nue e-", lambda: _their_events("es", "e"), lambda: _our_events(tg.NeutrinoElectron(
            "H1", "nue", tg.ElectronModel(radiative=True)).sampled(supernova(10.0).only("nue")))),
        ("events of inverse beta decay", lambda: _their_events("ibd", "eb"),
         lambda: _our_events(tg.InverseBetaDecay("H1").sampled(supernova(10.0).only("nuebar")))),
    ):  # fmt: skip
        rates = [(theirs(), *ours()) for _ in range(ROUNDS)]
        sntools, numpy, native = (max(column) for column in zip(*rates, strict=True))
        print(f"{name:<29} per second: sntools {sntools:.3g}; tridentgen numpy {numpy:.3g}, native {native:.3g}")


def _rate(work: Callable[[], int]) -> float:
    start = time.perf_counter()
    done = work()
    return done / (time.perf_counter() - start)


def _their_formula() -> float:
    module = import_module("sntools.interaction_channels.es")
    module._cache.clear()  # of the last round, which had the same energies
    channel = module.Channel("e")
    low, high = channel.bounds_eE(ENERGY_GeV * 1e3)
    energies = np.random.default_rng(1).uniform(low, high, 2000).tolist()
    return _rate(lambda: len([channel.dSigma_dE(ENERGY_GeV * 1e3, energy) for energy in energies]))


def _our_formula() -> tuple[float, float]:
    process = tg.NeutrinoElectron("H1", "nue", tg.ElectronModel(radiative=True)).sampled(tg.Monochromatic(ENERGY_GeV))
    return _each_engine(process, lambda engine, proposal: engine.integrate(
        process, 0, proposal.channels[0], 1, 1, 1 << 20).points)  # fmt: skip


def _their_events(channel: str, flavour: str) -> float:
    """Return events per second of sntools: energy, direction and particles, without the integration before them."""
    sampling = import_module("sntools.channel")
    one = import_module(f"sntools.interaction_channels.{channel}").Channel(flavour)
    sampling.channel, sampling.flux, sampling.cached_flux = one, Burst(), {}  # type: ignore[attr-defined]

    def made() -> int:
        for _ in range(EVENTS):
            energy = sampling.get_eNu(0.0)
            one.generate_event(energy, *sampling.get_direction(energy))
        return EVENTS

    return _rate(made)


def _our_events(process: Process) -> tuple[float, float]:
    return _each_engine(process, lambda engine, proposal: len(
        engine.events(process, proposal, 1, 0, 0, 1 << 18, None)["weight"]))  # fmt: skip


def _each_engine(process: Process, work: Callable[[Any, Any], int]) -> tuple[float, float]:
    """Return what `work` does in a second on numpy and on native, after a warm-up."""
    found = []
    for name in ("numpy", "native"):
        engine = choose_engine(name, 1)
        proposal = train(process, engine, 1)
        work(engine, proposal)
        found.append(_rate(lambda engine=engine, proposal=proposal: work(engine, proposal)))  # type: ignore[misc]
    return found[0], found[1]


if __name__ == "__main__":
    main()
