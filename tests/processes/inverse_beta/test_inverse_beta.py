"""Inverse beta decay as a process: events against quadratures, published rates, refusals, bits of the engines."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.integrate import quad

import tridentgen as tg
from tests.engines.cases import same_on_both_engines
from tridentgen.constants import AVOGADRO, ELECTRON_MASS_GEV, NEUTRON_MASS_GEV, PROTON_MASS_GEV
from tridentgen.errors import InputError
from tridentgen.flux import Beam, Monochromatic, PowerLaw, TabulatedFlux
from tridentgen.flux.reactor import spectrum_per_fission

PROTON = tg.InverseBetaDecay("H1")


def total(reaction: tg.InverseBetaDecay, energy: float) -> float:
    """Return the cross section at an energy in cm^2 by quadrature of dsigma/dQ^2."""
    struck, gap = PROTON_MASS_GEV, NEUTRON_MASS_GEV - PROTON_MASS_GEV
    if not reaction.antineutrino:
        struck, gap = NEUTRON_MASS_GEV, -gap
    s, m, other = struck**2 + 2 * struck * energy, ELECTRON_MASS_GEV, struck + gap
    k, e = (s - struck**2) / (2 * math.sqrt(s)), (s + m**2 - other**2) / (2 * math.sqrt(s))
    p = math.sqrt(max(e**2 - m**2, 0.0))
    edges = (2 * k * (e - p) - m**2, 2 * k * (e + p) - m**2)
    return float(quad(lambda q2: float(reaction.dsigma_dQ2(energy, q2)), *edges, epsrel=1e-9)[0])


@pytest.mark.parametrize("engine", ["numpy", "native"])
@pytest.mark.parametrize("reaction", [PROTON, tg.InverseBetaDecay("n", "nue")], ids=["nuebar p", "nue n"])
def test_sampled_cross_section_is_the_quadrature(reaction: tg.InverseBetaDecay, engine: str) -> None:
    for energy in (0.0025, 0.02, 0.2):
        found = reaction.cross_section(energy, rel_error=1e-5, engine=engine)
        assert abs(found.value - total(reaction, energy)) < 4.0 * found.error + 1e-7 * found.value


def test_events_balance_and_are_on_shell_also_at_the_threshold() -> None:
    for energy in (PROTON.threshold_GeV() * (1.0 + 1e-7), 0.003, 0.2):
        events = PROTON.generate(energy, events=20_000, engine="numpy")
        lepton, neutron, incoming = (events[name] for name in ("p4_lepton", "p4_neutron", "p4_nu_in"))
        balance = lepton + neutron - incoming
        balance[:, 0] -= PROTON_MASS_GEV
        assert np.max(np.abs(balance)) < 1e-15
        for p, mass in ((lepton, ELECTRON_MASS_GEV), (neutron, NEUTRON_MASS_GEV)):
            square = p[:, 0] ** 2 - np.sum(p[:, 1:] ** 2, axis=1)
            assert np.max(np.abs(square - mass**2)) < 2e-15
        assert np.all(events["weight"] > 0.0)
        assert events.sum_weights == pytest.approx(total(PROTON, energy), rel=1e-3)
        assert events.attributes["sum_w"] ** 2 / len(events) / events.attributes["sum_w2"] > 0.98


def test_columns_follow_from_the_momenta() -> None:
    events = PROTON.generate(0.05, events=5000, engine="numpy")
    lepton, neutron = events["p4_lepton"], events["p4_neutron"]
    length = np.linalg.norm(lepton[:, 1:], axis=1)
    np.testing.assert_allclose(events["cos_theta"], lepton[:, 3] / length, atol=1e-14)
    np.testing.assert_allclose(events["positron_energy"], 1e3 * (lepton[:, 0] - ELECTRON_MASS_GEV), rtol=1e-12)
    np.testing.assert_allclose(events["prompt_energy"], events["positron_energy"] + 2e3 * ELECTRON_MASS_GEV, rtol=1e-14)
    np.testing.assert_allclose(events["neutron_energy"], 1e6 * (neutron[:, 0] - NEUTRON_MASS_GEV), rtol=1e-7)
    q = events["p4_nu_in"] - lepton
    np.testing.assert_allclose(events["q2"], np.sum(q[:, 1:] ** 2, axis=1) - q[:, 0] ** 2, atol=1e-15)
    azimuth = np.arctan2(lepton[:, 2], lepton[:, 1])
    assert abs(np.mean(np.exp(1j * azimuth))) < 4.0 / math.sqrt(5000)


def test_mean_cosine_of_events() -> None:
    """-0.01285 at 10 MeV, of an independent program, within 4 standard deviations."""
    events = PROTON.generate(0.010, events=200_000, engine="numpy")
    weight, cosine = events["weight"] / events.sum_weights, events["cos_theta"]
    mean = float(np.sum(weight * cosine))
    assert abs(mean + 0.012846638) < 4.0 * math.sqrt(float(np.sum((weight * (cosine - mean)) ** 2)))


@pytest.mark.parametrize(
    ("isotope", "per_fission"),
    [("U235", 6.677918050457958e-43), pytest.param("U238", 1.0088234230386232e-42, marks=pytest.mark.slow),
     pytest.param("Pu241", 6.043475219097029e-43, marks=pytest.mark.slow)],
)  # fmt: skip
def test_cross_sections_per_fission_up_to_8_MeV(isotope: str, per_fission: float) -> None:
    """The polynomials of Huber and Mueller, integrated by an independent program from threshold to 8 MeV.

    It extrapolates them below 2 MeV, where the package has a table: within 0.2 %.
    """
    names = ("U235", "U238", "Pu239", "Pu241")
    energies, spectrum = spectrum_per_fission([float(name == isotope) for name in names], 0.0)
    inside = energies <= 8.0
    flux = TabulatedFlux(energies[inside] * 1e-3, spectrum[inside] * 1e3, "linear")
    number = float(np.trapezoid(spectrum[inside], energies[inside]))
    found = PROTON.cross_section(flux=flux, rel_error=1e-5, engine="numpy").value * number
    assert found == pytest.approx(per_fission, rel=2e-3)


def test_a_supernova_in_water() -> None:
    """0.23103 events per tonne at 10 kpc, 7393 in 32 kt (independent program: 1e-5)."""
    source = tg.supernova(10.0)
    water = tg.InverseBetaDecay("water")
    sigma = water.cross_section(flux=source, rel_error=2e-5, engine="numpy")
    beam = water.source(source)
    events = tg.expected_events(sigma.value, beam, target="water", mass_t=1.0)
    assert events == pytest.approx(0.2310294554, rel=2e-4)
    protons = 2 * AVOGADRO * 1e6 / 18.0153 * 0.999885  # of natural hydrogen
    assert tg.number_of_nuclei("water", 1.0) * water.nucleons == pytest.approx(protons, rel=2e-5)


def test_cross_sections_are_per_nucleus_of_the_material() -> None:
    energy = 0.01
    each = total(PROTON, energy)
    assert total(tg.InverseBetaDecay("CH2"), energy) == pytest.approx(each * 2 / 3 * 0.999885, rel=1e-7)
    assert total(tg.InverseBetaDecay("H1", normalisation="lifetime"), energy) / each == pytest.approx(
        879.4 / 878.4, rel=1e-4
    )
    bare = tg.InverseBetaDecay("H1", radiative=False)
    assert total(PROTON, 0.005) / total(bare, 0.005) == pytest.approx(1.2749374e-42 / 1.2366426300e-42, rel=1e-6)


def test_caveat_above_200_MeV() -> None:
    """For a spectrum 1/E^2 from 2 MeV to 1 GeV, the share of the cross section above by quadrature."""
    assert PROTON.caveats(0.1) == ()
    assert "100% of the cross section is above 200 MeV" in PROTON.caveats(0.5)[0].text

    def between(low: float, high: float) -> float:
        log = np.log
        return float(quad(lambda u: total(PROTON, np.exp(u)) * np.exp(-u), log(low), log(high), epsrel=1e-4)[0])

    flux = PowerLaw(2.0, 0.002, 1.0)
    share = between(0.2, 1.0) / (between(0.002, 0.2) + between(0.2, 1.0))
    assert PROTON.caveats(flux=flux)[0].size == pytest.approx(share, rel=0.01)
    assert PROTON.cross_section(0.5, engine="numpy").warnings == (PROTON.caveats(0.5)[0].text,)


def test_dsigma_vanishes_outside_its_limits() -> None:
    assert PROTON.dsigma_dQ2(0.0017, 1e-6) == 0.0
    assert PROTON.dsigma_dQ2(0.01, [0.0, 1.0]).tolist() == [0.0, 0.0]
    with pytest.raises(InputError, match="energy_GeV must be positive"):
        PROTON.dsigma_dQ2(-1.0, 0.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: tg.InverseBetaDecay("Ar40"), "target = 'Ar40' has no hydrogen"),
        (lambda: tg.InverseBetaDecay("D2O"), "target = 'D2O' has no hydrogen"),
        (lambda: tg.InverseBetaDecay("H1", "numubar"), "neutrino = 'numubar' must be nuebar"),
        (lambda: tg.InverseBetaDecay("H1", "nue"), "scatters on free neutrons"),
        (lambda: tg.InverseBetaDecay("n"), "scatters on protons"),
        (lambda: tg.InverseBetaDecay("n", "nue", radiative=True), "radiative = true is for nuebar"),
        (lambda: tg.InverseBetaDecay("H1", normalisation="tau"), "must be one of couplings, lifetime"),
        (lambda: PROTON.cross_section(0.0017, engine="numpy"), "below the threshold"),
        (lambda: PROTON.cross_section(flux=tg.stopped_pions(20.0), engine="numpy"), "nuebar"),
        (lambda: PROTON.cross_section(20.0, engine="numpy"), "up to 10 GeV"),
    ],
)  # fmt: skip
def test_what_it_refuses(make: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("reaction", "beam"),
    [
        (PROTON, Monochromatic(0.02)),
        (tg.InverseBetaDecay("CH2", normalisation="lifetime"), tg.reactor(3.0, 50.0)),
        (tg.InverseBetaDecay("n", "nue"), PowerLaw(2.0, 1e-4, 0.05)),
    ],
    ids=["one energy", "reactor", "neutrons"],
)
def test_engines_give_the_same_bits(reaction: tg.InverseBetaDecay, beam: Beam) -> None:
    same_on_both_engines(reaction.sampled(beam))
