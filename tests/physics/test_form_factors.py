"""Form factors against Fourier transforms of their densities, measured radii and measured ratios."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray

from tridentgen.constants import HBARC_GEV_FM, MU_NEUTRON, MU_PROTON, NEUTRON_MASS_GEV, PROTON_MASS_GEV
from tridentgen.errors import InputError
from tridentgen.matter.nuclei import fourier_bessel_density, nuclide
from tridentgen.physics import form_factors
from tridentgen.processes.trident.targets import charge_form_factor

Array = NDArray[np.float64]
Density = Callable[[mpmath.mpf], mpmath.mpf]
FormFactor = Callable[[Array], Array]

DIGITS = 25


def transform(density: Density, edges: Sequence[float], q_fm: float) -> mpmath.mpf:
    """4 pi int r^2 rho(r) sin(qr)/(qr) dr over the pieces between `edges`, each cut at the sine's zeros."""
    with mpmath.workdps(DIGITS):
        q = mpmath.mpf(q_fm)
        zeros = [n * mpmath.pi / q for n in range(1, int(q_fm * edges[-1] / math.pi) + 1)] if q_fm > 0.0 else []
        borders = sorted([mpmath.mpf(edge) for edge in edges] + zeros)
        total = mpmath.quad(lambda r: r**2 * density(r) * mpmath.sinc(q * r), borders, method="gauss-legendre")
        return 4 * mpmath.pi * total


def moment(density: Density, edges: Sequence[float], power: int) -> float:
    """Return <r^power> in fm^power."""
    with mpmath.workdps(DIGITS):
        weighted = transform(lambda r: r**power * density(r), edges, 0.0)
        return float(weighted / transform(density, edges, 0.0))


def fermi_density(c: float, a: float) -> Density:
    """Symmetrised Fermi density, not normalised (Sprung and Martorell 1997, eq. 1)."""
    c, a = mpmath.mpf(c), mpmath.mpf(a)
    return lambda r: mpmath.sinh(c / a) / (mpmath.cosh(r / a) + mpmath.cosh(c / a))


def sphere_density(R: float) -> Density:
    return lambda r: mpmath.mpf(3) / (4 * mpmath.pi * mpmath.mpf(R) ** 3) if r <= R else mpmath.mpf(0)


def helm_density(R: float, s: float) -> Density:
    """A homogeneous sphere smeared with a Gaussian of width s, the integral over angles and radii done."""
    R, s = mpmath.mpf(R), mpmath.mpf(s)

    def density(r: mpmath.mpf) -> mpmath.mpf:
        out, inside = (r + R) / s, (r - R) / s
        edge = mpmath.erf(out / mpmath.sqrt(2)) - mpmath.erf(inside / mpmath.sqrt(2))
        tails = mpmath.exp(-(out**2) / 2) - mpmath.exp(-(inside**2) / 2)
        return 3 / (8 * mpmath.pi * R**3) * (edge + mpmath.sqrt(2 / mpmath.pi) * s / r * tails)

    return density


def yukawa_density(R: float, a: float) -> Density:
    """A homogeneous sphere smeared with exp(-r/a)/(4 pi a^2 r): solves (1 - a^2 Laplace) rho = sphere."""
    R, a = mpmath.mpf(R), mpmath.mpf(a)
    rho = 3 / (4 * mpmath.pi * R**3)

    def density(r: mpmath.mpf) -> mpmath.mpf:
        if r <= R:
            return rho * (1 - (1 + R / a) * mpmath.exp(-R / a) * (a / r) * mpmath.sinh(r / a))
        return rho * (a / r) * mpmath.exp(-r / a) * ((R / a) * mpmath.cosh(R / a) - mpmath.sinh(R / a))

    return density


def bessel_density(name: str) -> Density:
    R, coefficients = fourier_bessel_density(name)
    return lambda r: mpmath.fsum(a * mpmath.sinc(n * mpmath.pi * r / R) for n, a in enumerate(coefficients, start=1))


SHAPES: dict[str, tuple[FormFactor, Density, tuple[float, ...], float]] = {
    **{
        f"fermi {name}": (
            functools.partial(form_factors.symmetrised_fermi, half_density_fm=c, diffuseness_fm=a),
            fermi_density(c, a), (0, c, 3 + c, 10 + c, 48 + c), math.hypot(c, math.pi * a),
        )
        for name, c, a in (
            ("argon", 3.53, 0.523), ("lead", 6.65, 0.523), ("carbon", 2.2, 0.6), ("helium", 0.379, 0.523),
        )
    },
    "sphere": (lambda q2: form_factors.uniform_sphere(q2, 4.1), sphere_density(4.1), (0, 4.1), 4.1),
    "helm": (lambda q2: form_factors.helm(q2, 3.9, 0.9), helm_density(3.9, 0.9), (0, 3.9, 9, 16), 3.9),
    "klein-nystrand": (
        lambda q2: form_factors.klein_nystrand(q2, 4.1, 0.7), yukawa_density(4.1, 0.7), (0, 4.1, 15, 60), 4.1,
    ),
    **{
        f"fourier-bessel {name}": (
            functools.partial(
                form_factors.fourier_bessel,
                cutoff_fm=fourier_bessel_density(name)[0],
                coefficients=fourier_bessel_density(name)[1],
            ),
            bessel_density(name), (0, fourier_bessel_density(name)[0]), fourier_bessel_density(name)[0],
        )
        for name in ("Ar40", "Pb208")
    },
}  # fmt: skip
"""Form factor, density, borders of the integration in fm, and the radius its series threshold goes by."""

Q_FM = (1e-3, 0.1, 0.5, 1.234, 2.5, 5.0)
"""Momentum transfers in 1/fm, up to 1 GeV."""


@pytest.mark.parametrize("name", SHAPES)
def test_is_the_fourier_transform_of_its_density(name: str) -> None:
    form_factor, density, edges, _ = SHAPES[name]
    charge = transform(density, edges, 0.0)
    exact = np.array([float(transform(density, edges, q) / charge) for q in Q_FM])
    value = form_factor((np.array(Q_FM) * HBARC_GEV_FM) ** 2)
    np.testing.assert_allclose(value, exact, rtol=2e-13, atol=0.0)


@pytest.mark.parametrize("name", ["sphere", "helm", "klein-nystrand"])
def test_smeared_spheres_hold_unit_charge(name: str) -> None:
    _, density, edges, _ = SHAPES[name]
    assert float(transform(density, edges, 0.0)) == pytest.approx(1.0, rel=1e-14)


@pytest.mark.parametrize("name", SHAPES)
def test_starts_at_one_and_falls_with_the_mean_square_radius(name: str) -> None:
    form_factor, density, edges, _ = SHAPES[name]
    assert form_factor(np.array([0.0]))[0] == pytest.approx(1.0, abs=3e-16)
    assert slope_radius2(form_factor) == pytest.approx(moment(density, edges, 2), rel=1e-8)


def slope_radius2(form_factor: FormFactor) -> float:
    """Return -6 dF/dQ^2 at 0 in fm^2 from three points, the errors of first and second order taken out."""
    q2 = 4e-6 * np.array([1.0, 2.0, 4.0])  # GeV^2: qR is about 0.04
    secant = (1.0 - form_factor(q2)) / q2
    once = 2.0 * secant[:2] - secant[1:]
    return 6.0 * HBARC_GEV_FM**2 * float(4.0 * once[0] - once[1]) / 3.0


@pytest.mark.parametrize("name", SHAPES)
def test_is_continuous_where_the_series_ends(name: str) -> None:
    form_factor, density, edges, radius = SHAPES[name]
    q2 = 0.02 * (HBARC_GEV_FM / radius) ** 2
    below, above = form_factor(np.array([q2 * (1.0 - 1e-15), q2 * (1.0 + 1e-15)]))
    assert below == pytest.approx(above, rel=1e-12)
    charge = transform(density, edges, 0.0)
    for near in (0.99, 1.01):
        exact = transform(density, edges, math.sqrt(near * q2) / HBARC_GEV_FM) / charge
        assert form_factor(np.array([near * q2]))[0] == pytest.approx(float(exact), rel=1e-13)


@pytest.mark.parametrize("name", SHAPES)
def test_is_finite_and_bounded_everywhere(name: str) -> None:
    value = SHAPES[name][0](np.concatenate([[0.0], np.geomspace(1e-300, 1e12, 4000)]))
    assert np.all(np.abs(value) <= 1.0 + 1e-15)
    assert abs(value[-1]) < 1e-12


def test_moments_of_the_fermi_density() -> None:
    """<r^2> = 3/5 c^2 + 7/5 (pi a)^2 is exact for the symmetrised density; <r^4> as in the series."""
    c, a = 3.53, 0.523
    b2 = (math.pi * a) ** 2
    density, edges = fermi_density(c, a), (0.0, 3.5, 10.0, 60.0)
    assert moment(density, edges, 2) == pytest.approx((3 * c**2 + 7 * b2) / 5, rel=1e-13)
    assert moment(density, edges, 4) == pytest.approx((3 * c**4 + 18 * c**2 * b2 + 31 * b2**2) / 7, rel=1e-13)


@pytest.mark.parametrize("name", ["Ar40", "C12", "Pb208"])
def test_fourier_bessel_at_its_removable_poles(name: str) -> None:
    """At qR = n pi only the n-th term is left; the formula is moved by a part in 10^5 there."""
    R, coefficients = fourier_bessel_density(name)
    charge = sum((-1) ** (n + 1) * a / n**2 for n, a in enumerate(coefficients, start=1))
    for n, a in enumerate(coefficients, start=1):
        q2 = (n * math.pi * HBARC_GEV_FM / R) ** 2
        value = form_factors.fourier_bessel(np.array([q2, q2 * (1.0 + 3e-6)]), R, coefficients)
        np.testing.assert_allclose(value, 0.5 * a / n**2 / charge, rtol=0.0, atol=1e-5)


@pytest.mark.parametrize("name", ["C12", "O16", "Ar40", "Fe56", "Ge74", "Xe132", "W184", "Pb208"])
@pytest.mark.parametrize("shape", ["fermi", "helm"])
def test_fitted_shapes_have_the_measured_charge_radius(shape: str, name: str) -> None:
    form_factor, radius = charge_form_factor(nuclide(name), shape)
    assert radius == nuclide(name).charge_radius_fm
    assert math.sqrt(slope_radius2(form_factor)) == pytest.approx(radius, rel=1e-8)


@pytest.mark.parametrize("shape", ["woods-saxon", "klein-nystrand"])
def test_shapes_of_given_size_tell_their_radius(shape: str) -> None:
    form_factor, radius = charge_form_factor(nuclide("Ar40"), shape)
    assert math.sqrt(slope_radius2(form_factor)) == pytest.approx(radius, rel=1e-8)
    assert radius == pytest.approx(nuclide("Ar40").charge_radius_fm, rel=0.06)


@pytest.mark.parametrize("name", ["C12", "Ar40", "Fe56", "Pb208"])
def test_measured_densities_agree_with_the_table_of_radii(name: str) -> None:
    """Electron scattering of 1987 against the evaluation of 2013: within 1 %, argon 2.2 %."""
    form_factor, _ = charge_form_factor(nuclide(name), "fourier-bessel")
    rel = 0.022 if name == "Ar40" else 0.01
    assert math.sqrt(slope_radius2(form_factor)) == pytest.approx(nuclide(name).charge_radius_fm, rel=rel)


def test_shapes_refuse_nuclides_that_are_too_small() -> None:
    with pytest.raises(InputError, match=r"'fermi' does not fit He4.*choose 'helm'"):
        charge_form_factor(nuclide("He4"), "fermi")
    with pytest.raises(InputError, match="did you mean 'helm'"):
        charge_form_factor(nuclide("Ar40"), "helmm")


def test_dipole_is_the_transform_of_an_exponential() -> None:
    """rho = L^3 exp(-L r)/(8 pi) with L^2 = 0.71 GeV^2."""
    scale = math.sqrt(0.71) / HBARC_GEV_FM
    q2 = np.array([0.0, 1e-3, 0.1, 1.0, 7.0])
    exact = [
        float(transform(lambda r: scale**3 / (8 * mpmath.pi) * mpmath.exp(-scale * r), (0, 2, 20), math.sqrt(q)))
        for q in q2 / HBARC_GEV_FM**2
    ]
    np.testing.assert_allclose(form_factors.dipole(q2), exact, rtol=1e-13)


def test_dipole_form_factors_of_nucleons() -> None:
    q2 = np.array([0.0, 0.2, 1.0, 1e12])
    g_e, g_m = form_factors.sachs_dipole(q2, True)
    assert (g_e[0], g_m[0]) == (1.0, MU_PROTON)
    np.testing.assert_allclose(g_m / g_e, MU_PROTON, rtol=1e-15)
    g_e, g_m = form_factors.sachs_dipole(q2, False)
    np.testing.assert_array_equal(g_e, 0.0)
    np.testing.assert_allclose(g_m, MU_NEUTRON * form_factors.dipole(q2), rtol=1e-15)
    assert form_factors.dipole(np.array([1.0]))[0] == pytest.approx((0.71 / 1.71) ** 2, rel=1e-15)


def test_kelly_has_the_published_radii() -> None:
    """Kelly, Phys. Rev. C 70 (2004) 068202, table I: 0.863(4), 0.848(3), 0.907(16) fm and -0.112(3) fm^2."""
    proton = [lambda q2, i=i: form_factors.sachs_kelly(q2, True)[i] / (1.0, MU_PROTON)[i] for i in (0, 1)]
    assert math.sqrt(slope_radius2(proton[0])) == pytest.approx(0.863, abs=6e-4)
    assert math.sqrt(slope_radius2(proton[1])) == pytest.approx(0.848, abs=6e-4)
    magnetic = slope_radius2(lambda q2: form_factors.sachs_kelly(q2, False)[1] / MU_NEUTRON)
    assert math.sqrt(magnetic) == pytest.approx(0.907, abs=6e-4)
    assert slope_radius2(lambda q2: 1.0 + form_factors.sachs_kelly(q2, False)[0]) == pytest.approx(-0.112, abs=1e-3)


def test_kelly_at_one_gev() -> None:
    """Worked by hand from table I with tau = 0.28398: (1 - .068154)/(1 + 3.118059 + 1.033858 + .503158)."""
    g_e, g_m = form_factors.sachs_kelly(np.array([1.0]), True)
    assert g_e[0] == pytest.approx(0.164776, rel=1e-4)
    # and near the dipole, which describes the data at 1 GeV^2 to a few per cent
    assert g_e[0] == pytest.approx(form_factors.dipole(1.0), rel=0.06)
    assert g_m[0] == pytest.approx(MU_PROTON * form_factors.dipole(1.0), rel=0.06)


def test_kelly_describes_recoil_polarisation() -> None:
    """mu G_E/G_M of the proton: Punjabi et al., Phys. Rev. C 71 (2005) 055202, errors added in quadrature."""
    q2 = np.array([0.49, 0.79, 1.18, 1.48, 1.77, 1.88, 2.13, 2.47, 2.97, 3.47])
    measured = np.array([0.979, 0.951, 0.883, 0.798, 0.789, 0.777, 0.747, 0.703, 0.615, 0.606])
    statistical = np.array([0.016, 0.012, 0.013, 0.029, 0.024, 0.024, 0.032, 0.023, 0.029, 0.042])
    systematic = np.array([0.006, 0.010, 0.018, 0.026, 0.035, 0.033, 0.034, 0.033, 0.021, 0.014])
    g_e, g_m = form_factors.sachs_kelly(q2, True)
    chi2 = np.sum((MU_PROTON * g_e / g_m - measured) ** 2 / (statistical**2 + systematic**2))
    assert chi2 < 18.3  # 5 % of ten


def test_unit_is_a_point_charge() -> None:
    np.testing.assert_array_equal(form_factors.unit(np.array([0.0, 1.0, 1e12])), 1.0)


@pytest.mark.parametrize("mass", [PROTON_MASS_GEV, NEUTRON_MASS_GEV])
def test_pauli_factor_is_the_share_of_the_sphere_left_free(mass: float) -> None:
    """One minus the overlap of two spheres of radius k_F at the distance |q|: pi (4k+q)(2k-q)^2/12."""
    k_F = 0.235
    q2 = np.array([0.0, 1e-8, 1e-4, 0.01, 0.1, 0.2])
    momentum = np.sqrt(q2 + (q2 / (2 * mass)) ** 2)
    overlap = math.pi * (4 * k_F + momentum) * (2 * k_F - momentum) ** 2 / 12
    blocked = form_factors.pauli_blocking(q2, mass, k_F)
    np.testing.assert_allclose(blocked, 1 - overlap / (4 / 3 * math.pi * k_F**3), rtol=1e-13, atol=2e-16)


def test_limits_of_the_pauli_factor() -> None:
    k_F, mass = 0.235, PROTON_MASS_GEV
    small = np.array([1e-20, 1e-12])
    np.testing.assert_allclose(form_factors.pauli_blocking(small, mass, k_F), 0.75 * np.sqrt(small) / k_F, rtol=1e-9)
    edge = 2 * mass * (math.sqrt(mass**2 + 4 * k_F**2) - mass)  # |q| = 2 k_F
    assert form_factors.pauli_blocking(edge, mass, k_F) == pytest.approx(1.0, abs=1e-15)
    np.testing.assert_array_equal(form_factors.pauli_blocking(np.array([1.001 * edge, 1e12]), mass, k_F), 1.0)
    # it flattens out there: 1 - B = 3/2 (1 - r)^2
    assert 1 - form_factors.pauli_blocking(edge * 0.98, mass, k_F) == pytest.approx(1.5 * 0.01**2, rel=0.15)
