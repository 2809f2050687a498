"""Inverse muon decay as a process: events against formulas, published rates, momenta at threshold, refusals, bits."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

import tridentgen as tg
from tests.engines.cases import same_on_both_engines
from tridentgen.constants import ELECTRON_MASS_GEV, G_FERMI, GEV_M2_TO_CM2
from tridentgen.errors import InputError
from tridentgen.flux import Beam, Monochromatic, PowerLaw
from tridentgen.flux.facility import facility_table
from tridentgen.matter.particles import lepton_mass_GeV


def of(neutrino: str, lepton: str = "mu-") -> tg.InverseMuonDecay:
    return tg.InverseMuonDecay("H1", neutrino, lepton)


def flat_total(energy: float, mass: float) -> float:
    """Return G_F^2 (s - m^2)^2/(pi s) in cm^2, the cross section of neutrinos without terms m_e^2/s."""
    s = ELECTRON_MASS_GEV * (ELECTRON_MASS_GEV + 2.0 * energy)
    return G_FERMI**2 * (s - mass**2) ** 2 / (math.pi * s) * GEV_M2_TO_CM2


@pytest.mark.parametrize(
    ("neutrino", "energy", "expected"),
    [("numu", 12.0, 1.665238063188765e-42), ("numu", 100.0, 1.3673539449684529e-39),
     ("nuebar", 50.0, 1.9459085673439464e-40), ("nuebar", 1000.0, 5.6501061534617824e-39)],
)  # fmt: skip
def test_cross_sections(neutrino: str, energy: float, expected: float) -> None:
    """Of an independent program, within 4 standard deviations and 1e-6; per atom of argon 18 times as much."""
    found = of(neutrino).cross_section(energy, rel_error=1e-5, engine="numpy")
    assert abs(found.value - expected) < 4.0 * found.error + 1e-6 * expected
    argon = tg.InverseMuonDecay("Ar", neutrino).cross_section(energy, rel_error=1e-5, engine="numpy")
    assert argon.value == pytest.approx(18.0 * found.value, rel=1e-4)


def test_a_constant_density_gives_no_warning() -> None:
    """The iterations differ by rounding alone."""
    found = of("numu").cross_section(20.0, engine="numpy")
    assert found.warnings == ()
    assert found.value == pytest.approx(flat_total(20.0, lepton_mass_GeV("mu")), rel=1e-4)


def test_taus() -> None:
    tau = of("nutau", "tau-")
    assert tau.threshold_GeV() == pytest.approx(3089.0, rel=1e-3)
    found = tau.cross_section(5000.0, engine="numpy").value
    assert found == pytest.approx(flat_total(5000.0, lepton_mass_GeV("tau")), rel=1e-6)


@pytest.mark.parametrize("neutrino", ["numu", "nuebar"])
@pytest.mark.parametrize("energy", [10.93, 20.0, 2000.0])
def test_events_balance_and_are_on_shell(neutrino: str, energy: float) -> None:
    """Momenta to 1e-15 of the energy, each particle to 4e-15 of its own energy squared, also just above threshold."""
    events = of(neutrino).generate(energy, events=20_000, engine="numpy")
    balance = events["p4_nu_out"] + events["p4_lepton"] - events["p4_nu_in"]
    balance[:, 0] -= ELECTRON_MASS_GEV
    assert np.max(np.abs(balance)) < 1e-15 * energy
    for name, mass in (("p4_nu_out", 0.0), ("p4_lepton", lepton_mass_GeV("mu"))):
        p = events[name]
        square = p[:, 0] ** 2 - np.sum(p[:, 1:] ** 2, axis=1)
        assert np.max(np.abs(square - mass**2) / p[:, 0] ** 2) < 4e-15
    assert np.all(events["weight"] > 0.0)
    p = events["p4_lepton"]
    np.testing.assert_array_equal(events["muon_energy"], p[:, 0])
    angle = np.arctan2(np.hypot(p[:, 1], p[:, 2]), p[:, 3])
    np.testing.assert_allclose(events["theta"], 1e3 * angle, rtol=1e-13, atol=1e-300)


def test_neutrinos_make_muons_evenly() -> None:
    """E_mu is uniform: its mean lies in the middle of its range, within 4 standard deviations."""
    events = of("numu").generate(20.0, events=20_000, engine="numpy")
    energy = events["muon_energy"]
    low, high = lepton_mass_GeV("mu") ** 2 / (2.0 * ELECTRON_MASS_GEV), 20.0
    mean = float(np.average(energy, weights=events["weight"]))
    assert mean == pytest.approx(0.5 * (low + high), abs=4.0 * (high - low) / math.sqrt(12 * 20_000) + 2e-3)


def test_a_source_gives_both_reactions() -> None:
    """nuebar make mu- numubar, numu make mu- nue; 38.48 of numu per tonne of argon in DUNE's near detector."""
    beam = facility_table("dune-nd-fhc").beam
    reaction = tg.InverseMuonDecay("Ar")
    events = reaction.generate(flux=beam, events=5000, engine="numpy")
    assert set(np.unique(events["flavour"])) == {14, -12}
    muons = tg.InverseMuonDecay("Ar", "numu")
    sigma = muons.cross_section(flux=beam, rel_error=1e-4, engine="numpy").value
    rate = tg.expected_events(sigma, muons.source(beam), target="Ar", mass_t=1.0, pot=1.1e21)
    assert rate == pytest.approx(38.477221223578226, rel=5e-3)  # the table is in wider bins than the public one


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: of("nue"), "neutrino = 'nue' does not make mu- of an electron: give numu or nuebar"),
        (lambda: of("numu", "tau-"), "give nutau or nuebar"),
        (lambda: of("numu", "e-"), "unknown lepton 'e-'"),
        (lambda: of("numu").cross_section(10.9, engine="numpy"), "below the threshold of 10.92 GeV"),
        (lambda: of("numu").cross_section(2e5, engine="numpy"), "up to 100000 GeV"),
        (lambda: tg.InverseMuonDecay("Ar").cross_section(20.0, engine="numpy"), "neutrino is not given"),
        (lambda: tg.InverseMuonDecay("Ar").source(tg.solar(["8B"])), "no numu or nuebar from"),
    ],
)  # fmt: skip
def test_what_it_refuses(make: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("reaction", "beam"),
    [
        (of("numu"), Monochromatic(10.93)),
        (of("nuebar"), Monochromatic(20.0)),
        (of("nuebar", "tau-"), PowerLaw(2.0, 1e3, 1e4)),
    ],
    ids=["flat", "antineutrino", "tau, spectrum"],
)
def test_engines_give_the_same_bits(reaction: tg.InverseMuonDecay, beam: Beam) -> None:
    same_on_both_engines(reaction.sampled(beam))
