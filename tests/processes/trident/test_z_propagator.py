"""The propagator of the Z kept: cross sections against an independent table, reweighting, and what is refused."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from tridentgen.constants import Z_MASS_GEV
from tridentgen.engines.numpy_engine import NumpyEngine
from tridentgen.errors import InputError
from tridentgen.events.events import Events
from tridentgen.flux import Monochromatic
from tridentgen.physics.trident_couplings import ZPrime
from tridentgen.processes.trident.epa import EpaTrident
from tridentgen.processes.trident.trident import Trident, all_channels
from tridentgen.sampling.common_points import ratio_at_common_points
from tridentgen.sampling.generate import generate_events
from tridentgen.sampling.integrate import short_training

ENGINE = NumpyEngine(threads=2)

Z_ALONE = {
    *((f"nu{a}{bar}", f"{b}-", f"{b}+") for bar in ("", "bar") for a, b in
      (("mu", "e"), ("e", "mu"), ("e", "tau"), ("mu", "tau"), ("tau", "e"), ("tau", "mu"))),
}  # fmt: skip
"""Pairs of another flavour than the neutrino."""

RATIOS = {
    ("numu", "e-", "e+"): {1e2: (0.9996, 0.998), 1e3: (0.996, 0.978), 1e4: (0.964, 0.838), 1e5: (0.779, 0.446)},
    ("nue", "mu-", "mu+"): {1e2: (0.9995, 0.998), 1e3: (0.995, 0.977), 1e4: (0.959, 0.834), 1e5: (0.761, 0.439)},
}
"""sigma with the propagator over sigma without, coherent and diffractive on O16, by energy in GeV, to the digits
printed: numbers computed before the option was there, with the form factors fermi and dipole."""


@pytest.mark.parametrize(("channel", "energy"), [(c, e) for c, found in RATIOS.items() for e in found], ids=str)
def test_cross_sections_with_and_without(channel: tuple[str, str, str], energy: float) -> None:
    """At common points; besides 4 standard deviations, one unit of the last digit of the table is allowed."""
    for regime, expected in zip(("coherent", "diffractive"), RATIOS[channel][energy], strict=True):
        without = Trident(*channel, "O16", regime, form_factor="fermi", nucleon_form_factor="dipole")
        kept, plain = (p.sampled(Monochromatic(energy)) for p in (replace(without, z_propagator=True), without))
        proposal = short_training(plain, ENGINE, 1, 40_000)
        found = ratio_at_common_points(kept, plain, proposal, ENGINE, 1, 150_000)
        assert found.value == pytest.approx(expected, rel=0.0, abs=1e-3 + 4.0 * found.error)
        assert found.error < 2e-3


@pytest.fixture(scope="module")
def trident() -> Trident:
    return Trident("nutaubar", "mu-", "mu+", regime="total", nucleon_form_factor="dipole")


@pytest.fixture(scope="module")
def events(trident: Trident) -> Events:
    beam = Monochromatic(2e4)
    process = trident.sampled(beam)
    proposal = short_training(process, ENGINE, 5, 40_000)
    return generate_events(process, proposal, ENGINE, 5, 20_000, trident.attributes(beam))


def momentum_transfer2(events: Events) -> np.ndarray:
    """-(p1 - p2)^2 from the momenta alone; rounding matters only where it is far below M_Z^2."""
    difference = events["p4_nu_in"] - events["p4_nu_out"]
    return np.asarray(np.sum(difference[:, 1:] ** 2, axis=1) - difference[:, 0] ** 2)


@pytest.mark.parametrize("zprime", [None, ZPrime(30.0, strength=0.2)], ids=["alone", "with a Z'"])
def test_events_reweighted_are_those_of_a_run_with_it(trident: Trident, events: Events, zprime: ZPrime | None) -> None:
    """The same seed and map give the same points."""
    other = trident.with_couplings(zprime=zprime, z_propagator=True)
    moved = events.reweight(*other.chiral_couplings(events))
    proposal = short_training(trident.sampled(Monochromatic(2e4)), ENGINE, 5, 40_000)
    fresh = generate_events(other.sampled(Monochromatic(2e4)), proposal, ENGINE, 5, 20_000, {})
    np.testing.assert_array_equal(fresh["q2"], events["q2"])
    change = fresh["weight"] - moved["weight"]  # the azimuths differ where the Z' changes V and not A
    assert abs(np.sum(change)) < 4.0 * np.linalg.norm(change) + 1e-9 * np.sum(fresh["weight"])
    factor = (Z_MASS_GEV**2 / (Z_MASS_GEV**2 + momentum_transfer2(events))) ** 2
    if zprime is None:
        np.testing.assert_allclose(fresh["weight"], moved["weight"], rtol=1e-8)
        np.testing.assert_allclose(moved["weight"], factor * events["weight"], rtol=1e-6)
        assert 0.85 < np.sum(moved["weight"]) / np.sum(events["weight"]) < 0.97  # there is something to see


def test_the_epa_has_it_too() -> None:
    kept = EpaTrident("numu", "e-", "e+", z_propagator=True)
    assert kept.full.z_propagator
    assert kept.sampled(Monochromatic(5.0)).couplings.z_propagator


@pytest.mark.parametrize("channel", sorted(all_channels()), ids=" ".join)
def test_channels_with_a_w_are_refused(channel: tuple[str, str, str]) -> None:
    assert Trident(*channel).has_w_exchange == (channel not in Z_ALONE)
    if channel in Z_ALONE:
        assert Trident(*channel, z_propagator=True).couplings.z_propagator
    else:
        with pytest.raises(InputError, match=r"has W exchange.*leave z_propagator out") as caught:
            Trident(*channel, z_propagator=True)
        assert "\n" not in str(caught.value)


def test_couplings_are_not_constant() -> None:
    process = Trident("numu", "e-", "e+", z_propagator=True)
    with pytest.raises(InputError, match="with the Z propagator couplings differ from event to event"):
        _ = process.c_l
    assert process.with_couplings(sin2_theta_w=0.24).z_propagator
    assert not process.with_couplings(z_propagator=False).z_propagator


def test_the_signature_of_other_processes_is_the_old_one() -> None:
    """Maps of files from before there was the option are those of the process without it."""
    plain = Trident("numu", "e-", "e+")
    assert "z_propagator" not in json.loads(plain.signature)
    assert json.loads(replace(plain, z_propagator=True).signature)["z_propagator"] is True


def test_limit_of_small_energies() -> None:
    """1 - sigma/sigma(contact) is 2 <Q^2>/M_Z^2 to first order."""
    plain = Trident("numu", "e-", "e+")
    found = plain.generate(50.0, events=5_000, engine="numpy")
    weights = found.reweight(*replace(plain, z_propagator=True).chiral_couplings(found))["weight"]
    mean_q2 = math.fsum(found["weight"] * momentum_transfer2(found)) / math.fsum(found["weight"])
    change = 1.0 - math.fsum(weights) / math.fsum(found["weight"])
    assert change == pytest.approx(2.0 * mean_q2 / Z_MASS_GEV**2, rel=5e-3)
