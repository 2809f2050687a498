"""Counts and derivatives from moments of the flux, against quadrature for each model and against differences."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import integrate

import tridentgen as tg
from tests.detector.test_coherent_csi import EFFICIENCY, RESOLUTION
from tridentgen.analysis.expected_counts import ExpectedCounts, expected_counts
from tridentgen.analysis.flux_moments import moments_of
from tridentgen.analysis.flux_tails import tails_of
from tridentgen.analysis.recoil_curve import recoil_curve
from tridentgen.analysis.recoil_moments import RecoilMoments, recoil_nodes
from tridentgen.analysis.recoil_nodes import RecoilNodes
from tridentgen.analysis.recoil_spectra import recoil_rate
from tridentgen.detector import Constant, Detector, GaussianResolution, TimeEfficiency, quenching
from tridentgen.errors import InputError
from tridentgen.flux import Flux, Monochromatic, Source, TabulatedFlux
from tridentgen.matter.nuclei import nuclide
from tridentgen.processes.cevns.averages import averaged
from tridentgen.processes.cevns.parameters import value_of, with_value

Array = NDArray[np.float64]
SNS = tg.stopped_pions(19.3, pulse="gaussian", pulse_ns=380.0, offset_ns=480.0)
LEAST_KEV = 0.01

MODELS: dict[str, dict[str, Any]] = {
    "standard model": {},
    "radiative": {"couplings": "radiative", "sin2_theta_w": 0.21},
    "axial": {"axial": True},
    "approximate": {"spin": "approx", "scalar": tg.LightScalar(1e-3, 1e-9)},
    "vector": {"vector": tg.LightVector(1e-3, coupling=3e-5, charges="B-L")},
    "loop": {"vector": tg.LightVector(0.03, strength=1e-7, charges="Lmu-Ltau")},
    "scalar": {"scalar": tg.LightScalar(1e-2, 1e-9)},
    "tensor and scalar": {"tensor": tg.LightTensor(1e-2, 1e-7), "scalar": tg.LightScalar(1e-3, 1e-9)},
    "contact": {"ngi": tg.ContactNgi(0.3, 0.2, 0.5, 0.4, 0.6, "gamma5")},
    "magnetic": {"magnetic_moment": tg.PerFlavour(1e-9, 2e-9, 0.0)},
    "charge radius": {"charge_radius": "standard-model"},
    "nsi": {
        "nsi": tg.Nsi(tg.FlavourMatrix(ee=0.1, mumu=-0.05, emu=0.07, etau=0.02), tg.FlavourMatrix(ee=0.03, emu=0.01))
    },
    "dipole": {"dipole": tg.DipolePortal(5e-3, 1e-9)},
    "heavy dipole": {"dipole": tg.DipolePortal(0.04, 1e-8)},
}


def reaction(name: str, target: str = "Cs133", **fields: Any) -> tg.Cevns:
    return tg.Cevns(target, model=tg.CevnsModel(**MODELS[name]), recoil_min_keV=LEAST_KEV, **fields)


def moments(process: tg.Cevns, source: Source, mass: float = 0.0) -> tuple[RecoilNodes, RecoilMoments]:
    nodes = recoil_nodes(source, process.nuclides[0], LEAST_KEV * 1e-6, mass)
    assert nodes is not None
    return nodes, RecoilMoments(source, process.nuclides[0], nodes.recoil_GeV, mass)


@pytest.mark.parametrize("name", MODELS)
def test_every_term_against_quadrature_for_its_model(name: str) -> None:
    """S(T) at the nodes, and its integrals in bins against the adaptive curve, in shares of the largest bin."""
    process = reaction(name)
    edges = np.append(1e-8, np.geomspace(1e-7, 1e-4, 30))
    masses = {channel.spectrum.final_mass_GeV for channel in process.sampled(SNS).parts}
    assert len(masses) == (2 if "dipole" in name else 1)
    for mass in masses:
        nodes, made = moments(process, SNS, mass)
        found = made.dsigma_dT(process)
        for channel in process.sampled(SNS).parts:
            if channel.spectrum.final_mass_GeV == mass:
                spectrum = found[SNS.components.index(channel.component)]
                exact = np.array(
                    [averaged(channel.component.flux, channel.spectrum, float(T)) for T in nodes.recoil_GeV[::5]]
                )
                scale = 1e-12 * np.max(exact * nodes.recoil_GeV[::5])
                np.testing.assert_allclose(
                    spectrum[::5] * nodes.recoil_GeV[::5], exact * nodes.recoil_GeV[::5], rtol=1e-12, atol=scale
                )
                curve = recoil_curve(channel)
                bins = curve.counts(edges)
                np.testing.assert_allclose(nodes.integrals(edges) @ spectrum, bins, rtol=1e-7, atol=1e-8 * bins.max())
                assert nodes.weights_GeV @ spectrum == pytest.approx(curve.sigma_cm2, rel=1e-8, abs=0.0)


SOURCES: dict[str, Source | Flux] = {
    "reactor": tg.reactor(3.0, 20.0),
    "sun": tg.solar(("8B", "pep"), oscillation="lma"),
    "gaps": tg.TabulatedFlux(np.array([0.0, 0.01, 0.03, 0.05]), np.array([1.0, 0.0, 3.0])),
    "power law": tg.PowerLaw(2.0, 1e-3, 0.3),
}


@pytest.mark.parametrize("name", SOURCES)
def test_other_sources(name: str) -> None:
    process = tg.Cevns("Ge74")
    source = process.source(SOURCES[name])
    nodes = recoil_nodes(source, nuclide("Ge74"))
    assert nodes is not None
    found = RecoilMoments(source, nuclide("Ge74"), nodes.recoil_GeV).dsigma_dT(process)
    for channel in process.sampled(source).parts:
        curve = recoil_curve(channel)
        edges = np.linspace(0.0, curve.limits_GeV[1], 20)
        spectrum = found[[c.name for c in source.components].index(channel.component.name)]
        expected = curve.counts(edges)
        np.testing.assert_allclose(nodes.integrals(edges) @ spectrum, expected, rtol=0.0, atol=1e-6 * expected.sum())


@pytest.mark.parametrize("name", ["numubar", *SOURCES])
def test_moments_of_a_flux_against_scipy(name: str) -> None:
    """Closed forms of tables, quadrature, and the series for many energies."""
    source = SOURCES.get(name, SNS)
    components = tg.Cevns("Ge74").source(source).components
    component = [each for each in components if not isinstance(each.flux, Monochromatic)][-1]
    flux, tail = component.flux, tails_of(Source((component,), "one"))[0]
    energies = flux.energy_max_GeV * np.array([0.02, 0.2, 0.5, 0.83, 0.99, 1.0, 1.1])
    kinks = flux.energies_GeV.tolist() if isinstance(flux, TabulatedFlux) else []
    for power in range(3):

        def integrand(energy: float, power: int = power) -> float:
            return float(flux.density(np.array([energy]))[0]) * energy**-power

        for number, least in enumerate(energies):
            places = [least, *(k for k in kinks if least < k < flux.energy_max_GeV), flux.energy_max_GeV]
            exact = sum(
                integrate.quad(integrand, low, high, epsrel=1e-9)[0] * least**power for low, high in pairwise(places)
            )
            exact = max(exact, 0.0)
            for found in (moments_of(flux, energies), tail(energies)):
                assert found[power, number] == pytest.approx(exact, rel=1e-7, abs=1e-12)


KEYS = [
    ("standard model", "model.sin2_theta_w"),
    ("standard model", "process.neutron_radius_fm"),
    ("standard model", "process.proton_radius_fm"),
    ("standard model", "process.neutron_skin_fm"),
    ("radiative", "model.sin2_theta_w"),
    ("axial", "process.neutron_radius_fm"),
    ("vector", "model.vector.coupling"),
    ("vector", "model.vector.strength"),
    ("vector", "model.vector.mass_GeV"),
    ("vector", "process.neutron_radius_fm"),
    ("loop", "model.vector.mass_GeV"),
    ("scalar", "model.scalar.strength"),
    ("scalar", "model.scalar.proton_charge"),
    ("tensor and scalar", "model.tensor.strength"),
    ("tensor and scalar", "model.tensor.delta_u"),
    ("tensor and scalar", "model.scalar.mass_GeV"),
    ("contact", "model.ngi.vector"),
    ("contact", "model.ngi.axial"),
    ("contact", "model.ngi.scalar"),
    ("contact", "model.ngi.pseudoscalar"),
    ("contact", "model.ngi.tensor"),
    ("magnetic", "model.magnetic_moment.mu"),
    ("magnetic", "process.proton_radius_fm"),
    ("charge radius", "model.charge_radius.e"),
    ("nsi", "model.nsi.eps_u.ee"),
    ("nsi", "model.nsi.eps_d.emu"),
    ("nsi", "process.neutron_radius_fm"),
    ("dipole", "model.dipole.mu_muB"),
    ("dipole", "process.proton_radius_fm"),
]
RADII = {"neutron_radius_fm": 5.0, "proton_radius_fm": 4.8, "neutron_skin_fm": 0.2}
QUADRATIC = ("ngi", "strength", "charge", "moment", "delta_u", "eps", "sin2", "mu_muB")


@pytest.mark.parametrize(("name", "key"), KEYS)
def test_derivatives_against_differences(name: str, key: str) -> None:
    """Central differences, of fourth order; where S(T) is a square of the number, with a large step that is exact."""
    process = reaction(name)
    if key.startswith("process."):
        process = with_value(process, key, RADII[key.removeprefix("process.")])
    value = value_of(process, key)
    assert value is not None
    step = abs(value) * (0.3 if any(word in key for word in QUADRATIC) else 2e-3)
    _, made = moments(process, SNS, 5e-3 if name == "dipole" else 0.0)

    def at(moved: int) -> Array:
        return made.dsigma_dT(with_value(process, key, value + moved * step))

    expected = (8.0 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12.0 * step)
    found = made.derivative(process, key)
    tolerance = 1e-12 * at(0) / step + 1e-8 * np.max(np.abs(expected), axis=1, keepdims=True)
    assert np.any(expected != 0.0)
    assert np.all(np.abs(found - expected) <= 1e-7 * np.abs(expected) + tolerance)


@pytest.fixture(scope="module")
def csi() -> ExpectedCounts:
    """The 8 bins of photoelectrons and 11 bins of time of COHERENT's CsI."""
    process = tg.Cevns("CsI")
    kept = TimeEfficiency(max_ns=6000.0, flat_until_ns=520.0, decay_ns=1e3 / 0.0494)
    response = tuple(quenching("csi-2021", target) for target in process.nuclides)
    detector = Detector(response, RESOLUTION, EFFICIENCY, time_efficiency=kept, light_yield=13.35)
    edges = np.array([8.0, 12.0, 16.0, 20.0, 24.0, 32.0, 40.0, 50.0, 60.0])
    times = np.array([0.0, 125.0, 250.0, 375.0, 500.0, 625.0, 750.0, 875.0, 1000.0, 2000.0, 4000.0, 6000.0])
    return expected_counts(process, SNS, 6.77e25, 3.198e23, detector, edges, unit="PE", time_edges_ns=times)


@pytest.mark.parametrize("name", ["standard model", "vector", "tensor and scalar", "dipole", "heavy dipole"])
def test_counts_are_those_of_a_rate(csi: ExpectedCounts, name: str) -> None:
    """`recoil_rate` for the model alone, times the shares in time."""
    process = tg.Cevns("CsI", neutron_skin_fm=0.2, model=tg.CevnsModel(**MODELS[name]))
    rate = recoil_rate(process, SNS, 6.77e25, 3.198e23, replace(csi.detector, time_efficiency=None))
    expected = np.zeros((3, 8, 11))
    for part, counts in zip(rate.parts, rate.observed_counts(csi.edges), strict=True):
        number = csi.components.index(part.channel.labels["component"])
        expected[number] += counts[:, None] * csi.arrivals[number]
    found = csi.counts(process)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9 * expected.max())
    if name == "standard model":
        assert 250.0 < found.sum() < 400.0


def test_derivatives_of_counts(csi: ExpectedCounts) -> None:
    process = tg.Cevns("CsI", proton_radius_fm={"Cs": 4.821, "I": 4.766}, neutron_radius_fm={"Cs": 5.09, "I": 5.03})
    for key in ("model.sin2_theta_w", "process.neutron_radius_fm.Cs"):
        value, step = value_of(process, key), 1e-3
        assert value is not None
        up, down = (csi.counts(with_value(process, key, value + way * step)) for way in (1.0, -1.0))
        found = csi.derivative(key, process)
        np.testing.assert_allclose(found, (up - down) / (2.0 * step), rtol=1e-5, atol=1e-7 * np.abs(found).max())


def test_counts_without_bins_of_time_and_resolution() -> None:
    process, source = tg.Cevns("Ar40"), tg.stopped_pions(19.3)
    detector = Detector((Constant(1.0),), threshold_keVee=20.0)
    edges = np.array([0.0, 15.0, 30.0, 100.0, 200.0])
    made = expected_counts(process, source, 1e25, 1e22, detector, edges)
    expected = recoil_rate(process, source, 1e25, 1e22, detector).observed_counts(edges)
    np.testing.assert_allclose(made.counts(), expected, rtol=1e-6, atol=1e-9 * expected.max())
    assert np.all(made.counts()[:, 0] == 0.0)


def test_a_threshold_in_a_lot_of_noise() -> None:
    """As in germanium at a reactor, where recoils below the threshold are most of the counts."""
    process, source = tg.Cevns("Ge74", recoil_min_keV=0.03), tg.reactor(2.96, 10.4)
    detector = Detector((quenching("ge", nuclide("Ge74")),), GaussianResolution(0.068), threshold_keVee=0.2)
    edges = np.array([0.2, 0.3, 0.5, 1.5])
    found = expected_counts(process, source, 1e25, 1e7, detector, edges).counts()
    expected = recoil_rate(process, source, 1e25, 1e7, detector).observed_counts(edges)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9 * expected.max())


def test_mistakes(csi: ExpectedCounts) -> None:
    for name, numbers in (("nuclei", (math.nan, 1.0)), ("times", (1.0, -1.0)), ("times", (1.0, math.inf))):
        with pytest.raises(InputError, match=rf"^{name} = .* must be a number that is finite and not negative"):
            expected_counts(tg.Cevns("Ar40"), SNS, *numbers, Detector((Constant(1.0),)), np.array([0.0, 1.0]))
    with pytest.raises(InputError, match=r"^edges_keVee must start at 0 or above and increase"):
        expected_counts(tg.Cevns("Ar40"), SNS, 1.0, 1.0, Detector((Constant(1.0),)), np.array([1.0, 0.0]))
    with pytest.raises(InputError, match=r"^target = 'Ar40' differs from 'CsI', for which the counts were set up"):
        csi.counts(tg.Cevns("Ar40"))
    with pytest.raises(InputError, match=r"^recoil_GeV of moments must be energies above 0"):
        RecoilMoments(SNS, nuclide("Ar40"), np.array([0.0, 1e-6]))
    with pytest.raises(InputError, match=r"do not hold for this model: make them for the mass of its dipole portal"):
        RecoilMoments(SNS, nuclide("Ar40"), np.array([1e-6]), 0.01).dsigma_dT(tg.Cevns("Ar40"))
    with pytest.raises(InputError, match=r"edges_GeV of recoil nodes must be two or more increasing energies"):
        RecoilNodes(np.array([1.0, 1.0]))
    assert recoil_nodes(SNS, nuclide("Ar40"), least_GeV=1e-3) is None


def test_nodes_are_polynomials_between_their_edges() -> None:
    nodes = RecoilNodes(np.array([0.0, 1e-6, 4e-6, 9e-6]))
    assert nodes.recoil_GeV.shape == (24,)
    spectrum = 1.0 + nodes.recoil_GeV / 1e-6
    assert nodes.weights_GeV @ spectrum == pytest.approx(9e-6 + 40.5e-6, rel=1e-9, abs=0.0)
    at = np.array([0.0, 0.5e-6, 3e-6, 9e-6, 10e-6])
    np.testing.assert_allclose(nodes.values(at) @ spectrum, [1.0, 1.5, 4.0, 10.0, 0.0], rtol=1e-6)
    bins = nodes.integrals(np.array([0.0, 2e-6, 5e-6, 1.0])) @ spectrum
    np.testing.assert_allclose(bins, [4e-6, 13.5e-6, 32e-6], rtol=1e-7)
    assert math.fsum(bins) == pytest.approx(49.5e-6, rel=1e-9, abs=0.0)


def test_moments_of_upscattering_on_nucleons_are_refused(csi: ExpectedCounts) -> None:
    portal = tg.DipolePortal(0.01, 1e-8, regimes=("coherent", "proton"))
    with pytest.raises(tg.InputError, match=r"model\.dipole\.regimes: moments are those of the nucleus as a whole"):
        csi.counts(tg.Cevns("CsI", model=tg.CevnsModel(dipole=portal)))
