"""The dark matter of the halo: integrals against SciPy, the velocity of the Earth, conventions and refusals."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad

import tridentgen as tg
from tridentgen.errors import InputError
from tridentgen.flux import build_halo, build_source
from tridentgen.flux.earth_velocity import ORBIT_KM_S, day_of, lab_speed_km_s, orbital_velocity_km_s
from tridentgen.flux.halo import CONVENTIONS

SPEEDS = [(220.0, 232.0, 544.0), (238.0, 250.0, 544.0), (100.0, 30.0, 600.0), (50.0, 400.0, 300.0), (300.0, 5.0, 100.0)]


def inverse_speed(least: float, v0: float, v_lab: float, v_esc: float) -> float:
    """Return the mean of 1/v above `least` in s/km: shells of u in the galaxy, of which a part of the angles is faster.

    Over the angles of a shell the mean of 1/v above v is (v_+ - max(v_-, v))/(2 u v_lab).
    """

    def shell(u: float) -> float:
        fast, slow = u + v_lab, max(abs(u - v_lab), least)
        return u * math.exp(-((u / v0) ** 2)) * max(fast - slow, 0.0) / (2.0 * v_lab)

    kinks = sorted({min(max(x, 0.0), v_esc) for x in (v_lab, least - v_lab, least + v_lab, v_lab - least)})
    edges = [0.0, *kinks, v_esc]
    value = sum(quad(shell, a, b, epsrel=1e-12)[0] for a, b in pairwise(edges) if b > a)
    norm = quad(lambda u: u * u * math.exp(-((u / v0) ** 2)), 0.0, v_esc, epsrel=1e-13)[0]
    return float(value / norm)


@pytest.mark.parametrize("speeds", SPEEDS)
def test_the_halo_integral(speeds: tuple[float, float, float]) -> None:
    halo = tg.Halo(30.0, 0.3, *speeds)
    fastest = halo.fastest_km_s
    least = np.array([0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95]) * fastest
    found = halo.mean_inverse_speed(least)
    for value, speed in zip(found, least, strict=True):
        assert value == pytest.approx(inverse_speed(float(speed), *speeds), rel=1e-9, abs=1e-13)
    assert halo.mean_inverse_speed(np.array([fastest, 2.0 * fastest])).tolist() == pytest.approx([0.0, 0.0], abs=1e-15)


@pytest.mark.parametrize("speeds", SPEEDS)
def test_the_distribution_of_speeds(speeds: tuple[float, float, float]) -> None:
    """Its integral is 1, its mean and mean inverse are those of the closed forms."""
    halo = tg.Halo(30.0, 0.3, *speeds)
    kinks = sorted({halo.slowest_km_s, abs(halo.v_esc_km_s - halo.v_lab_km_s), halo.v_lab_km_s, halo.fastest_km_s})

    def moment(power: int) -> float:
        def density(v: float) -> float:
            return float(halo.speed_density(np.array([v]))[0]) * v**power

        edges = [halo.slowest_km_s, *kinks]
        return float(sum(quad(density, a, b, epsrel=1e-11)[0] for a, b in pairwise(edges) if b > a))

    assert moment(0) == pytest.approx(1.0, rel=1e-9)
    assert moment(1) == pytest.approx(halo.mean_speed_km_s, rel=1e-9)
    assert moment(-1) == pytest.approx(float(halo.mean_inverse_speed(np.array([0.0]))[0]), rel=1e-8)


def test_the_flux() -> None:
    """<v> = 329.517 km/s for the usual numbers; rho <v>/m in cm^-2 s^-1."""
    halo = tg.halo(30.0)
    assert halo.mean_speed_km_s == pytest.approx(329.517, abs=5e-4)
    assert halo.total == pytest.approx(0.3 / 30.0 * 329.517e5, rel=2e-6)
    assert halo.total_units == "cm^-2 s^-1"


def test_velocity_of_the_earth() -> None:
    """Within 2 km/s of a circular orbit with the axes of arXiv:1209.3339, which holds for no year in particular."""
    spring, summer = np.array([0.9931, 0.1170, -0.01032]), np.array([-0.0670, 0.4927, -0.8676])
    for day in range(0, 365, 7):
        days = day_of("2025-03-20") + day
        phase = 2.0 * math.pi * day / 365.25
        circular = ORBIT_KM_S * (spring * math.cos(phase) + summer * math.sin(phase))
        # the eccentricity changes the velocity by e V = 0.5 km/s, and the phase by 1.9 degrees, which is 1 km/s
        assert np.linalg.norm(np.array(orbital_velocity_km_s(days)) - circular) < 2.0
    speeds = [np.linalg.norm(orbital_velocity_km_s(day_of("2026-01-01") + day)) for day in range(365)]
    assert int(np.argmax(speeds)) in range(7)  # perihelion, 3 January
    assert max(speeds) / min(speeds) == pytest.approx((1 + 0.0167) / (1 - 0.0167), rel=1e-3)
    assert np.mean(speeds) == pytest.approx(29.8, abs=0.01)


def test_the_earth_is_fastest_in_the_galaxy_about_2_june() -> None:
    first = date(2026, 1, 1)
    days = [first + timedelta(days=number) for number in range(365)]
    speeds = [lab_speed_km_s(238.0, day_of(day.isoformat())) for day in days]
    fastest, slowest = days[int(np.argmax(speeds))], days[int(np.argmin(speeds))]
    assert abs((fastest - date(2026, 6, 1)).days) <= 2
    assert abs((slowest - date(2026, 12, 2)).days) <= 3
    # wimprates 0.5: 266.44 at its largest, a circular orbit
    assert max(speeds) == pytest.approx(266.44, abs=0.4)
    mean = tg.halo(30.0, convention="baxter-2021").v_lab_km_s
    assert mean == pytest.approx(np.mean(speeds), abs=0.01)


def test_conventions() -> None:
    assert tg.halo(30.0) == tg.Halo(30.0, 0.3, 220.0, 232.0, 544.0)
    baxter = tg.halo(30.0, convention="baxter-2021")
    assert (baxter.density_GeV_cm3, baxter.v0_km_s, baxter.v_esc_km_s) == (0.3, 238.0, 544.0)
    day = tg.halo(30.0, convention="baxter-2021", date="2026-06-02")
    assert day.v_lab_km_s == lab_speed_km_s(238.0, day_of("2026-06-02")) > baxter.v_lab_km_s
    own = tg.halo(30.0, v0_km_s=230.0, v_lab_km_s=245.0, v_esc_km_s=528.0, density_GeV_cm3=0.4)
    assert own == tg.Halo(30.0, 0.4, 230.0, 245.0, 528.0)
    assert set(CONVENTIONS) == {"standard", "baxter-2021"}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: tg.halo(0.0), "mass_GeV = 0.0 must be a mass from 0.001 to 1e+09 GeV"),
        (lambda: tg.halo(math.nan), "mass_GeV = nan must be"),
        (lambda: tg.halo(30.0, convention="baxter"), "did you mean 'baxter-2021'"),
        (lambda: tg.halo(30.0, density_GeV_cm3=-0.3), "density_GeV_cm3 = -0.3 must be positive"),
        (lambda: tg.halo(30.0, v0_km_s=0.0), "v0_km_s = 0.0 must be a speed from 1 to 3000 km/s"),
        (lambda: tg.halo(30.0, v_esc_km_s=5e4), "v_esc_km_s = 50000.0 must be a speed"),
        (lambda: tg.halo(30.0, v0_km_s=10.0), "v_esc_km_s = 544.0 must be from 0.1 to 20 times v0_km_s = 10.0"),
        (lambda: tg.halo(30.0, date="2 June"), "date = '2 June' must be a day as in '2026-06-02'"),
        (lambda: tg.halo(30.0, date="2026-02-30"), "must be a day"),
        (lambda: tg.halo(30.0, date="1492-10-12"), "must be from 1900 to 2100"),
        (lambda: tg.halo(30.0, date="2026-06-02", v_lab_km_s=232.0), "stands beside date"),
    ],
)  # fmt: skip
def test_what_it_refuses(make: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        make()
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_dark_matter_is_no_neutrino() -> None:
    halo = build_halo("halo", {"mass_GeV": 30.0}, Path())
    assert halo == tg.halo(30.0)
    with pytest.raises(InputError, match="is a flux of dark matter, not of neutrinos"):
        build_source("halo", {"mass_GeV": 30.0}, None, Path())
    with pytest.raises(InputError, match="is no flux of neutrinos; use it by itself, with Wimp"):
        tg.Source.of(halo, "nue")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="is a flux of neutrinos, not of dark matter"):
        build_halo("solar", {}, Path())
    with pytest.raises(InputError, match=r"flux.mass_GeV = '30' is not a number"):
        build_halo("halo", {"mass_GeV": "30"}, Path())
    for reaction in (
        tg.Cevns("Xe"), tg.NeutrinoElectron("Xe", "nue"), tg.InverseBetaDecay("H1"), tg.InverseMuonDecay("H1", "numu"),
        tg.Trident("numu", "mu-", "mu+"),
    ):  # fmt: skip
        with pytest.raises(InputError, match="this reaction takes neutrinos, not dark matter of 30 GeV"):
            reaction.cross_section(flux=halo, engine="numpy")
