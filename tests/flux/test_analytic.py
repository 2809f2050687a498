"""A single energy and the power law."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.flux.integrals import smooth, through_density, through_map
from tridentgen.errors import InputError
from tridentgen.flux import Monochromatic, PowerLaw


def test_single_energy() -> None:
    flux = Monochromatic(5.0)
    energy_map = flux.energy_map(1.0)
    assert energy_map.dimensions == 0
    assert energy_map(0.3) == (5.0, 1.0)
    assert (energy_map.energy_min_GeV, energy_map.energy_max_GeV) == (5.0, 5.0)
    assert (flux.total, flux.total_units, flux.description) == (1.0, "", "single energy, 5 GeV")


@pytest.mark.parametrize("threshold", [5.0, 6.0])
def test_single_energy_must_exceed_the_threshold(threshold: float) -> None:
    with pytest.raises(InputError, match=f"more than {threshold:g} GeV, the flux ends at 5 GeV"):
        Monochromatic(5.0).energy_map(threshold)


@pytest.mark.parametrize("energy", [0.0, -1.0, math.nan, math.inf])
def test_single_energy_must_be_positive(energy: float) -> None:
    with pytest.raises(InputError, match=f"energy_GeV = {energy!r} must be a positive energy"):
        Monochromatic(energy)


def test_single_energy_has_no_density() -> None:
    with pytest.raises(InputError, match="single energy 5 GeV has no density"):
        Monochromatic(5.0).density(np.array([5.0]))


@pytest.mark.parametrize("index", [-2.0, 0.0, 1.0, 1.0 + 1e-9, 2.7, 40.0])
@pytest.mark.parametrize("threshold", [0.0, 0.5, 3.0])
def test_power_law_map_integrates_what_the_density_does(index: float, threshold: float) -> None:
    flux = PowerLaw(index, 0.5, 100.0)
    energy_map = flux.energy_map(threshold)
    breaks = np.geomspace(0.5, 100.0, 9).tolist()
    expected = through_density(flux, smooth, threshold, breaks)
    got = through_map(energy_map, smooth, np.linspace(0.0, 1.0, 9)[1:-1].tolist())
    assert got == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("index", [-2.0, 0.0, 1.0, 2.7])
def test_power_law_is_normalised_and_has_its_index(index: float) -> None:
    flux = PowerLaw(index, 0.5, 100.0)
    whole = through_density(flux, np.ones_like, 0.0, np.geomspace(0.5, 100.0, 9).tolist())
    low, high = flux.density(np.array([2.0, 20.0]))
    assert whole == pytest.approx(1.0, rel=1e-12)
    assert low / high == pytest.approx(10.0**index, rel=1e-13)


def test_power_law_mean_energy_in_closed_form() -> None:
    # index 2 from 1 to e GeV: f = E^-2/(1 - 1/e), hence <E> = 1/(1 - 1/e).
    energy_map = PowerLaw(2.0, 1.0, math.e).energy_map(0.0)
    assert through_map(energy_map, lambda energy: energy) == pytest.approx(1.0 / (1.0 - math.exp(-1.0)), rel=1e-13)


def test_power_law_map_stays_in_its_range_and_rises() -> None:
    energy, weight = PowerLaw(3.0, 0.3, 700.0).energy_map(0.7)(np.linspace(0.0, 1.0, 20001))
    assert (energy[0], energy[-1]) == (0.7, pytest.approx(700.0, rel=1e-14))
    assert energy.min() >= 0.7
    assert energy.max() <= 700.0
    assert np.all(np.diff(energy) > 0.0)
    assert np.all(np.diff(weight) < 0.0)


def test_power_law_is_zero_outside() -> None:
    assert PowerLaw(2.0, 1.0, 10.0).density(np.array([-1.0, 0.0, 0.99, 10.1])).tolist() == [0.0] * 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((2.0, 0.0, 1.0), "energy_min_GeV = 0.0 must be a positive"),
        ((2.0, 2.0, 1.0), "energy_max_GeV = 1.0 must be finite and exceed energy_min_GeV = 2.0"),
        ((2.0, 1.0, math.inf), "energy_max_GeV = inf must be finite"),
        ((math.nan, 1.0, 2.0), "index = nan must be a finite number"),
        ((1000.0, 1.0, 10.0), "index = 1000.0 makes the spectrum span too many orders"),
    ],
)
def test_power_law_refuses(arguments: tuple[float, float, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        PowerLaw(*arguments)


def test_power_law_below_the_threshold() -> None:
    with pytest.raises(InputError, match="more than 10 GeV, the flux ends at 10 GeV"):
        PowerLaw(2.0, 1.0, 10.0).energy_map(10.0)
