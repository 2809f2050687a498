"""The neutrino fog of xenon, against published numbers, an independent calculation, quadrature and other bins."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy.integrate import quad

import tridentgen as tg
from tridentgen.analysis.fog.fog import Fog
from tridentgen.analysis.fog.spectra import Spectra, background_source
from tridentgen.floor_card import FLUXES, FloorCard

PUBLISHED = {3.0: 1.2223e-45, 10.093: 4.0552e-48, 100.0: 6.2864e-49}
"""n = 2 of xenon, C. A. J. O'Hare, Phys. Rev. Lett. 127 (2021) 251802, data of the paper at these masses in cm^2."""

EXACT = {3.0: 1.1790e-45, 10.093: 3.6324e-48, 100.0: 6.1271e-49}
"""The same with exact bins, from a program that shares no code with this one."""

YEAR_S = 31_557_600.0


def card(*overrides: str) -> tg.Card:
    return tg.read_card("xenon", overrides)


def sigmas(fog: Fog) -> list[float]:
    return [mass.boundary[0].cross_section_cm2 for mass in fog.masses if mass.boundary[0] is not None]


@pytest.fixture(scope="module")
def xenon() -> Fog:
    return tg.neutrino_fog(card(), list(PUBLISHED))


@pytest.fixture(scope="module")
def xenon131() -> Fog:
    return tg.neutrino_fog(card("process.target=Xe131"), list(PUBLISHED))


@pytest.mark.parametrize("target", ["Xe131", "Xe"])
def test_published_curve_with_its_convention(target: str) -> None:
    fog = tg.neutrino_fog(card("floor.convention=ohare-2021", f"process.target={target}"), list(PUBLISHED))
    np.testing.assert_allclose(sigmas(fog), list(PUBLISHED.values()), rtol=0.02)


def test_exact_bins_agree_with_an_independent_program(xenon: Fog) -> None:
    np.testing.assert_allclose(sigmas(xenon), list(EXACT.values()), rtol=0.01)
    assert all(mass.boundary[0] is not None and abs(mass.boundary[0].index - 2.0) < 1e-6 for mass in xenon.masses)


def test_boundary_does_not_depend_on_bins_from_100_on(xenon131: Fog) -> None:
    for bins in (100, 400):
        found = sigmas(tg.neutrino_fog(card(f"floor.bins={bins}", "process.target=Xe131"), list(PUBLISHED)))
        np.testing.assert_allclose(found, sigmas(xenon131), rtol=0.005)


def test_index_is_the_slope_of_the_discovery_limits() -> None:
    """The closed form against the difference of limits at exposures 2 % apart."""
    exposures = [99.0, 100.0, 101.0]
    limits = tg.discovery_limit(card("process.target=Xe131"), [10.0], exposures).masses[0].limits
    slope = np.log(exposures[2] / exposures[0]) / np.log(limits[0].cross_section_cm2 / limits[2].cross_section_cm2)
    assert limits[1].index == pytest.approx(slope, rel=1e-3)


def test_more_known_fluxes_lower_the_fog(xenon131: Fog) -> None:
    errors = [f"floor.errors.{name}={0.1 * error:.6f}" for name, (_, error) in FLUXES.items()]
    known = tg.neutrino_fog(card(*errors, "process.target=Xe131"), list(PUBLISHED))
    assert all(np.array(sigmas(known)) < 0.5 * np.array(sigmas(xenon131)))


def test_free_mixing_angle_raises_the_limit_unless_other_neutrinos_fix_it() -> None:
    """Above 1 keV nothing but 8B knows the angle; from 0.1 eV on the pp neutrinos, known to 0.6 %, do."""
    for least, ratio in (("1.0", 2.545), ("1e-4", 1.024)):
        high = card(f"floor.energy_min_keV={least}", "process.target=Xe131")
        free = tg.discovery_limit(high, [6.0], [100.0], free={"model.sin2_theta_w": 0.1}).masses[0].limits[0]
        fixed = tg.discovery_limit(high, [6.0], [100.0]).masses[0].limits[0]
        assert free.cross_section_cm2 / fixed.cross_section_cm2 == pytest.approx(ratio, rel=0.02)


@pytest.mark.parametrize("key", ["model.sin2_theta_w", "process.neutron_radius_fm"])
def test_free_numbers_move_the_neutrinos_as_another_model_does(key: str) -> None:
    """Rates at a pull of 0.7 against those of a model that is shifted by 0.7 times 10 %."""
    wimp, floor = tg.Wimp("Xe131", 1e-45), FloorCard(bins=20, energy_min_keV=0.1, energy_max_keV=20.0)
    made = Spectra(wimp, None, floor, {key: 0.1}).background
    found = made.rates + 0.7 * made.slopes[0] + 0.5 * 0.7**2 * made.bends[0]
    if key == "model.sin2_theta_w":
        model = tg.CevnsModel(sin2_theta_w=1.07 * tg.CevnsModel().sin2_theta_w)
        expected = Spectra(wimp, None, FloorCard(bins=20, energy_min_keV=0.1, energy_max_keV=20.0, model=model))
    else:
        radius = tg.Cevns("Xe131").shape.rms_radii_fm(tg.nuclide("Xe131"))
        wimp = tg.Wimp("Xe131", 1e-45, proton_radius_fm=radius[0], neutron_radius_fm=1.07 * radius[1])
        expected = Spectra(wimp, None, floor)
    np.testing.assert_allclose(found.sum(axis=0), expected.background.total, rtol=2e-3)


def test_unknown_radius_raises_limits_on_heavy_particles() -> None:
    high = card("floor.energy_min_keV=0.1", "process.target=Xe131")
    free, fixed = (
        tg.discovery_limit(high, [100.0], [1000.0], free=key).masses[0].limits[0].cross_section_cm2
        for key in ({"process.neutron_radius_fm": 0.1}, None)
    )
    assert free > 1.02 * fixed


def test_six_species_of_supernovae_add_background_between_8B_and_the_atmosphere(xenon131: Fog) -> None:
    more = sigmas(tg.neutrino_fog(card("floor.supernovae=six-species", "process.target=Xe131"), list(PUBLISHED)))
    low, middle, high = np.array(more) / np.array(sigmas(xenon131))
    assert low == pytest.approx(1.0, abs=1e-3)
    assert middle > 1.05
    assert 1.005 < high < 1.05


def test_rates_in_bins_are_integrals_of_rates() -> None:
    wimp, halo = tg.Wimp("Xe131", 1e-45), tg.halo(10.0)
    made = Spectra(wimp, None, FloorCard(bins=40))
    signal, edges = made.signal(halo), made.edges_keV
    for k in (5, 20, 28):
        expected, _ = quad(lambda T: float(wimp.dR_dT(np.array([T]), halo)[0]), edges[k], edges[k + 1], epsrel=1e-9)
        assert signal[k] == pytest.approx(expected, rel=1e-7)
    last = int(np.flatnonzero(signal)[-1])  # the spectrum ends in it
    most = max(part.most_recoil_GeV for part in wimp.spectra(halo)) * 1e6
    expected, _ = quad(lambda T: float(wimp.dR_dT(np.array([T]), halo)[0]), edges[last], most, epsrel=1e-9)
    assert signal[last] == pytest.approx(expected, rel=1e-5)


def test_neutrinos_in_bins_are_those_of_the_rate_of_recoils() -> None:
    floor = FloorCard(bins=30, energy_min_keV=0.1, energy_max_keV=30.0)
    made = Spectra(tg.Wimp("Xe131", 1e-45), None, floor)
    source, labels = background_source(floor)
    chosen = [k for k, name in enumerate(labels) if name in ("8B", "atmosphere")]
    part = tg.Source(tuple(source.components[k] for k in chosen), "two of them")
    rate = tg.recoil_rate(tg.Cevns("Xe131"), part, tg.number_of_nuclei("Xe131", 1.0), YEAR_S)
    counts = rate.recoil_counts(made.edges_keV).sum(axis=0)
    names = made.background.names
    found = made.background.rates[names.index("8B")] + made.background.rates[names.index("atmosphere")]
    np.testing.assert_allclose(found, counts, rtol=1e-5, atol=1e-6 * counts.sum())


def test_detector_that_sees_everything_changes_nothing_and_a_threshold_does() -> None:
    floor, halo = FloorCard(bins=60, energy_min_keV=0.01), tg.halo(10.0)
    wimp = tg.Wimp("Xe131", 1e-45)
    ideal = Spectra(wimp, None, floor)
    perfect = Spectra(wimp, tg.Detector((tg.Constant(1.0),)), floor)
    np.testing.assert_allclose(
        perfect.signal(halo), ideal.signal(halo), rtol=1e-5, atol=1e-8 * ideal.signal(halo).sum()
    )
    of_perfect, of_ideal = perfect.background.rates.sum(axis=1), ideal.background.rates.sum(axis=1)
    np.testing.assert_allclose(of_perfect, of_ideal, rtol=1e-4, atol=1e-9)
    cut = Spectra(wimp, tg.Detector((tg.Constant(1.0),), threshold_keVnr=1.0), floor)
    above = ideal.edges_keV[:-1] >= 1.0
    assert cut.signal(halo).sum() == pytest.approx(ideal.signal(halo)[above].sum(), rel=0.1)


def test_detector_sees_wimps_as_in_rates() -> None:
    wimp, halo = tg.Wimp("Ar40", 1e-45), tg.halo(30.0)
    detector = tg.Detector(
        (tg.Lindhard(0.14, 0.0134),),
        tg.GaussianResolution(b_sqrt_keVee=0.2),
        tg.SigmoidEfficiency(0.8, 2.0, 3.0),
        threshold_keVee=1.0,
    )
    made = Spectra(wimp, detector, FloorCard(bins=50, energy_min_keV=0.5))
    rate = tg.recoil_rate(wimp, halo, tg.number_of_nuclei("Ar40", 1.0), YEAR_S, detector)
    expected = rate.observed_counts(made.edges_keV).sum(axis=0)
    np.testing.assert_allclose(made.signal(halo), expected, rtol=1e-4, atol=1e-6 * expected.sum())


def test_mistakes_in_python_are_input_errors() -> None:
    with pytest.raises(tg.InputError, match=r"mass = 10\.0: must be a list"):
        tg.neutrino_fog("xenon", 10.0)  # type: ignore[arg-type]
    with pytest.raises(tg.InputError, match="mass = 'a': must be a number"):
        tg.neutrino_fog("xenon", ["a"])  # type: ignore[list-item]
    with pytest.raises(tg.InputError, match="give at least one mass"):
        tg.neutrino_fog("xenon", [])
    with pytest.raises(tg.InputError, match="give at least one exposure"):
        tg.discovery_limit("xenon", [10.0])
    with pytest.raises(tg.InputError, match="must be above 0"):
        tg.neutrino_fog("xenon", [10.0], free={"model.sin2_theta_w": float("nan")})


def test_one_mass_takes_less_than_two_seconds() -> None:
    begin = time.process_time()
    tg.neutrino_fog(card(), [10.093])
    assert time.process_time() - begin < 2.0
