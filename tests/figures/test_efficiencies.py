"""Efficiencies of cuts: curves and table agree, errors are those of other samples."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

from tests.figures.cards import request, silent
from tridentgen.figures.efficiencies import Efficiencies, EfficiencyCurve, compute, draw, text


@cache
def numbers(seed: int = 1, *changes: str) -> Efficiencies:
    return compute(request(f"sampling.seed={seed}", *changes), silent)


def curves(found: Efficiencies, observable: str) -> list[EfficiencyCurve]:
    return [curve for curve in found.curves if curve.observable == observable]


def test_curves_pass_through_the_table() -> None:
    """Between neighbouring cut values of the curve lies the table's cut."""
    usual = {"m2_ll": (0, 0.2), "delta_theta": (1, 20.0)}
    for observable, (place, cut) in usual.items():
        for row, curve in zip(numbers().rows, curves(numbers(), observable), strict=True):
            assert (row.leptons, row.regime) == (curve.leptons, curve.regime)
            after = int(np.searchsorted(curve.cut, cut))
            assert curve.efficiency[after - 1] <= row.each[place].value <= curve.efficiency[after]
            assert row.each[place].error == pytest.approx(curve.error[after], rel=0.2)


def test_both_angles_are_harder_than_either() -> None:
    for row, curve in zip(numbers().rows, curves(numbers(), "theta"), strict=True):
        both = np.interp(15.0, curve.cut, curve.efficiency)
        assert both < min(row.each[2].value, row.each[3].value) + 4.0 * row.each[2].error
        assert row.together.value < both + 4.0 * row.each[2].error


def test_curves_rise_to_one() -> None:
    for curve in numbers().curves:
        assert np.all(np.diff(curve.efficiency) >= 0.0)
        assert curve.efficiency[-1] > 0.8
        assert np.all(curve.efficiency <= 1.0 + 1e-12)


def test_errors_are_those_between_samples() -> None:
    """Six samples: the pulls have unit width, as far as 6 x 6 of them tell."""
    found = [numbers(seed, "sampling.events=3000", "sampling.training_points=5000").rows for seed in range(1, 7)]
    samples, errors = (
        np.array([[getattr(r.together, of) for r in rows] for rows in found]) for of in ("value", "error")
    )
    pulls = (samples - samples.mean(axis=0)) / errors * math.sqrt(6.0 / 5.0)
    width = float(np.sqrt(np.mean(pulls**2)))
    assert abs(width - 1.0) < 4.0 / math.sqrt(2.0 * 5.0 * 6.0)


def test_cuts_of_the_card() -> None:
    found = numbers(1, "cuts.energy_minus_min_GeV=1.0", "cuts.m2_ll_max_GeV2=0.1")
    assert found.cuts == ("energy_minus >= 1 GeV", "m2_ll <= 0.1 GeV2")
    assert all(len(row.each) == 2 for row in found.rows)
    assert numbers().cuts == (
        "m2_ll <= 0.2 GeV2",
        "delta_theta <= 20 deg",
        "theta_minus <= 15 deg",
        "theta_plus <= 15 deg",
    )


def test_picture_and_table() -> None:
    pytest.importorskip("matplotlib")
    figure = draw(numbers())
    assert len(figure.axes) == 6
    line = figure.axes[0].get_lines()[0]
    np.testing.assert_array_equal(line.get_ydata(), curves(numbers(), "m2_ll")[0].efficiency)
    assert text(numbers()).count("\n") == 7
