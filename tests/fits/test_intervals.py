"""Intervals, contours and injected signals."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize

import tridentgen as tg
from tridentgen.fits.fit import fit_measurements
from tridentgen.fits.intervals import delta_chi2
from tridentgen.fits.measurement import Measurement
from tridentgen.fits.models import free_key

KEY = "model.sin2_theta_w"


@pytest.fixture(scope="module")
def csi() -> Measurement:
    return tg.measurement("csi-2021")


def test_levels_of_one_and_two_numbers_are_quantiles_of_chi2() -> None:
    # Particle Data Group, Statistics, table 40.2
    assert delta_chi2(0.6827) == pytest.approx(1.0, abs=1e-4)
    assert delta_chi2(0.9) == pytest.approx(2.71, abs=5e-3)
    assert delta_chi2(0.9, 2) == pytest.approx(4.61, abs=5e-3)
    assert delta_chi2(0.6827, 2) == pytest.approx(2.30, abs=5e-3)


def brute(measurement: Measurement, value: float) -> float:
    """Return the minimum over all pulls by another minimiser, without gradients."""
    names = measurement.nuisances

    def function(pulls: np.ndarray) -> float:
        return measurement.chi2({KEY: value}, dict(zip(names, pulls, strict=True)))

    return float(minimize(function, np.zeros(len(names)), method="BFGS", options={"gtol": 1e-4}).fun)


def test_an_interval_ends_where_another_minimiser_finds_the_level(csi: Measurement) -> None:
    fit = tg.fit(csi, free=KEY)
    ((low, high),) = fit.interval(0.9)
    least = brute(csi, fit.best[KEY])
    assert fit.chi2 == pytest.approx(least, abs=2e-3)
    for end in (low, high):
        assert brute(csi, end) - least == pytest.approx(delta_chi2(0.9), abs=5e-3)


def test_injected_signals_are_found_again(csi: Measurement) -> None:
    for value in (0.19, 0.30):
        truth = tg.measurement("csi-2021", overrides=f"{KEY}={value}", asimov=True)
        found = tg.fit(replace(csi, data=replace(csi.data, events=truth.data.events)), free=KEY)
        assert found.best[KEY] == pytest.approx(value, rel=1e-4)
        assert found.chi2 == pytest.approx(0.0, abs=1e-5)
        assert all(abs(pull) < 1e-3 for pull, _ in found.nuisances.values())


def test_all_intervals_of_several_minima_are_found() -> None:
    # With equal radii, Q = F [Z (g_p + 2 eps) + N (g_n + eps)] is minus itself at 2 eps_0 - eps, Q(eps_0) = 0.
    radii = [f"process.{name}_radius_fm=5.0" for name in ("proton", "neutron")]
    fit = tg.fit(tg.measurement("csi-2021", overrides=radii), free="model.nsi.eps_u.mumu")
    first, second = fit.interval(0.9)
    protons, neutrons = 54.0, 76.0
    zero = (0.5117 * neutrons - 0.0300 * protons) / (2.0 * protons + neutrons)
    assert first.low + second.high == pytest.approx(2.0 * zero, rel=0.003)
    assert first.high + second.low == pytest.approx(2.0 * zero, rel=0.003)
    assert "several minima" in fit.warnings[0]


def test_a_number_that_only_its_square_matters_has_a_symmetric_interval(csi: Measurement) -> None:
    ((low, high),) = tg.fit(csi, free="model.nsi.eps_u.etau").interval(0.9)
    assert low == pytest.approx(-high, rel=1e-4)


@pytest.mark.slow
def test_a_profile_of_two_numbers_is_the_minimum_of_their_contour(csi: Measurement) -> None:
    keys = (KEY, "process.neutron_radius_fm")
    fit = tg.fit(csi, free=keys)
    contour = fit.contour(points=9)
    along = fit.explorer.along(0, np.array(list(fit.best.values())))
    for place, x in enumerate(contour.x):
        least = along(float(x)).value - fit.chi2
        assert least - 0.01 < contour.delta_chi2[:, place].min() < least + 3.0  # the grid is coarse
    ((_, high),) = fit.interval(0.9, keys[1])
    assert math.isinf(high)  # the two are nearly degenerate


def test_a_pull_has_a_smaller_error_only_where_the_data_tell_of_it(csi: Measurement) -> None:
    fit = tg.fit(csi, free=KEY)
    assert fit.nuisances["flux"][1] == pytest.approx(1.0, abs=0.01)
    assert fit.nuisances["time"][1] < 0.3


def test_an_interval_that_leaves_the_range_given_is_open(csi: Measurement) -> None:
    fit = tg.fit(csi, free={KEY: (0.21, 0.235)})
    assert fit.interval(0.9) == ((-math.inf, math.inf),)
    assert [line.split(":")[1].split(",")[0] for line in fit.warnings] == [
        " an interval goes on below the range given",
        " an interval goes on above the range given",
    ]


@pytest.mark.slow
def test_toys_have_unit_pulls_and_cover() -> None:
    # 400 toys of expected data: mean within 4 standard errors, width 1 +- 4/sqrt(2n), coverage within 4 sigma. The true
    # pulls of nuisances vary too: their constraints are shifted by moving the pulls' centres, that is the true values.
    truth = tg.measurement("csi-2021", asimov=True)
    rng = np.random.default_rng(5)
    sets = truth.data
    pulls, inside = [], 0
    number = 400
    start = truth.data.reaction.model.sin2_theta_w
    for _ in range(number):
        true = rng.normal(size=len(sets.nuisances))
        true = np.clip(true, [n.low + 0.01 for n in sets.nuisances], [n.high for n in sets.nuisances])
        expected, _ = sets.at(sets.reaction).expected(true)
        toy = replace(sets, events=rng.poisson(np.maximum(expected, 0.0)).astype(float))
        fit = fit_measurements([replace(truth, data=toy)], [free_key(KEY)], (0.6827,))
        ((low, high),) = fit.interval(0.6827)
        best = fit.best[KEY]
        inside += low <= start <= high
        pulls.append((best - start) / (high - best if start > best else best - low))
    assert np.mean(pulls) == pytest.approx(0.0, abs=4.0 / math.sqrt(number) + 0.05)
    assert np.std(pulls) == pytest.approx(1.0, abs=4.0 / math.sqrt(2.0 * number) + 0.03)
    assert inside / number == pytest.approx(0.6827, abs=4.0 * math.sqrt(0.6827 * 0.3173 / number))
