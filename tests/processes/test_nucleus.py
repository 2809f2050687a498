"""Distributions of protons, neutrons and spins against an independent code and published numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.processes.cevns.plain import helm
from tridentgen.constants import AXIAL_COUPLING, HBARC_GEV_FM
from tridentgen.errors import InputError
from tridentgen.matter.nuclei import nuclide
from tridentgen.processes.nucleus import (
    AXIAL_STRANGENESS,
    FORM_FACTORS,
    SPIN_CONTENT,
    NuclearShape,
    Shape,
    axial_strength,
    is_even_even,
)

Array = NDArray[np.float64]


def rms_fm(shape: Shape) -> float:
    """Radius from the slope at small Q^2, the next two orders taken out."""
    q2 = 4e-6 * np.array([1.0, 2.0, 4.0])
    secant = (1.0 - shape(q2)) / q2
    once = 2.0 * secant[:2] - secant[1:]
    return math.sqrt(6.0 * HBARC_GEV_FM**2 * float(4.0 * once[0] - once[1]) / 3.0)


@pytest.mark.parametrize("name", ["C12", "Ar40", "Ge74", "Cs133", "Pb208"])
def test_helm_by_lewin_and_smith(name: str) -> None:
    target = nuclide(name)
    protons, neutrons = NuclearShape().of(target)
    assert protons is neutrons
    q = np.linspace(0.0, 0.6, 61)
    found = protons(q * q)
    np.testing.assert_allclose(found, [helm(x, target.A) for x in q], rtol=1e-12, atol=1e-7)
    # the weak charge of heavy nuclei changes sign
    assert (np.min(found) < 0.0) == (target.A >= 12)


@pytest.mark.parametrize("name", ["Ar40", "Cs133"])
def test_sizes_of_the_literature(name: str) -> None:
    """Mean square radii by the moments of each density."""
    A = nuclide(name).A
    c = 1.23 * A ** (1 / 3) - 0.60
    surface2 = (math.pi * 0.52) ** 2
    expected = {
        "helm": 0.6 * (c**2 + 7 / 3 * surface2 - 5 * 0.81) + 3 * 0.81,
        "klein-nystrand": 0.6 * (1.2 * A ** (1 / 3)) ** 2 + 6 * 0.49,
        "fermi": 0.6 * c**2 + 1.4 * surface2,
    }
    for shape, squared in expected.items():
        assert rms_fm(NuclearShape(shape).of(nuclide(name))[0]) == pytest.approx(math.sqrt(squared), rel=1e-8, abs=0.0)
    # Lewin and Smith chose R0 so that Helm's shape has the radius of the Fermi density
    assert expected["helm"] == pytest.approx(expected["fermi"], rel=1e-12, abs=0.0)
    # and all are about as large as the charge
    for squared in expected.values():
        assert math.sqrt(squared) == pytest.approx(nuclide(name).charge_radius_fm, rel=0.06, abs=0.0)


@pytest.mark.parametrize("name", ["helm", "klein-nystrand", "fermi"])
def test_radii_of_protons_and_neutrons(name: str) -> None:
    target = nuclide("Cs133")
    protons, neutrons = NuclearShape(name, proton_radius_fm=4.7, neutron_radius_fm=5.01).of(target)
    assert rms_fm(protons) == pytest.approx(4.7, rel=1e-8, abs=0.0)
    assert rms_fm(neutrons) == pytest.approx(5.01, rel=1e-8, abs=0.0)
    # one that is not given keeps the size of the literature
    usual = rms_fm(NuclearShape(name).of(target)[0])
    protons, neutrons = NuclearShape(name, neutron_radius_fm=5.5).of(target)
    assert (rms_fm(protons), rms_fm(neutrons)) == pytest.approx((usual, 5.5), rel=1e-8, abs=0.0)
    protons, neutrons = NuclearShape(name, proton_radius_fm=4.8).of(target)
    assert (rms_fm(protons), rms_fm(neutrons)) == pytest.approx((4.8, usual), rel=1e-8, abs=0.0)
    same = NuclearShape(name, 4.8, 4.8).of(target)
    assert same[0] is same[1]


def test_helm_from_a_radius() -> None:
    protons, _ = NuclearShape("helm", 3.4274, 3.6).of(nuclide("Ar40"))
    q = np.linspace(0.01, 0.4, 30)
    np.testing.assert_allclose(protons(q * q), [helm(x, 40, 3.4274) for x in q], rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize("radius", [3.9, 5.4])
@pytest.mark.parametrize("name", ["helm", "klein-nystrand", "fermi"])
def test_the_derivative_by_the_radius(name: str, radius: float) -> None:
    """Central differences of fourth order; both lose digits where the series take over."""
    target, q2, step = nuclide("Cs133"), np.geomspace(1e-8, 0.1, 200), 5e-3

    def at(moved: int) -> Array:
        return np.asarray(NuclearShape(name, proton_radius_fm=radius + moved * step).of(target)[0](q2))

    expected = (8.0 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12.0 * step)
    np.testing.assert_allclose(NuclearShape(name).slope(target, radius)(q2), expected, rtol=2e-8, atol=3e-11)
    assert float(NuclearShape(name).slope(target, radius)(np.array([0.0]))[0]) == 0.0


def test_radii_of_the_literature_as_numbers() -> None:
    for name in ("helm", "klein-nystrand", "fermi"):
        shape = NuclearShape(name).of(nuclide("Ar40"))[0]
        assert NuclearShape(name).rms_radii_fm(nuclide("Ar40"))[0] == pytest.approx(rms_fm(shape), rel=1e-8, abs=0.0)


def test_hydrogen_is_a_nucleon() -> None:
    for name in ("helm", "klein-nystrand", "fermi"):
        shape = NuclearShape(name).of(nuclide("H1"))[0]
        assert rms_fm(shape) == pytest.approx(math.sqrt(12 / 0.71) * HBARC_GEV_FM, rel=1e-6, abs=0.0)
        assert rms_fm(shape) == pytest.approx(nuclide("H1").charge_radius_fm, rel=0.04, abs=0.0)
    assert NuclearShape("unit").of(nuclide("H1"))[0](0.3) == 1.0
    with pytest.raises(InputError, match=r"H1 is a single proton .* leave its radii out"):
        NuclearShape(proton_radius_fm=0.84).of(nuclide("H1"))


@pytest.mark.parametrize("name", ["D", "He4", "C12", "F19", "S32", "W184", "Pb208"])
@pytest.mark.parametrize("shape", FORM_FACTORS)
def test_every_nuclide_has_every_shape(name: str, shape: str) -> None:
    protons, _ = NuclearShape(shape).of(nuclide(name))
    value = protons(np.geomspace(1e-12, 1e3, 200))
    assert np.all(np.abs(value) <= 1.0 + 1e-15)
    assert float(protons(np.array([0.0]))[0]) == pytest.approx(1.0, abs=4e-16)


def test_shapes_are_refused_in_one_line() -> None:
    with pytest.raises(InputError, match=r"unknown form factor 'hellm', did you mean 'helm'\?; known are"):
        NuclearShape("hellm")
    with pytest.raises(InputError, match="neutron_radius_fm = -1 must be positive"):
        NuclearShape(neutron_radius_fm=-1)
    with pytest.raises(InputError, match="proton_radius_fm = nan must be positive"):
        NuclearShape(proton_radius_fm=math.nan)
    with pytest.raises(InputError, match="has no meaning for a point-like nucleus"):
        NuclearShape("unit", neutron_radius_fm=3.0)
    with pytest.raises(InputError, match=r"neutron_radius_fm = 1.5 is too small for form factor 'helm': .* 1.56 fm"):
        NuclearShape(neutron_radius_fm=1.5).of(nuclide("Ar40"))


PUBLISHED = {"F19": 1.706, "Na23": 0.170, "Ge73": 0.377, "I127": 0.343, "Xe129": 0.573, "Cs133": 0.376}
"""F_A(0) as it is quoted."""


@pytest.mark.parametrize("name", PUBLISHED)
def test_axial_strengths(name: str) -> None:
    assert axial_strength(nuclide(name)) == pytest.approx(PUBLISHED[name], abs=5.1e-4)


def test_axial_strength_of_a_free_proton() -> None:
    """F_A(0) = (g_A - g_A^s)^2: the kinematic factor of spin 1/2 with C_A = g_A - g_A^s, elastic scattering of nu p."""
    assert axial_strength(nuclide("H1")) == pytest.approx((AXIAL_COUPLING - AXIAL_STRANGENESS) ** 2, rel=1e-14, abs=0.0)


@pytest.mark.parametrize("name", SPIN_CONTENT)
def test_spins_are_carried_by_the_odd_kind_of_nucleon(name: str) -> None:
    """An odd proton or neutron carries most of the spin, at most 1/2 of it, with the sign of j = l +- 1/2."""
    target, content = nuclide(name), SPIN_CONTENT[name]
    odd, even = (content.protons, content.neutrons) if target.Z % 2 else (content.neutrons, content.protons)
    assert abs(odd) > 4 * abs(even)
    assert 0.1 < abs(odd) <= 0.5
    assert not is_even_even(target)
    # single-particle (Schmidt) value: 1/2 for j = l + 1/2, -j/(2j + 2) for j = l - 1/2
    schmidt = 0.5 if odd > 0 else -content.J / (2 * content.J + 2)
    assert 0.0 < odd / schmidt < 1.05


def test_nuclides_without_spin_content() -> None:
    assert axial_strength(nuclide("Ar40")) == 0.0
    with pytest.raises(InputError, match=r"axial = true: the spin content of C13 is not known here .* leave axial out"):
        axial_strength(nuclide("C13"))
