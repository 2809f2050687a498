"""The diffuse supernova background against its integral over redshift and published numbers."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from tests.flux.integrals import through_map
from tridentgen.errors import InputError
from tridentgen.flux import TabulatedFlux, diffuse_supernovae
from tridentgen.flux.diffuse_supernova import background, collapse_rate

YEAR_S = 365.25 * 86400.0
MPC_CM = 3.0856775814913673e24


def star_formation(z: mpmath.mpf) -> mpmath.mpf:
    """Solar masses per year and Mpc^3 as printed by H. Yuksel et al., Astrophys. J. Lett. 683 (2008) L5, eq. 3."""
    a, b, c, eta = 3.4, -0.3, -3.5, -10
    scale_b, scale_c = 2 ** (1 - a / b), 2 ** ((b - a) / c) * 5 ** (1 - b / c)
    terms = (1 + z) ** (a * eta) + ((1 + z) / scale_b) ** (b * eta) + ((1 + z) / scale_c) ** (c * eta)
    return 0.0178 * terms ** (mpmath.mpf(1) / eta)


@pytest.mark.parametrize("z", [0.0, 0.3, 1.0, 2.5, 4.0, 5.5])
def test_collapse_rate(z: float) -> None:
    expected = star_formation(mpmath.mpf(z)) / 143 / YEAR_S / MPC_CM**3
    assert collapse_rate(np.array([z]))[0] == pytest.approx(float(expected), rel=1e-12)


def test_collapses_today() -> None:
    # Horiuchi, Beacom and Dwek (2009): 1.25e-4 per year and Mpc^3 today, ten times as many at z = 1.
    today, then = collapse_rate(np.array([0.0, 1.0])) * YEAR_S * MPC_CM**3
    assert today == pytest.approx(1.25e-4, rel=0.01)
    assert then / today == pytest.approx(10.0, rel=0.1)


@pytest.mark.parametrize("temperature", [3.0, 5.0, 8.0])
def test_spectrum_against_the_integral_over_redshift(temperature: float) -> None:
    def integrand(z: mpmath.mpf, energy: float) -> mpmath.mpf:
        x = energy * (1 + z) / temperature
        emitted = 120 / (7 * mpmath.pi**4) * x**2 / temperature**2 / (mpmath.exp(x) + 1)
        return star_formation(z) / 143 / mpmath.sqrt(0.3 * (1 + z) ** 3 + 0.7) * emitted

    energies = np.array([1.0, 4.0, 15.0, 40.0])
    hubble = 299792.458 / 70.0 * MPC_CM / YEAR_S / MPC_CM**3
    per_erg = 1e-7 / 1.602176634e-13
    expected = [
        float(hubble * 3e53 / 6 * per_erg * mpmath.quad(lambda z, e=e: integrand(z, e), [0, 1, 2, 4, 6]))
        for e in energies
    ]
    np.testing.assert_allclose(1e-3 * background(1e-3 * energies, temperature), expected, rtol=2e-5)


def test_six_kinds_have_the_published_total_within_its_error() -> None:
    energies = 0.1 * np.linspace(0.0, 1.0, 2001) ** 2
    each = [float(np.trapezoid(background(energies, t), energies)) for t in (3.0, 5.0, 8.0)]
    assert each[0] + each[1] + 4.0 * each[2] == pytest.approx(86.0, rel=0.5)
    assert each[0] + each[1] + 4.0 * each[2] == pytest.approx(92.0, rel=0.01)
    # Equal energies: the numbers go as one over the temperature.
    assert each[0] / each[1] == pytest.approx(5.0 / 3.0, rel=1e-3)
    assert each[0] / each[2] == pytest.approx(8.0 / 3.0, rel=1e-3)


def test_source() -> None:
    source = diffuse_supernovae()
    assert source.total == pytest.approx(86.0, rel=1e-13)
    assert source.neutrinos == ("nue", "numu", "nutau", "nuebar", "numubar", "nutaubar")
    assert source.total_units == "cm^-2 s^-1"
    assert diffuse_supernovae(43.0).total == pytest.approx(43.0)


def test_mean_energies_go_as_the_temperatures() -> None:
    means = {}
    for component in diffuse_supernovae().components:
        assert isinstance(component.flux, TabulatedFlux)
        energy_map = component.flux.energy_map(0.0)
        shares = [i / energy_map.segments for i in range(1, energy_map.segments)]
        assert through_map(energy_map, np.ones_like, shares) == pytest.approx(1.0, rel=1e-12)
        means[component.neutrino] = through_map(energy_map, lambda energy: energy, shares)
    # 3.15 T emitted, and halved by redshift.
    assert means["nue"] == pytest.approx(3.15 * 3e-3 / 2.12, rel=0.01)
    assert means["nuebar"] / means["nue"] == pytest.approx(5.0 / 3.0, rel=1e-3)
    assert means["nutau"] / means["nue"] == pytest.approx(8.0 / 3.0, rel=2e-3)


@pytest.mark.parametrize("total", [0.0, -1.0, float("inf")])
def test_refuses(total: float) -> None:
    with pytest.raises(InputError, match=f"total_flux = {total!r} must be a positive number"):
        diffuse_supernovae(total)
