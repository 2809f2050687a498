from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.events.synthetic import trident_events
from tridentgen.analysis.histograms import bin_edges, dsigma_histogram, weighted_quantiles
from tridentgen.errors import InputError
from tridentgen.events.events import Events
from tridentgen.processes.trident.observables import TRIDENT_AXES


def test_the_histogram_is_numpys_over_the_widths() -> None:
    events = trident_events(3000)
    edges = np.array([0.0, 0.01, 0.05, 0.06, 0.5, 1.0])
    mask = events["regime"] == 1
    values, errors = dsigma_histogram(events, "delta_theta", edges, mask)
    angle, weight = events["delta_theta"][mask], events["weight"][mask]
    np.testing.assert_allclose(values, np.histogram(angle, edges, weights=weight)[0] / np.diff(edges), rtol=1e-9)
    for low, high, error in zip(edges[:-1], edges[1:], errors, strict=True):
        inside = weight[(angle >= low) & (angle < high)]
        assert error == pytest.approx(np.sqrt(sum(w * w for w in inside)) / (high - low), rel=1e-12, abs=0.0)


def test_bins_are_closed_below_and_the_last_one_above_too() -> None:
    events = Events({"weight": np.array([1.0, 2.0, 4.0, 8.0, 16.0]), "q2": np.array([0.0, 1.0, 2.0, 2.1, np.nan])}, {})
    values, errors = dsigma_histogram(events, "q2", np.array([0.0, 1.0, 2.0]))
    np.testing.assert_array_equal(values, [1.0, 6.0])
    np.testing.assert_allclose(errors, [1.0, np.sqrt(20.0)], rtol=1e-15)


def test_the_area_is_the_cross_section() -> None:
    events = trident_events(3000)
    edges = np.linspace(0.0, np.pi, 20)
    values, _ = dsigma_histogram(events, "delta_theta", edges)
    assert np.sum(values * np.diff(edges)) == pytest.approx(events.attributes["sigma"], rel=1e-12, abs=0.0)
    by_regime = [dsigma_histogram(events, "delta_theta", edges, events["regime"] == code)[0] for code in range(3)]
    np.testing.assert_allclose(sum(by_regime), values, rtol=1e-12, atol=1e-60)


def test_the_error_is_that_of_repeated_samples() -> None:
    # The scatter of a bin over independent samples is what the error of one sample claims.
    edges = np.array([0.02, 0.1])
    samples = [dsigma_histogram(trident_events(400, seed), "delta_theta", edges) for seed in range(200)]
    values, errors = (np.array([pair[i][0] for pair in samples]) for i in (0, 1))
    # Each synthetic sample has its total fixed, which takes a little off the scatter of a bin.
    assert 0.7 < np.std(values) / np.mean(errors) < 1.15


def test_values_may_be_given_instead_of_a_column() -> None:
    events = trident_events(300)
    edges = np.linspace(0.0, 60.0, 7)
    in_degrees, _ = dsigma_histogram(events, np.degrees(events["delta_theta"]), edges)
    in_radians, _ = dsigma_histogram(events, "delta_theta", np.radians(edges))
    np.testing.assert_allclose(in_degrees, in_radians * np.pi / 180.0, rtol=1e-12)


@pytest.mark.parametrize("edges", [[1.0], [1.0, 1.0], [2.0, 1.0], [[0.0, 1.0]]])
def test_edges_must_rise(edges: Any) -> None:
    with pytest.raises(InputError, match="edges must increase"):
        dsigma_histogram(trident_events(3), "q2", np.array(edges))
    with pytest.raises(InputError, match="one value per event"):
        dsigma_histogram(trident_events(3), "p4_minus", np.array([0.0, 1.0]))


def test_axes_hold_the_cross_section_but_for_the_tails() -> None:
    events = trident_events(5000)
    for observable in TRIDENT_AXES:
        values = observable.value(events[observable.column])
        edges, log = bin_edges(values, events["weight"], always_log=observable.log)
        assert np.all(np.diff(edges) > 0.0)
        inside = (values >= edges[0]) & (values <= edges[-1])
        assert events["weight"][inside].sum() > 0.985 * events.sum_weights
        assert log == (observable.name in ("q2", "recoil_energy"))
    # Electron pairs: their mass spans decades.
    electrons = trident_events(5000, leptons=("e-", "e+"))
    assert bin_edges(electrons["m2_ll"], electrons["weight"])[1]


def test_a_factor_multiplies_the_weights_and_their_errors() -> None:
    events = trident_events(500)
    edges = np.linspace(0.0, np.pi, 7)
    halves, half_errors = dsigma_histogram(events, "delta_theta", edges, factor=np.full(500, 0.5))
    values, errors = dsigma_histogram(events, "delta_theta", edges)
    np.testing.assert_allclose(halves, 0.5 * values, rtol=1e-14)
    np.testing.assert_allclose(half_errors, 0.5 * errors, rtol=1e-14)


def test_a_short_tail_lets_a_linear_axis_reach_further() -> None:
    values = np.random.default_rng(3).exponential(1.0, 20_000)
    ends = [bin_edges(values, np.ones(20_000), long_tail=tail)[0][-1] for tail in (1e-2, 1e-3)]
    np.testing.assert_allclose(ends, [np.log(1e2), np.log(1e3)], rtol=0.1)


def test_weighted_quantiles_of_equal_weights_are_the_plain_ones() -> None:
    values = np.random.default_rng(2).permutation(10_001).astype(float)
    shares = (0.001, 0.25, 0.999)
    found = weighted_quantiles(values, np.full(10_001, 7e-43), shares)
    np.testing.assert_allclose(found, np.quantile(values, shares), atol=1.0)
