"""Distributions of protons, neutrons and their spins in a nucleus, for elastic scattering on it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from tridentgen.constants import AXIAL_COUPLING
from tridentgen.errors import InputError, nearest
from tridentgen.matter.nuclei import Nuclide
from tridentgen.physics import form_factors
from tridentgen.physics.elementary import Value
from tridentgen.physics.form_factors import FormFactor

Radius = float | Mapping[str, float] | tuple[tuple[str, float], ...]
"""An rms radius in fm, or one for each nuclide or element by name; a mapping is kept as pairs."""

FORM_FACTORS = ("helm", "klein-nystrand", "fermi", "unit")

Shape = Callable[[Value], Value]
"""A form factor of Q^2 in GeV^2."""

_POINT_LIKE = "has no meaning for a point-like nucleus: choose form_factor 'helm'"
_SKIN_FM = 0.9  # of Helm's density; this and the next: Lewin and Smith, Astropart. Phys. 6 (1996) 87, eqs. 4.9-4.11
_DIFFUSENESS_FM, _SLOPE_FM, _OFFSET_FM = 0.52, 1.23, -0.60
_KLEIN_NYSTRAND_RADIUS_FM, _KLEIN_NYSTRAND_RANGE_FM = 1.2, 0.7  # Phys. Rev. C 60 (1999) 014903


@dataclass(frozen=True)
class NuclearShape:
    """Form factors of protons and neutrons.

    Parameters
    ----------
    name : str
        ``helm`` (skin 0.9 fm), ``klein-nystrand`` (range 0.7 fm), ``fermi`` (symmetrised, diffuseness 0.52 fm) or
        ``unit``.
    proton_radius_fm, neutron_radius_fm : float or mapping
        Rms radii of the distributions of point-like protons and neutrons, or one for each nuclide or element, such as
        ``{"Cs": 4.821, "I": 4.766}``. If a radius is not given, the size is that of the literature:
        c = 1.23 A^(1/3) - 0.60 fm for ``helm`` (Lewin and Smith) and ``fermi``, 1.2 A^(1/3) fm for ``klein-nystrand``.
    neutron_skin_fm : float
        Rms radius of the neutrons minus that of the protons, the same for all nuclides, in place of a neutron radius.

    Raises
    ------
    InputError
        For an unknown name, a radius that is not positive or given for ``unit``, or both a neutron radius and a skin.

    Notes
    -----
    H1 has the dipole form factor of the nucleon for all names but ``unit``.
    """

    name: str = "helm"
    proton_radius_fm: Radius | None = None
    neutron_radius_fm: Radius | None = None
    neutron_skin_fm: float | None = None

    def __post_init__(self) -> None:
        if self.name not in FORM_FACTORS:
            raise InputError(
                f"unknown form factor '{self.name}'{nearest(self.name, FORM_FACTORS)}; "
                f"known are {', '.join(FORM_FACTORS)}"
            )
        for key in ("proton_radius_fm", "neutron_radius_fm"):
            given = getattr(self, key)
            if isinstance(given, Mapping):
                object.__setattr__(self, key, tuple(given.items()))
            for where, radius in _numbers(key, getattr(self, key)):
                if self.name == "unit":
                    raise InputError(f"{where} = {radius} {_POINT_LIKE}")
                if not (math.isfinite(radius) and radius > 0.0):
                    raise InputError(f"{where} = {radius} must be positive; nuclei have about 0.9 A^(1/3) fm")
        self._check_skin()

    def _check_skin(self) -> None:
        skin = self.neutron_skin_fm
        if skin is None:
            return
        if self.neutron_radius_fm is not None:
            raise InputError("neutron_skin_fm and neutron_radius_fm both give the size of the neutrons: leave one out")
        if self.name == "unit":
            raise InputError(f"neutron_skin_fm = {skin} {_POINT_LIKE}")
        if not math.isfinite(skin):
            raise InputError(f"neutron_skin_fm = {skin} must be a number; heavy nuclei have 0.1 to 0.3 fm")

    def of(self, nuclide: Nuclide) -> tuple[Shape, Shape]:
        """Return the form factors of protons and of neutrons, the same object if they do not differ.

        Raise `InputError` if a radius is too small for the surface of the shape, or has no entry for the nuclide.
        """
        if self.name == "unit":
            return form_factors.unit, form_factors.unit
        if nuclide.is_hydrogen:
            given = (self.proton_radius_fm, self.neutron_radius_fm, self.neutron_skin_fm)
            if any(radius is not None for radius in given):
                raise InputError("H1 is a single proton with a known form factor: leave its radii out")
            return form_factors.dipole, form_factors.dipole
        proton_fm, neutron_fm = self.radius_fm("proton_radius_fm", nuclide), self._neutron_radius_fm(nuclide)
        proton = self._shape(nuclide, "proton_radius_fm", proton_fm)
        if proton_fm == neutron_fm:
            return proton, proton
        key = (
            "neutron_radius_fm" if self.neutron_skin_fm is None else f"neutron_skin_fm = {self.neutron_skin_fm}: radius"
        )
        return proton, self._shape(nuclide, key, neutron_fm)

    def radius_fm(self, key: str, nuclide: Nuclide) -> float | None:
        """Return the radius given for a nuclide under `key`, None if it is that of the literature."""
        given: Radius | None = getattr(self, key)
        if given is None or isinstance(given, (int, float)):
            return given
        radii = dict(given)
        for name in (nuclide.name, nuclide.symbol):
            if name in radii:
                return radii[name]
        raise InputError(f"{key} has no entry for {nuclide.name}, only for {', '.join(radii)}; add {nuclide.symbol}")

    def rms_radii_fm(self, nuclide: Nuclide) -> tuple[float, float]:
        """Return the rms radii of protons and neutrons of a nuclide, given or of the literature."""
        proton, neutron = self.radius_fm("proton_radius_fm", nuclide), self._neutron_radius_fm(nuclide)
        usual = self._usual_radius_fm(nuclide)
        return usual if proton is None else proton, usual if neutron is None else neutron

    def _neutron_radius_fm(self, nuclide: Nuclide) -> float | None:
        if self.neutron_skin_fm is None:
            return self.radius_fm("neutron_radius_fm", nuclide)
        proton = self.radius_fm("proton_radius_fm", nuclide)
        return (self._usual_radius_fm(nuclide) if proton is None else proton) + self.neutron_skin_fm

    def _usual_radius_fm(self, nuclide: Nuclide) -> float:
        a, b, size2 = self._sizes(nuclide)
        return math.sqrt(a * size2 + b)

    def _sizes(self, nuclide: Nuclide) -> tuple[float, float, float]:
        """Return a and b of <r^2> = a size^2 + b of the shape, and the size^2 of the literature."""
        third = nuclide.A ** (1.0 / 3.0)
        half = _SLOPE_FM * third + _OFFSET_FM
        surface2 = (math.pi * _DIFFUSENESS_FM) ** 2
        return {
            "helm": (0.6, 3.0 * _SKIN_FM**2, half**2 + 7.0 / 3.0 * surface2 - 5.0 * _SKIN_FM**2),
            "klein-nystrand": (0.6, 6.0 * _KLEIN_NYSTRAND_RANGE_FM**2, (_KLEIN_NYSTRAND_RADIUS_FM * third) ** 2),
            "fermi": (0.6, 1.4 * surface2, half**2),
        }[self.name]

    def _shape(self, nuclide: Nuclide, key: str, radius_fm: float | None) -> FormFactor:
        """Return the form factor with a radius, which came from `key`."""
        a, b, size2 = self._sizes(nuclide)
        if radius_fm is not None:
            size2 = (radius_fm**2 - b) / a
        if size2 <= 0.0 or (radius_fm is not None and radius_fm <= 0.0):
            raise InputError(
                f"{key} = {radius_fm:.6g} is too small for form factor '{self.name}': its surface alone has "
                f"{math.sqrt(b):.3g} fm; give a larger radius of {nuclide.name}"
            )
        size = math.sqrt(size2)
        if self.name == "helm":
            return FormFactor(form_factors.helm, (size, _SKIN_FM))
        if self.name == "klein-nystrand":
            return FormFactor(form_factors.klein_nystrand, (size, _KLEIN_NYSTRAND_RANGE_FM))
        return FormFactor(form_factors.symmetrised_fermi, (size, _DIFFUSENESS_FM))

    def slope(self, nuclide: Nuclide, radius_fm: float) -> FormFactor:
        """Return the derivative in 1/fm of the form factor by its rms radius, at this radius."""
        a, _, _ = self._sizes(nuclide)
        shape = self._shape(nuclide, "radius_fm", radius_fm)
        size, _ = shape.parameters
        function = {
            "helm": form_factors.helm_slope,
            "klein-nystrand": form_factors.klein_nystrand_slope,
            "fermi": form_factors.symmetrised_fermi_slope,
        }[self.name]
        assert isinstance(size, float)
        return FormFactor(function, (*shape.parameters, radius_fm / (a * size)))


def _numbers(key: str, radius: Radius | None) -> tuple[tuple[str, float], ...]:
    """Return each number of a radius with its name."""
    if radius is None:
        return ()
    if isinstance(radius, (int, float)):
        return ((key, radius),)
    pairs = radius.items() if isinstance(radius, Mapping) else radius
    return tuple((f"{key}.{name}", number) for name, number in pairs)


class SpinContent(NamedTuple):
    """Spin J of a nucleus and the expectation values of its protons' and neutrons' spins."""

    J: float
    protons: float
    neutrons: float


SPIN_CONTENT: Mapping[str, SpinContent] = MappingProxyType(
    {
        "H1": SpinContent(0.5, 0.5, 0.0),
        "F19": SpinContent(0.5, 0.478, -0.002),
        "Na23": SpinContent(1.5, 0.224, 0.024),
        "Al27": SpinContent(2.5, 0.326, 0.038),
        "Si29": SpinContent(0.5, 0.016, 0.156),
        "Ge73": SpinContent(4.5, 0.031, 0.439),
        "I127": SpinContent(2.5, 0.342, 0.031),
        "Xe129": SpinContent(0.5, 0.010, 0.329),
        "Xe131": SpinContent(1.5, -0.009, -0.272),
        "Cs133": SpinContent(3.5, -0.343, 0.001),
    }
)
"""Shell-model values: Klos et al., Phys. Rev. D 88 (2013) 083516; Cs133: Hoferichter, Menendez, Schwenk, Phys. Rev.
D 102 (2020) 074018."""

AXIAL_STRANGENESS = -0.085
"""g_A^s, the strange-quark contribution to the nucleon spin: Airapetian et al., Phys. Rev. D 75 (2007) 012007."""


def is_even_even(nuclide: Nuclide) -> bool:
    """Return whether the ground state has spin 0 because protons and neutrons are both even in number."""
    return nuclide.Z % 2 == 0 and nuclide.N % 2 == 0


def axial_strength(nuclide: Nuclide) -> float:
    """Return F_A(0) = (4/3) (J+1)/J [g_A (S_p - S_n) - g_A^s (S_p + S_n)]^2; 0 for even-even nuclides.

    Only the transverse axial current, 2/3 of the spin response at rest, acts on neutrinos (Hoferichter, Menendez,
    Schwenk, Phys. Rev. D 102 (2020) 074018). Raise `InputError` if the spin content is not known here.
    """
    if is_even_even(nuclide):
        return 0.0
    if nuclide.name not in SPIN_CONTENT:
        raise InputError(
            f"axial = true: the spin content of {nuclide.name} is not known here (known odd nuclides are "
            f"{', '.join(SPIN_CONTENT)}); leave axial out"
        )
    J, protons, neutrons = SPIN_CONTENT[nuclide.name]
    amplitude = AXIAL_COUPLING * (protons - neutrons) - AXIAL_STRANGENESS * (protons + neutrons)
    return 4.0 / 3.0 * (J + 1.0) / J * amplitude * amplitude
