"""Fits of the built-in measurements against the publications, and against another implementation of the same fits."""

from __future__ import annotations

from functools import cache

import pytest

import tridentgen as tg
from tridentgen.fits.fit import FitResult
from tridentgen.fits.intervals import Interval
from tridentgen.fits.measurement import Measurement


@cache
def measured(name: str) -> Measurement:
    """Return a built-in measurement."""
    return tg.measurement(name)


def ends(fit: FitResult, level: float = 0.6827, key: str | None = None) -> Interval:
    """Return the only interval of a key."""
    (found,) = fit.interval(level, key)
    return found


def events_of(name: str) -> tuple[float, float, float, FitResult]:
    """Return the best number of events of a measurement, its errors and the fit."""
    measurement = measured(name)
    fit = tg.fit(measurement)
    expected = float(measurement.expected()["CEvNS"].sum())
    low, high = ends(fit)
    best = fit.best["signal"]
    return best * expected, (best - low) * expected, (high - best) * expected, fit


def test_csi_2021_has_the_published_number_of_events_and_significance() -> None:
    # Akimov et al., PRL 129 (2022) 081801: 306 +- 20 events and 11.6 sigma. The other implementation: 311.7 +32 -31.
    events, down, up, fit = events_of("csi-2021")
    assert events == pytest.approx(306.0, abs=0.25 * 20.0)
    assert (down, up) == pytest.approx((30.5, 32.2), rel=0.04)
    assert fit.significance == pytest.approx(11.6, abs=0.3)
    assert 50.0 < fit.chi2 < 88.0
    assert fit.dof == 87


def test_lar_2020_has_the_published_number_of_events_and_significance() -> None:
    # Akimov et al., PRL 126 (2021) 012002: 159 +- 43 (stat) +- 14 (syst), 3.9 sigma statistical and 3.5 in all.
    events, down, up, fit = events_of("lar-2020")
    assert events == pytest.approx(159.0, abs=0.1 * 45.0)
    assert (down, up) == pytest.approx((43.0, 43.0), rel=0.05)
    assert fit.significance == pytest.approx(3.9, abs=0.1)


def test_csi_2017_has_the_published_number_of_events() -> None:
    # Akimov et al., Science 357 (2017) 1123: 142 events after subtraction of the anti-coincidence data.
    measurement = measured("csi-2017")
    assert measurement.data.events.sum() == 142.0
    events, down, up, _ = events_of("csi-2017")
    assert events == pytest.approx(142.0 - 5.4, abs=0.3 * 0.5 * (down + up))  # less prompt neutrons


def test_xenonnt_8b_has_the_published_number_of_events() -> None:
    # Aprile et al., PRL 133 (2024) 191002: 10.7 +3.7 -4.2 and 2.73 sigma, with distributions within the runs; numbers
    # of events alone tell less.
    events, down, up, fit = events_of("xenonnt-8b")
    assert events == pytest.approx(10.7, abs=0.25 * 4.0)
    assert (down, up) == pytest.approx((5.9, 6.6), rel=0.05)
    assert fit.significance == pytest.approx(1.76, abs=0.05)


@pytest.mark.parametrize(
    ("data", "published", "errors", "other", "other_errors"),
    [
        # 0.231 +.027 -.024: Atzori Corona et al., EPJ C 83 (2023) 683
        (["csi-2021"], 0.231, (0.024, 0.027), 0.2300, (0.0255, 0.0273)),
        # 0.258 +.048 -.050: Miranda et al., JHEP 05 (2020) 130; a tree-level fit in one dimension
        (["lar-2020"], 0.258, (0.050, 0.048), 0.2755, (0.051, 0.049)),
        # 0.237 +- 0.029: De Romeri et al., JHEP 04 (2023) 035
        (["csi-2021", "lar-2020"], 0.237, (0.029, 0.029), 0.2373, (0.0245, 0.0264)),
    ],
)
def test_the_weak_mixing_angle_is_the_published_one(
    data: list[str], published: float, errors: tuple[float, float], other: float, other_errors: tuple[float, float]
) -> None:
    fit = tg.fit([measured(name) for name in data], free="model.sin2_theta_w")
    best = fit.best["model.sin2_theta_w"]
    low, high = ends(fit)
    assert abs(best - published) < 0.5 * max(errors)
    assert best == pytest.approx(other, abs=0.1 * max(other_errors))
    assert (best - low, high - best) == pytest.approx(other_errors, rel=0.04)


def test_the_neutron_radius_of_csi_is_the_published_one() -> None:
    # 5.47 +- 0.38 fm: Atzori Corona et al., EPJ C 83 (2023) 683; 5.55 +- 0.44: Cadeddu et al., PRC 104 (2021) 065502
    fit = tg.fit(measured("csi-2021"), free="process.neutron_radius_fm")
    low, high = ends(fit)
    best = fit.best["process.neutron_radius_fm"]
    assert best == pytest.approx(5.47, abs=0.25 * 0.38)
    assert best == pytest.approx(5.394, abs=0.1 * 0.4)  # the other implementation: 5.06 + 0.334
    assert (best - low, high - best) == pytest.approx((0.417, 0.399), rel=0.04)


def test_the_neutron_skin_is_that_of_the_radius() -> None:
    # Radii of both nuclides move together, with those of the protons 4.821 and 4.766 fm
    ((low, high),) = tg.fit(measured("csi-2021"), free="process.neutron_skin_fm").interval()
    ((low_radius, high_radius),) = tg.fit(measured("csi-2021"), free="process.neutron_radius_fm").interval()
    assert low == pytest.approx(low_radius - 4.7935, abs=0.02)
    assert high == pytest.approx(high_radius - 4.7935, abs=0.02)


def test_the_first_neutron_radius_is_the_published_one() -> None:
    # 5.5 +0.9 -1.1 fm: Cadeddu et al., PRL 120 (2018) 072501
    fit = tg.fit(measured("csi-2017"), free="process.neutron_radius_fm")
    low, high = ends(fit)
    best = fit.best["process.neutron_radius_fm"]
    assert best == pytest.approx(5.5, abs=0.1)
    assert (best - low, high - best) == pytest.approx((1.1, 0.9), rel=0.12)


def test_the_magnetic_moment_is_limited_as_published() -> None:
    # The other implementation: 21.2e-10 mu_B for all flavours; published by flavour only: 23e-10 (numu), 42e-10 (nue)
    low, high = ends(tg.fit(measured("csi-2021"), free="model.magnetic_moment"), 0.9)
    assert high == pytest.approx(21.2e-10, rel=0.03)
    assert low == pytest.approx(-high, rel=1e-3)


def test_light_bosons_are_limited() -> None:
    # The other implementation, with an exact vertex of nu_e and nu_mu: 5.30e-10 and 3.35e-10 at 1 MeV
    for boson, limit in (("vector", 5.30e-10), ("scalar", 3.35e-10)):
        key = f"model.{boson}.strength"
        measurement = tg.measurement("csi-2021", overrides=f"model.{boson}.mass_GeV=0.001", free=key)
        low, high = ends(tg.fit(measurement, free=key), 0.9)
        assert high == pytest.approx(limit, rel=0.05)
        assert low < 0.0
