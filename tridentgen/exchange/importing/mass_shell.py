"""Whether energy, momentum and mass of a particle in a file of another generator agree, and with its code."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from particle import Particle

from tridentgen.errors import InputError
from tridentgen.matter.nuclei import FIRST_NUCLEUS_CODE, charge_and_mass_number, nuclear_mass_GeV

_GEV_PER_MEV = 1e-3
_SINGLE_PRECISION = 5e-7
"""Rounding of E^2 - p^2 relative to E^2 in single precision."""
_SAME_MASS = 2e-3
"""Relative difference below which masses are the same: tables differ, and printed energies are truncated."""
_OF_ITS_CODE, _FAR_FROM_ITS_CODE = 0.02, 0.2
"""Relative difference from the PDG mass: a mass is identified within the first, and refused beyond the second."""
_WIDTHS = 3.0
_LEAST_MASS_GEV = 1e-3
"""Lighter particles are often written as massless."""
_BOOKKEEPING = 2 * FIRST_NUCLEUS_CODE
"""Codes from here on are bookkeeping entries of generators."""

Momentum = tuple[float, float, float, float]


class Judged(NamedTuple):
    """Mass in GeV to use; why it is not that of the file, and why none is acceptable: empty if nothing is wrong."""

    mass_GeV: float
    instead: str = ""
    refused: str = ""


class Printed(NamedTuple):
    """How numbers are printed: with so many significant digits, or decimals in a unit in GeV; one or the other."""

    digits: int
    decimals: int
    unit_GeV: float = 1.0

    @classmethod
    def of(cls, numbers: Iterable[float], unit_GeV: float) -> Printed:
        """Return the most digits and the most decimals of any of the numbers, as they stand in a file."""
        digits = decimals = 0
        for number in numbers:
            mantissa, _, power = repr(abs(number)).partition("e")
            digits = max(digits, len(mantissa.replace(".", "").strip("0")))
            fraction = mantissa.partition(".")[2].rstrip("0")
            decimals = max(decimals, len(fraction) - int(power or 0))
        return cls(digits, decimals, unit_GeV)

    def last_place_GeV(self, energy_GeV: float) -> float:
        """Return the value of the last place of a number: of fixed decimals, or of significant digits."""
        fixed = self.unit_GeV * 10.0**-self.decimals
        if not energy_GeV:
            return fixed
        return max(fixed, float(10.0 ** (math.floor(math.log10(abs(energy_GeV))) + 1 - self.digits)))


def agrees(code: int, p4: Momentum, mass_GeV: float) -> bool:
    """Return whether mass, momentum and code of a particle agree, whatever the digits; this is fast."""
    energy, x, y, z = p4
    square = energy * energy - x * x - y * y - z * z
    if not energy >= 0.0 or not mass_GeV >= 0.0 or not _near(code, mass_GeV, _FAR_FROM_ITS_CODE):
        return False
    return abs(square - mass_GeV * mass_GeV) <= _SINGLE_PRECISION * energy * energy or (
        square > 0.0 and abs(math.sqrt(square) - mass_GeV) <= _SAME_MASS * mass_GeV
    )


def judged(code: int, p4: Momentum, mass_GeV: float, printed: Printed) -> Judged:
    """Return the mass to use for a particle, given (E, px, py, pz) and the mass in GeV.

    A mass that contradicts E and p is replaced by sqrt(E^2 - p^2) if that is about the PDG mass. Numbers
    that are not finite are left alone.

    Parameters
    ----------
    code : int
        Of the particle data group.
    p4 : tuple of float
    mass_GeV : float
        As it stands in the file.
    printed : Printed
        How the momenta are printed; each may be wrong by one in the last place.
    """
    if not all(map(math.isfinite, (*p4, mass_GeV))) or abs(code) >= _BOOKKEEPING or agrees(code, p4, mass_GeV):
        return Judged(mass_GeV)
    energy, known = p4[0], _of_code(code)
    square = energy * energy - sum(x * x for x in p4[1:])
    places = [printed.last_place_GeV(x) for x in p4]
    slack = _SINGLE_PRECISION * energy * energy
    slack += sum((2.0 * abs(x) + place) * place for x, place in zip(p4, places, strict=True))
    found = math.sqrt(max(square, 0.0))
    words = f"E^2 - p^2 = {square:.6g} GeV^2 and the mass {mass_GeV:.6g} GeV"
    if known is not None and known[0] > 0.0 and not _within(mass_GeV, known, _SAME_MASS):
        words += f" where its code has {known[0]:.6g} GeV"
    if -math.sqrt(slack) <= mass_GeV < 0.0:  # as CLHEP gives for a rounded square below 0
        mass_GeV = 0.0
    if energy < 0.0 or mass_GeV < 0.0 or square < -slack or unit_hint(code, mass_GeV):
        return Judged(mass_GeV, refused=words)
    if abs(square - mass_GeV * mass_GeV) <= slack:
        if _near(code, mass_GeV, _FAR_FROM_ITS_CODE):
            return Judged(mass_GeV)
        if known is not None and abs(square - known[0] * known[0]) <= slack:
            return Judged(known[0], instead=f"the mass {mass_GeV:.6g} GeV, {known[0]:.6g} GeV is taken")
        return Judged(mass_GeV, refused=words)
    if known is None:
        if mass_GeV == 0.0 and square > 0.0:
            return Judged(found, instead=f"the mass 0, sqrt(E^2 - p^2) = {found:.6g} GeV is taken")
        return Judged(mass_GeV, refused=words)
    if abs(square - known[0] * known[0]) <= slack or _within(found, known, _OF_ITS_CODE):
        mass = found if known[0] > 0.0 else 0.0
        return Judged(mass, instead=f"the mass {mass_GeV:.6g} GeV, sqrt(E^2 - p^2) = {mass:.6g} GeV is taken")
    return Judged(mass_GeV, refused=words)


def unit_hint(code: int, mass_GeV: float) -> str:
    """Return a word on MeV where a mass is that of the code in MeV."""
    known = _of_code(code)
    in_MeV = known is not None and known[0] > 0.0 and abs(mass_GeV * _GEV_PER_MEV / known[0] - 1.0) < _OF_ITS_CODE
    return "; these are MeV: divide momenta and masses by 1000" if in_MeV else ""


def _near(code: int, mass_GeV: float, relative: float) -> bool:
    """Return whether a mass is about that of the code; True where the code has none."""
    known = _of_code(code)
    if known is None:
        return True
    if known[0] < _LEAST_MASS_GEV:
        return known[0] == 0.0 or mass_GeV < _LEAST_MASS_GEV
    return _within(mass_GeV, known, relative)


def _within(mass_GeV: float, known: tuple[float, float], relative: float) -> bool:
    """Return whether a mass is so near to another, within its width."""
    return abs(mass_GeV - known[0]) <= relative * known[0] + _WIDTHS * known[1]


@cache
def _of_code(code: int) -> tuple[float, float] | None:
    """Return mass and width of a particle in GeV; None where they are not known."""
    nucleus = charge_and_mass_number(abs(code))
    if nucleus is not None and nucleus[1] > 1:
        try:
            return nuclear_mass_GeV(*nucleus), 0.0
        except InputError:
            return None
    if abs(code) in (12, 14, 16, 22):
        return 0.0, 0.0
    found = next(iter(Particle.finditer(lambda particle: int(particle.pdgid) == code)), None)
    if found is None or found.mass is None:
        return None
    return float(found.mass) * _GEV_PER_MEV, float(found.width or 0.0) * _GEV_PER_MEV
