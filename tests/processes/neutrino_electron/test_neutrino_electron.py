"""Neutrino-electron scattering as a process: quadratures, published rates, events, refusals, bits of the engines."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad

import tridentgen as tg
from tests.engines.cases import same_on_both_engines
from tridentgen.constants import ELECTRON_MASS_GEV
from tridentgen.errors import InputError
from tridentgen.flux import Beam, Monochromatic, PowerLaw
from tridentgen.flux.facility import facility_table
from tridentgen.matter.particles import NEUTRINOS
from tridentgen.physics import neutrino_electron as physics
from tridentgen.processes.neutrino_electron.shells import binding_energies

TREE = tg.ElectronModel(sin2_theta_w=0.23122)
RADIATIVE = tg.ElectronModel(radiative=True)
NSI = tg.ElectronNsi(tg.FlavourMatrix(etau=0.3), tg.FlavourMatrix(tautau=-0.2))
VECTOR = tg.ElectronModel(vector=tg.LightVector(1e-3, strength=1e-9))
POINTS = {
    "magnetic moment": (tg.ElectronModel(magnetic_moment=1e-10), "numu", 3.3750082930342714e-42),
    "vector": (VECTOR, "nue", 5.656588244348482e-39),
    "scalar": (tg.ElectronModel(scalar=tg.ElectronScalar(1e-3, 1e-9)), "numu", 2.5769596452452176e-40),
    "pseudoscalar": (tg.ElectronModel(pseudoscalar=tg.ElectronScalar(1e-3, 1e-9)), "numu", 1.3441786499629795e-40),
    "millicharge": (tg.ElectronModel(millicharge=1e-13), "nue", 9.803568776651996e-42),
    "of antineutrinos": (tg.ElectronModel(millicharge=1e-12), "numubar", 1.6293407322491486e-42),
}
"""dsigma/dT in cm^2/GeV at E = 4 MeV and T = 1.1 MeV, of an independent program."""


def of(neutrino: str, model: tg.ElectronModel | None = None, least: float = 0.0) -> tg.NeutrinoElectron:
    return tg.NeutrinoElectron("H1", neutrino, model or tg.ElectronModel(), recoil_min_keV=least)


def total(reaction: tg.NeutrinoElectron, energy: float) -> float:
    """Return the cross section at an energy in cm^2 by quadrature of dsigma/dT in ln T, and sqrt(T_max - T) at the end.

    The second is for the soft logarithm of the radiative corrections.
    """
    most = float(physics.t_max(energy))
    half = 0.5 * most

    def density(kinetic: float) -> float:
        return float(reaction.dsigma_dT(energy, kinetic))

    low = math.log(max(reaction.least_GeV, 1e-13))
    edges = {b.binding_GeV for atom in reaction.atoms for b in atom.shells if b.binding_GeV > 0.0}
    inside = sorted({low, math.log(half), *(math.log(edge) for edge in edges if math.exp(low) < edge < half)})
    below = [
        quad(lambda u: math.exp(u) * density(math.exp(u)), a, b, epsrel=1e-9, limit=200)[0]
        for a, b in itertools.pairwise(inside)
    ]
    ends = sorted({0.0, 1.0, *(math.sqrt((most - edge) / half) for edge in edges if half < edge < most)})
    above = [
        quad(lambda w: 2.0 * half * w * density(most - half * w * w), a, b, epsrel=1e-8, limit=200)[0]
        for a, b in itertools.pairwise(ends)
    ]
    return math.fsum(below + above)


@pytest.mark.parametrize("case", POINTS)
def test_beyond_the_standard_model(case: str) -> None:
    model, neutrino, expected = POINTS[case]
    assert of(neutrino, model, 1.0).dsigma_dT(4e-3, 1.1e-3) == pytest.approx(expected, rel=1e-10)


CASES = {
    "tree": (of("nue"), 0.01),
    "radiative": (of("numubar", RADIATIVE), 0.5),
    "magnetic moment": (of("numu", POINTS["magnetic moment"][0], 0.01), 0.003),
    "millicharge": (of("nue", tg.ElectronModel(millicharge=-1e-12), 0.5), 0.003),
    "light vector": (of("nuebar", tg.ElectronModel(vector=tg.LightVector(1e-5, strength=-1e-12))), 0.003),
    "loop of a vector": (
        of("numu", tg.ElectronModel(vector=tg.LightVector(1e-4, coupling=1e-4, charges="Lmu-Ltau"))), 0.003,
    ),
    "NSI": (of("nutau", tg.ElectronModel(nsi=NSI)), 0.02),
    "stepping": (tg.NeutrinoElectron("CsI", "nue", electrons="stepping"), 3e-4),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_sampled_cross_section_is_the_quadrature(case: str) -> None:
    """Within 4 standard deviations and 1e-6."""
    reaction, energy = CASES[case]
    found = reaction.cross_section(energy, rel_error=1e-4, engine="numpy")
    assert abs(found.value - total(reaction, energy)) < 4.0 * found.error + 1e-6 * found.value


@pytest.mark.parametrize(
    ("case", "energy"),
    [("tree", 1e-5), ("tree", 0.01), ("tree", 1000.0), ("radiative", 2.0), ("magnetic moment", 0.003),
     ("light vector", 0.003), ("stepping", 3e-4)],
)  # fmt: skip
def test_events_balance_and_are_on_shell(case: str, energy: float) -> None:
    """Momenta to 4e-15 of the energy, each particle to 4e-14 of its own energy squared, up to T_max."""
    reaction = CASES[case][0]
    events = reaction.generate(energy, events=20_000, engine="numpy")
    balance = events["p4_nu_out"] + events["p4_lepton"] - events["p4_nu_in"]
    balance[:, 0] -= ELECTRON_MASS_GEV
    assert np.max(np.abs(balance)) < 4e-15 * (energy + ELECTRON_MASS_GEV)
    for name, mass in (("p4_nu_out", 0.0), ("p4_lepton", ELECTRON_MASS_GEV)):
        p = events[name]
        square = p[:, 0] ** 2 - np.sum(p[:, 1:] ** 2, axis=1)
        assert np.max(np.abs(square - mass**2) / p[:, 0] ** 2) < 4e-14
    assert np.all(events["weight"] >= 0.0)
    assert all(np.all(np.isfinite(values)) for values in events.columns.values())
    assert events.sum_weights == pytest.approx(total(reaction, energy), rel=0.02 if case == "light vector" else 5e-3)


def test_columns_follow_from_the_momenta() -> None:
    """cos theta = (1 + m/E) sqrt(T/(T + 2m)), and E theta^2 = 2m (1 - y) for E >> m."""
    events = of("numu").generate(2.0, events=5000, engine="numpy")
    T, energy = events["electron_energy"] * 1e-3, 2.0
    cosine = (1.0 + ELECTRON_MASS_GEV / energy) * np.sqrt(T / (T + 2.0 * ELECTRON_MASS_GEV))
    np.testing.assert_allclose(events["cos_theta"], cosine, atol=1e-13)
    np.testing.assert_allclose(events["y"], T / energy, rtol=1e-14)
    np.testing.assert_allclose(events["p4_lepton"][:, 0], T + ELECTRON_MASS_GEV, rtol=1e-15)
    hard = events["y"] > 0.5
    expected = 2.0 * ELECTRON_MASS_GEV * (1.0 - events["y"][hard])
    np.testing.assert_allclose(events["e_theta2"][hard], expected, atol=3e-6)
    p = events["p4_lepton"]
    theta = np.arctan2(np.hypot(p[:, 1], p[:, 2]), p[:, 3])
    np.testing.assert_allclose(events["e_theta2"], p[:, 0] * theta**2, rtol=1e-13)
    assert abs(np.mean(np.exp(1j * np.arctan2(p[:, 2], p[:, 1])))) < 4.0 / math.sqrt(5000)


def test_atoms_are_drawn_by_their_electrons() -> None:
    """Cl 17 and Na 11 of 28 electrons, isotopes by abundance; below its K shell Cl loses two, within 4 sigma."""
    reaction = tg.NeutrinoElectron("NaCl", "nue")
    events = reaction.generate(0.01, events=20_000, engine="numpy")
    for name, share in (("Na23", 11 / 28), ("Cl35", 17 / 28 * 0.7576)):
        drawn = np.mean(events["isotope"] == tg.nuclide(name).pdgid)
        assert drawn == pytest.approx(share, abs=4.0 * math.sqrt(share / 20_000) + 1e-3)
    bound = replace(reaction, electrons="stepping").generate(3e-5, events=20_000, engine="numpy")
    low = bound["electron_energy"] * 1e3 < 1.0
    low &= bound["electron_energy"] * 1e3 > 0.3
    share = np.mean(bound["isotope"][low] == tg.nuclide("Na23").pdgid)
    assert share == pytest.approx(9 / (9 + 15), abs=4.0 / math.sqrt(np.count_nonzero(low)))
    assert tg.NeutrinoElectron("NaCl", "nue").dsigma_dT(0.01, 1e-3) == pytest.approx(
        14.0 * of("nue").dsigma_dT(0.01, 1e-3), rel=1e-12
    )


def test_shells_hold_all_electrons() -> None:
    for symbol, shells in binding_energies().items():
        (nuclide, *_), *_ = tg.material(symbol).components
        assert math.fsum(shell.electrons for shell in shells) == nuclide.Z, symbol
        assert all(shell.binding_GeV > 0.0 for shell in shells)


@pytest.mark.parametrize("model", [tg.ElectronModel(), RADIATIVE], ids=["tree", "radiative"])
def test_reweighting_gives_the_weights_of_another_model(model: tg.ElectronModel) -> None:
    """To another NSI, s_W^2 and a light vector, event by event, for neutrinos and antineutrinos of a source."""
    source = tg.stopped_pions(20.0)
    events = tg.NeutrinoElectron("Ar", model=model).generate(flux=source, events=3000, engine="numpy")
    nsi = tg.ElectronNsi(tg.FlavourMatrix(ee=0.1, mumu=-0.3), tg.FlavourMatrix(mumu=0.2))
    other = replace(model, nsi=nsi, vector=tg.LightVector(0.01, coupling=1e-4, charges="B-L"))
    if not model.radiative:
        other = replace(other, sin2_theta_w=0.3)
    changed = tg.NeutrinoElectron("Ar", model=other)
    weights = events.reweight(changed.couplings(events))["weight"]
    assert not np.allclose(weights, events["weight"], rtol=0.01, atol=0.0)
    own = events.reweight(tg.NeutrinoElectron("Ar", model=model).couplings(events))["weight"]
    np.testing.assert_allclose(own, events["weight"], rtol=1e-12)
    density = np.zeros((2, len(events)))
    for code in np.unique(events["flavour"]):
        name = next(n.name for n in NEUTRINOS.values() if n.pdgid == code)
        which = events["flavour"] == code
        T = events["electron_energy"][which] * 1e-3
        for row, reaction in enumerate((changed, tg.NeutrinoElectron("Ar", model=model))):
            density[row, which] = reaction.dsigma_dT(events["e_nu"][which], T, name)
    ratio, expected = weights / events["weight"], density[0] / density[1]
    np.testing.assert_allclose(ratio, expected, rtol=1e-7)  # T_max - T of `dsigma_dT` is a difference


def test_models_that_cannot_be_reweighted_say_so() -> None:
    events = of("numu", POINTS["scalar"][0]).generate(0.01, events=100, engine="numpy")
    assert "weight_ll" not in events.columns
    with pytest.raises(InputError, match="cannot be reweighted by g_L and g_R"):
        of("numu", POINTS["scalar"][0]).couplings(events)
    with pytest.raises(InputError, match="radiative differs from that of the events"):
        of("numu", RADIATIVE).couplings(of("numu").generate(0.01, events=100, engine="numpy"))


def test_dune_near_detector() -> None:
    """Events per tonne of argon and 1.1e21 POT at tree level, by an independent integral of the public table: 2e-4.

    The package's table is rounded. With corrections numu e are 1.0 % more: those of 10 MeV, 1.8 %, are less at GeV
    by (2/3)(alpha/pi) ln(E/10 MeV) of g_L^2 and likewise of g_R^2.
    """
    beam = facility_table("dune-nd-fhc").beam

    def rate(neutrino: str, model: tg.ElectronModel) -> float:
        reaction = tg.NeutrinoElectron("Ar", neutrino, model)
        sigma = reaction.cross_section(flux=beam, rel_error=1e-4, engine="numpy").value
        return tg.expected_events(sigma, reaction.source(beam), target="Ar", mass_t=1.0, pot=1.1e21)

    assert rate("numu", TREE) == pytest.approx(130.2, rel=5e-4)
    assert rate("nue", TREE) == pytest.approx(12.469273624, rel=3e-4)
    assert rate("numubar", TREE) == pytest.approx(11.97893236, rel=3e-4)
    assert rate("numu", RADIATIVE) == pytest.approx(131.50, rel=3e-4)


@pytest.mark.parametrize(
    ("components", "fluxes", "radiative", "counts"),
    [
        (["7Be-384", "7Be-861"], [0.1044 * 4.93e9, 0.8956 * 4.93e9], False, 48.861160742692824),
        (["7Be-384", "7Be-861"], [0.1044 * 4.93e9, 0.8956 * 4.93e9], True, 47.9825623908497),
        (["pep"], [1.44e8], True, 2.7565788558345994),
    ],
)
def test_borexino(components: list[str], fluxes: list[float], radiative: bool, counts: float) -> None:
    """Counts per day and 100 t (3.307e31 electrons) after oscillation, by an independent program.

    The collaboration expects 47.9 +- 2.8 and 2.74 +- 0.04 (B16-GS98); 5e-4 for the branching of the two lines.
    """
    source = tg.solar(components, fluxes, oscillation="lma")
    reaction = tg.NeutrinoElectron("H1", model=RADIATIVE if radiative else TREE)
    sigma = reaction.cross_section(flux=source, rel_error=1e-4, engine="numpy").value
    assert sigma * source.total * 3.307e31 * 86400.0 == pytest.approx(counts, rel=1e-3)


def test_averages_over_sources() -> None:
    """nue and numubar of stopped mu+ and nuebar of a supernova: an independent program."""
    pions = tg.stopped_pions(20.0)
    for neutrino, expected in (("nue", 3.052380588122601e-43), ("numubar", 5.082204869169261e-44)):
        found = of(neutrino).cross_section(flux=pions, rel_error=1e-4, engine="numpy")
        assert abs(found.value - expected) < 4.0 * found.error + 1e-4 * expected
    found = of("nuebar").cross_section(flux=tg.supernova(10.0), rel_error=1e-4, engine="numpy")
    assert found.value == pytest.approx(6.073978750294194e-44, rel=5e-4)


def test_solar_neutrinos_on_bound_electrons_of_xenon() -> None:
    """86.01 per tonne and year from 1 to 30 keV, of pp and 7Be in the stepping approximation (0.5 %)."""
    source = tg.solar(["pp", "7Be-384", "7Be-861"], oscillation="lma")

    def above(keV: float) -> float:
        reaction = tg.NeutrinoElectron("Xe", electrons="stepping", recoil_min_keV=keV)
        sigma = reaction.cross_section(flux=source, rel_error=3e-4, engine="numpy").value
        return tg.expected_events(sigma, source, target="Xe", mass_t=1.0, years=1.0)

    assert above(1.0) - above(30.0) == pytest.approx(86.01484199209084, rel=5e-3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: of("nux"), "unknown neutrino 'nux'"),
        (lambda: tg.NeutrinoElectron("Ar", electrons="bound"), "unknown electrons 'bound'"),
        (lambda: tg.NeutrinoElectron("PbF2", electrons="stepping"), "no binding energies of Pb"),
        (lambda: of("numu", tg.ElectronModel(magnetic_moment=1e-11)), "recoil_min_keV = 0 does not go with a magnetic"),
        (lambda: of("numu", tg.ElectronModel(millicharge=1e-11)), "does not go with a millicharge"),
        (lambda: of("numu", tg.ElectronModel(scalar=tg.ElectronScalar(0.0, 1e-9))), "does not go with a scalar"),
        (lambda: tg.ElectronModel(radiative=True, sin2_theta_w=0.23), "radiative = true brings its own"),
        (lambda: tg.ElectronModel(radiative=True, charge_radius="standard-model"), "contains the charge radius"),
        (lambda: tg.ElectronModel(magnetic_moment=1e-11, scalar=tg.ElectronScalar(1.0, 1.0)), "leave one out"),
        (lambda: tg.ElectronModel(vector=tg.LightVector(1.0, coupling=1.0, charges="B-3Lmu")), "no charge to"),
        (lambda: tg.ElectronModel(scalar=tg.ElectronScalar(-1.0, 1.0)), "scalar.mass_GeV = -1.0 must be a mass"),
        (lambda: of("numu", None, -1.0), "recoil_min_keV = -1.0 must be"),
        (lambda: of("numu").cross_section(2e3, engine="numpy"), "up to 1000 GeV"),
        (lambda: of("numu", None, 10.0).cross_section(1e-5, engine="numpy"), "no electron above recoil_min_keV = 10"),
        (lambda: tg.NeutrinoElectron("Ar").cross_section(1.0, engine="numpy"), "neutrino is not given"),
        (lambda: of("numu").dsigma_dT(-1.0, 1.0), "energy_GeV must be finite and positive"),
    ],
)  # fmt: skip
def test_what_it_refuses(make: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("reaction", "beam"),
    [
        (of("nue"), Monochromatic(0.862e-3)),
        (tg.NeutrinoElectron("CH2", model=RADIATIVE), tg.stopped_pions(20.0)),
        (tg.NeutrinoElectron("CsI", "nuebar", CASES["light vector"][0].model, "stepping"), PowerLaw(2.0, 1e-4, 0.05)),
        (of("numu", POINTS["magnetic moment"][0], 0.1), PowerLaw(2.0, 1e-4, 0.05)),
        (of("numu", CASES["loop of a vector"][0].model), Monochromatic(0.003)),
    ],
    ids=["one energy", "radiative, times", "stepping", "magnetic moment", "loop"],
)
def test_engines_give_the_same_bits(reaction: tg.NeutrinoElectron, beam: Beam) -> None:
    same_on_both_engines(reaction.sampled(beam))
