from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.flux.integrals import smooth, through_density, through_map
from tridentgen.errors import InputError
from tridentgen.flux import TabulatedFlux
from tridentgen.flux.tabulated import TabulatedMap

EDGES = [0.0, 0.5, 1.5, 2.0, 4.0, 8.0]
BINS = [1.0, 3.0, 0.0, 2.0, 0.0]
POINTS = [0.0, 2.0, 0.0, 0.0, 5.0, 0.0]


def _table(interpolation: str) -> TabulatedFlux:
    values = BINS if interpolation == "histogram" else POINTS
    return TabulatedFlux(np.array(EDGES), np.array(values), interpolation, "cm^-2 POT^-1")


def _shares(energy_map: TabulatedMap) -> list[float]:
    return [j / energy_map.segments for j in range(1, energy_map.segments)]


def test_total_is_the_integral_of_the_numbers() -> None:
    assert _table("histogram").total == 0.5 * 1.0 + 1.0 * 3.0 + 2.0 * 2.0
    assert _table("linear").total == 0.5 * 2.0 * 0.5 + 0.5 * 2.0 * 1.0 + 0.5 * 5.0 * (2.0 + 4.0)


def test_a_mere_shape_has_total_one() -> None:
    assert TabulatedFlux(np.array(EDGES), np.array(BINS)).total == 1.0


def test_support_leaves_out_bins_without_flux() -> None:
    assert (_table("histogram").energy_min_GeV, _table("histogram").energy_max_GeV) == (0.0, 4.0)
    assert (_table("linear").energy_min_GeV, _table("linear").energy_max_GeV) == (0.0, 8.0)


def test_density_by_hand() -> None:
    energy = np.array([-1.0, 0.0, 0.25, 0.5, 1.75, 3.0, 4.0, 8.0, 8.1])
    by_bins = np.array([0.0, 1.0, 1.0, 3.0, 0.0, 2.0, 0.0, 0.0, 0.0]) / 7.5
    by_lines = np.array([0.0, 0.0, 1.0, 2.0, 0.0, 2.5, 5.0, 0.0, 0.0]) / 16.5
    np.testing.assert_allclose(_table("histogram").density(energy), by_bins, rtol=1e-15)
    np.testing.assert_allclose(_table("linear").density(energy), by_lines, rtol=1e-15)


@pytest.mark.parametrize("interpolation", ["histogram", "linear"])
@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 1.7, 2.0, 3.9999])
def test_map_integrates_what_the_density_does(interpolation: str, threshold: float) -> None:
    flux = _table(interpolation)
    energy_map = flux.energy_map(threshold)
    got = through_map(energy_map, smooth, _shares(energy_map))
    assert got == pytest.approx(through_density(flux, smooth, threshold, EDGES), rel=1e-11)


def test_map_samples_no_bin_without_flux() -> None:
    energy, weight = _table("histogram").energy_map(0.0)(np.linspace(0.001, 0.999, 997))
    assert not np.any((energy > 1.5) & (energy < 2.0))
    assert energy.max() <= 4.0
    assert weight.min() > 0.0


def test_threshold_cuts_a_segment_exactly() -> None:
    energy_map = _table("linear").energy_map(6.0)
    energy, weight = energy_map(np.array([0.0, 0.5, 1.0]))
    np.testing.assert_allclose(energy, [6.0, 7.0, 8.0], rtol=1e-15)
    np.testing.assert_allclose(weight, np.array([2.5, 1.25, 0.0]) * 2.0 / 16.5, rtol=1e-15)
    assert (energy_map.energy_min_GeV, energy_map.energy_max_GeV) == (6.0, 8.0)


@given(
    widths=st.lists(st.floats(1e-3, 10.0), min_size=2, max_size=12),
    data=st.data(),
    start=st.floats(0.0, 5.0),
    interpolation=st.sampled_from(["histogram", "linear"]),
    where=st.floats(-0.2, 0.999),
)
@settings(max_examples=60, deadline=None)
def test_any_map_stays_in_its_range_rises_and_keeps_the_flux(
    widths: list[float], data: st.DataObject, start: float, interpolation: str, where: float
) -> None:
    energies = start + np.concatenate([[0.0], np.cumsum(widths)])
    count = len(widths) + (interpolation == "linear")
    entry = st.one_of(st.just(0.0), st.floats(1e-3, 1e3))
    values = data.draw(st.lists(entry, min_size=count, max_size=count).filter(any))
    flux = TabulatedFlux(energies, np.array(values), interpolation)
    threshold = flux.energy_min_GeV + where * (flux.energy_max_GeV - flux.energy_min_GeV)
    energy_map = flux.energy_map(threshold)
    energy, weight = energy_map(np.linspace(0.0, 1.0, 1001))
    assert np.all(np.diff(energy) >= -1e-15 * energy[1:])
    assert energy.min() >= max(threshold, flux.energy_min_GeV)
    assert energy.max() <= flux.energy_max_GeV
    assert weight.min() >= 0.0
    one = through_map(energy_map, np.ones_like, _shares(energy_map))
    above = sum(_exact_area(flux, low, high, threshold) for low, high in pairwise(energies))
    # A narrow piece at a high energy has few digits left: its ends are rounded.
    rounding = 8.0 * np.finfo(float).eps * float(energies[-1] / np.diff(energies).min())
    assert one == pytest.approx(above, rel=1e-12 + rounding)


def _exact_area(flux: TabulatedFlux, low: float, high: float, threshold: float) -> float:
    """Area of one piece above the threshold: width times the density in the middle."""
    low = max(low, threshold)
    return 0.0 if low >= high else float((high - low) * flux.density(np.array([0.5 * (low + high)]))[0])


@pytest.mark.parametrize("threshold", [4.0, 5.0, float("nan")])
def test_threshold_above_the_flux_names_both_energies(threshold: float) -> None:
    with pytest.raises(InputError, match=rf"more than {threshold:g} GeV, the flux ends at 4 GeV"):
        _table("histogram").energy_map(threshold)


def test_tables_cannot_be_changed_and_are_not_shared() -> None:
    values = np.array(BINS)
    flux = TabulatedFlux(np.array(EDGES), values)
    values[0] = 100.0
    assert flux.values[0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        flux.values[0] = 2.0


@pytest.mark.parametrize(
    ("energies", "values", "interpolation", "message"),
    [
        ([0, 1, 2], [1, 2, 3], "histogram", r"one more than values; got energies of shape \(3,\)"),
        ([0, 1, 2], [1, 2], "linear", r"points, one for each value; got .* values of shape \(2,\)"),
        ([0], [], "histogram", "two or more"),
        ([[0, 1]], [1], "histogram", "shape"),
        ([0, 1, 1], [1, 2], "histogram", r"energies\[2\]: energy 1 does not exceed the one before it, 1"),
        ([0, 2, 1], [1, 2], "histogram", r"energies\[2\]: energy 1 does not exceed .* 2; sort"),
        ([-1, 2, 3], [1, 2], "histogram", r"energies\[0\]: energy -1 is negative"),
        ([0, np.nan, 3], [1, 2], "histogram", r"energies\[1\]: energy nan is not a finite number"),
        ([0, 1, 2], [1, -2], "histogram", r"values\[1\]: flux -2 is negative; write 0"),
        ([0, 1, 2], [np.inf, 2], "histogram", r"values\[0\]: flux inf is not a finite number"),
        ([0, 1, 2], [0, 0], "histogram", "integrates to 0; give at least one value above 1e-290"),
        ([0, 1, 2], [1e-310, 5e-324], "histogram", "integrates to 1e-310; give at least one value above 1e-290"),
        ([0, 1e200], [1e200], "histogram", "integrates to inf"),
        ([0, 1, 2], [1, 2], "cubic", "interpolation = 'cubic' is not known; use 'histogram' or 'linear'"),
    ],
)
def test_numbers_that_are_no_spectrum(energies: object, values: object, interpolation: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        TabulatedFlux(np.array(energies), np.array(values), interpolation)


def test_the_density_at_edges() -> None:
    """Bins include their lower edges, the last one its upper edge too; by hand, with the integral 1 + 1.5."""
    flux = TabulatedFlux(np.array([1.0, 2.0, 5.0]), np.array([1.0, 0.5]))
    at = np.array([0.999, 1.0, 1.999, 2.0, 4.0, 5.0, 5.001])
    np.testing.assert_allclose(flux.density(at), [0.0, 0.4, 0.4, 0.2, 0.2, 0.2, 0.0], rtol=1e-15)
