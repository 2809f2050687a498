"""Dark matter on nuclei: kinematics against Lorentz boosts, sampled distributions against integrals over the halo."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import quad

import tridentgen as tg
from tridentgen.constants import SPEED_OF_LIGHT_KM_S
from tridentgen.physics import wimp

Array = NDArray[np.float64]
C = SPEED_OF_LIGHT_KM_S


def boosted(p: Array, beta: Array) -> Array:
    """Return a four-momentum in a frame that moves with -beta."""
    b2 = float(beta @ beta)
    gamma = 1.0 / math.sqrt(1.0 - b2)
    along = float(beta @ p[1:])
    space = p[1:] + ((gamma - 1.0) * along / b2 + gamma * p[0]) * beta
    return np.array([gamma * (p[0] + along), *space])


@pytest.mark.parametrize(("mass", "nucleus"), [(30.0, 122.84), (1000.0, 17.69), (0.5, 37.2)])
def test_momenta_are_those_of_elastic_scattering_in_the_centre_of_mass(mass: float, nucleus: float) -> None:
    """The recoil of an angle in the centre of mass, boosted back; energy, momentum and cosine to the wind."""
    speed, versine, azimuth, turn = 2.1e-3, 0.37, 0.21, 0.83
    gamma = 1.0 / math.sqrt(1.0 - speed * speed)
    sine = math.sqrt(versine * (2.0 - versine))
    axis = np.array([sine * math.cos(azimuth), sine * math.sin(azimuth), 1.0 - versine])
    incoming = np.array([gamma * mass, *(gamma * mass * speed * axis)])
    beta = incoming[1:] / (incoming[0] + nucleus)
    rest = boosted(np.array([nucleus, 0.0, 0.0, 0.0]), -beta)
    length = float(np.linalg.norm(rest[1:]))
    for cosine in (-0.999, -0.3, 0.6, 0.999):
        across = np.array([axis[0] * axis[2] / sine, axis[1] * axis[2] / sine, -sine])
        normal = np.cross(axis, across)
        out = cosine * -axis + math.sqrt(1.0 - cosine**2) * (math.cos(turn) * across + math.sin(turn) * normal)
        expected = boosted(np.array([rest[0], *(length * out)]), beta)
        p2 = float(expected[1:] @ expected[1:])
        recoil = p2 / (math.sqrt(nucleus**2 + p2) + nucleus)
        angles = [(math.cos(angle), math.sin(angle)) for angle in (azimuth, turn)]
        found = wimp.lab_momenta(speed, versine, recoil, mass, nucleus, angles[0], angles[1])
        np.testing.assert_allclose(found.recoil[1:], expected[1:], rtol=0.0, atol=2e-9 * length)
        assert found.cos_recoil == pytest.approx(expected[3] / np.linalg.norm(expected[1:]), abs=2e-9)
        total = np.array(found.outgoing) + found.recoil - [nucleus, 0.0, 0.0, 0.0]
        np.testing.assert_allclose(total, incoming, rtol=1e-14, atol=1e-15 * max(mass, nucleus))
        square = found.outgoing[0] ** 2 - np.sum(np.square(found.outgoing[1:]))
        assert square == pytest.approx(mass**2, rel=1e-14)


def test_limits_of_recoils_and_speeds() -> None:
    """Energy and momentum conservation at v << c, head on: T_max = (2 m v/(1 + m/M))^2/2M, and its inverse."""
    mass, nucleus, speed = 30.0, 122.84, 1.3e-3
    largest = (2.0 * mass * speed / (1.0 + mass / nucleus)) ** 2 / (2.0 * nucleus)
    assert wimp.largest_recoil(speed, mass, nucleus) == pytest.approx(largest, rel=1e-13)
    assert wimp.least_speed(largest, mass, nucleus) == pytest.approx(speed, rel=1e-13)


@pytest.mark.parametrize("scale", [None, 1e-8, 1e-2])
def test_sampled_recoils_have_their_derivative(scale: float | None) -> None:
    """The integral of any function over the fraction is that over the recoil: here 1/(T + 1 keV)^2 by its primitive."""
    low, high, s = 1e-7, 4e-5, 1e-6

    def integrand(x: float) -> float:
        value, width = wimp.sample_recoil(x, low, high, scale)
        return float(width / (value + s) ** 2)

    found = quad(integrand, 0.0, 1.0, epsrel=1e-11, limit=500, points=[1e-4, 1e-2, 0.99, 0.9999])[0]
    assert found == pytest.approx(1.0 / (low + s) - 1.0 / (high + s), rel=1e-9)
    assert wimp.sample_recoil(0.0, low, high, scale).value == low
    assert wimp.sample_recoil(1.0, low, high, scale).value == pytest.approx(high, rel=1e-15)
    assert wimp.sample_recoil(0.5, high, low, scale).width == 0.0


@pytest.mark.parametrize("speeds", [(220.0, 232.0, 544.0), (238.0, 254.0, 544.0), (50.0, 400.0, 300.0)])
def test_velocities_are_those_of_the_halo(speeds: tuple[float, float, float]) -> None:
    """Moments of speed and cosine to the wind, by sampled fractions and by integrals in the frame of the galaxy."""
    halo = tg.Halo(1.0, 0.3, *speeds)
    v0, v_lab, v_esc = (speed / C for speed in speeds)
    x = (np.arange(2000) + 0.5) / 2000
    low, high = halo.slowest_km_s / C, halo.fastest_km_s / C
    speed = (low + (high - low) * x)[:, None]
    most = wimp.versine_range(speed, v_lab, v_esc)
    angle = wimp.sample_versine(x[None, :], speed, most, v0, v_lab)
    weight = wimp.speed_density(speed, angle.width, v0, v_lab, halo.norm) * (high - low)
    cosine = 1.0 - angle.value

    def mean(of_speed_and_cosine: Array) -> float:
        return float(np.mean(weight * of_speed_and_cosine))

    u, c = np.meshgrid(v_esc * x, 2.0 * x - 1.0, indexing="ij")  # of the velocity in the galaxy, c to the motion
    density = u**2 * np.exp(-((u / v0) ** 2))
    v = np.sqrt(u**2 + v_lab**2 - 2.0 * u * v_lab * c)
    wind = (v_lab - u * c) / v  # the velocity in the laboratory is u - v_lab; the wind blows along -v_lab

    def expected(values: Array) -> float:
        return float(np.sum(density * values) / np.sum(density))

    assert mean(np.ones_like(cosine)) == pytest.approx(1.0, rel=1e-6)
    for power in (1, 2):
        assert mean(speed**power * np.ones_like(cosine)) == pytest.approx(expected(v**power), rel=1e-5)
        assert mean(speed * cosine**power) == pytest.approx(expected(v * wind**power), rel=2e-5)
    assert halo.mean_speed_km_s == pytest.approx(C * expected(v), rel=1e-6)


def test_factors_of_the_cross_section() -> None:
    """A free proton has the reference cross section; the propagator by its definition."""
    assert wimp.spin_independent(1.0, 1.0, 0.0, -0.7) == 1.0
    assert wimp.spin_dependent(1.0, 0.5, 0.5, 1.0) == pytest.approx(1.0, rel=1e-15)
    q2 = 2.0 * 122.84 * 5e-6
    assert wimp.propagator(5e-6, 122.84, 0.01) == pytest.approx((1e-4 / (1e-4 + q2)) ** 2, rel=1e-14)
