"""Target materials: nuclides, elements of natural composition, compounds and mixtures."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from tridentgen.constants import ATOMIC_MASS_UNIT_GEV, AVOGADRO
from tridentgen.errors import InputError, nearest
from tridentgen.matter.nuclei import Nuclide, data_rows, element_symbols, nuclide, split_name

_GRAMS_PER_TONNE = 1.0e6
_MAX_COUNT = 10_000.0
_TOKEN = re.compile(r"(?P<symbol>[A-Z][a-z]?)|(?P<number>[0-9]+(?:\.[0-9]+)?)|(?P<open>\()|(?P<close>\))")
_FORMULAS = MappingProxyType(
    {
        "LAr": "Ar",
        "LXe": "Xe",
        "water": "H2O",
        "heavy-water": "D2O",
        "polystyrene": "CH",
        "scintillator": "CH",
        # AISI 304 by atoms, as in Geant4's G4_STAINLESS-STEEL
        "stainless-steel": "Fe74Cr18Ni8",
    }
)
_WAYS = "a nuclide (Ar40), an element (Ar), a formula (CsI)"


@dataclass(frozen=True)
class Material:
    """A target material; get one with `material`."""

    name: str
    components: tuple[tuple[Nuclide, float], ...]
    """Each nuclide with its number per formula unit; per mean atom for elements and mixtures."""

    @property
    def mass_GeV(self) -> float:
        """Mass in GeV of a formula unit: the sum of its ATOMIC masses, without chemical binding."""
        return math.fsum(number * n.atomic_mass_GeV for n, number in self.components)

    @property
    def molar_mass_g(self) -> float:
        """Mass in grams of a mole of formula units. Since the SI of 2019, a mole of u is a gram to within 1e-9."""
        return self.mass_GeV / ATOMIC_MASS_UNIT_GEV

    @property
    def nuclides(self) -> tuple[Nuclide, ...]:
        """Its nuclides."""
        return tuple(nuclide for nuclide, _ in self.components)

    @property
    def fractions(self) -> tuple[float, ...]:
        """Share of each nuclide in the nuclei; they sum to 1."""
        total = math.fsum(number for _, number in self.components)
        return tuple(number / total for _, number in self.components)

    def number_of(self, target: Nuclide) -> float:
        """Return the number of nuclei `target` per formula unit; raise `InputError` if there are none."""
        for component, number in self.components:
            if component == target:
                return number
        raise InputError(
            f"there is no {target.name} in material '{self.name}', only {', '.join(n.name for n, _ in self.components)}"
        )

    def number_per_tonne(self, target: Nuclide) -> float:
        """Return the number of nuclei `target` in a tonne (1e6 g); raise `InputError` if there are none."""
        return self.number_of(target) * AVOGADRO * _GRAMS_PER_TONNE / self.molar_mass_g

    def mass_fraction(self, target: Nuclide) -> float:
        """Return the mass fraction of the atoms of `target`; raise `InputError` if there are none."""
        return self.number_of(target) * target.atomic_mass_GeV / self.mass_GeV


@cache
def material(name: str) -> Material:
    """Return the material called `name`.

    Parameters
    ----------
    name : str
        One of `named_materials`; a nuclide (``Ar40``) for a pure isotope; an element (``Ar``) with its
        natural isotopes; or a formula (``CsI``, ``C8H20Pb``, ``Ca(OH)2``), where D stands for deuterium.
        A symbol with a number, such as ``O16``, is always a nuclide.

    Raises
    ------
    InputError
        If `name` is none of these or names an element, isotope or count that cannot be used.
    """
    if name in _mixtures():
        return Material(name, _by_mass_fraction(_mixtures()[name]))
    if name == "H2":
        raise InputError("material 'H2' is ambiguous: write 'H' for hydrogen or 'D' for deuterium")
    parts = split_name(name)
    if parts is not None and parts[0] in element_symbols():
        return Material(name, ((_pure(name, *parts), 1.0),))
    return Material(name, _isotopes_of(parse_formula(_FORMULAS.get(name, name))))


def named_materials() -> tuple[str, ...]:
    """Return the names of the materials that are neither nuclide nor formula."""
    return (*_FORMULAS, *_mixtures())


@cache
def natural_isotopes(symbol: str) -> tuple[tuple[Nuclide, float], ...]:
    """Return the isotopes of an element with their number fractions, which sum to 1.

    Representative isotopic compositions of CIAAW; sources in ``data/isotopic_abundances.csv``. The symbol D
    is deuterium.

    Raises
    ------
    InputError
        If the element is unknown or has no natural isotopic composition.
    """
    if symbol == "D":
        return ((nuclide("D"), 1.0),)
    if symbol not in element_symbols():
        raise InputError(f"unknown element '{symbol}'{nearest(symbol, element_symbols())}")
    rows = [row for row in data_rows("isotopic_abundances.csv") if row["symbol"] == symbol]
    if not rows:
        raise InputError(f"element '{symbol}' has no natural isotopes: name one by its mass number, such as Tc98")
    # Rounding in the table leads to sums such as 1.0001 (Hf).
    total = math.fsum(float(row["abundance"]) for row in rows)
    return tuple((nuclide(f"{symbol}{row['A']}"), float(row["abundance"]) / total) for row in rows)


def parse_formula(formula: str) -> dict[str, float]:
    """Count the atoms in a chemical formula with parentheses, such as ``Ca(OH)2``.

    Returns
    -------
    dict of str to float
        Number of atoms of each element symbol, in order of appearance.

    Raises
    ------
    InputError
        Naming the formula and the character that cannot be read.
    """
    groups: list[dict[str, float]] = [{}]
    last: dict[str, float] | None = None  # the atoms that a following number multiplies
    position = 0
    while position < len(formula):
        match = _TOKEN.match(formula, position)
        if match is None:
            raise _unknown(formula, f"cannot read '{formula[position]}' at character {position + 1}")
        if match["symbol"] and match["symbol"] not in (*element_symbols(), "D"):
            raise _unknown(formula, f"there is no element '{match['symbol']}'")
        if match["number"]:
            if last is None:
                raise InputError(f"material '{formula}': the number at character {position + 1} follows no element")
            _add(groups[-1], last, _count(formula, match["number"]) - 1.0)
            last = None
        elif match["open"]:
            groups.append({})
            last = None
        else:
            last = {match["symbol"]: 1.0} if match["symbol"] else _close(formula, groups, position)
            _add(groups[-1], last, 1.0)
        position = match.end()
    if len(groups) > 1:
        raise InputError(f"material '{formula}': a parenthesis is not closed")
    if not groups[0]:
        raise InputError(f"material '{formula}' is empty: name {_WAYS} or one of {', '.join(named_materials())}")
    return groups[0]


def _close(formula: str, groups: list[dict[str, float]], position: int) -> dict[str, float]:
    """Take the innermost open group off `groups` and return it."""
    if len(groups) == 1:
        raise InputError(f"material '{formula}': the parenthesis at character {position + 1} is not opened")
    if not groups[-1]:
        raise InputError(f"material '{formula}': the parentheses that end at character {position + 1} are empty")
    return groups.pop()


def _add(total: dict[str, float], part: Mapping[str, float], times: float) -> None:
    """Add `part`, multiplied, to `total`."""
    for symbol, number in part.items():
        total[symbol] = total.get(symbol, 0.0) + times * number


def _count(formula: str, digits: str) -> float:
    """Read a number of atoms."""
    number = float(digits)
    if not 0.0 < number <= _MAX_COUNT:
        raise InputError(f"material '{formula}': the count {digits} is not between 0 and {_MAX_COUNT:.0f}")
    return number


def _unknown(formula: str, reason: str) -> InputError:
    """Return the error for a name that is neither known nor a formula."""
    names = (*named_materials(), *element_symbols())
    # Errors of case ('lar', 'ar') come first, as the most common.
    slip = next((f", did you mean '{n}'?" for n in names if n.casefold() == formula.casefold()), "")
    return InputError(
        f"unknown material '{formula}'{slip or nearest(formula, names)} ({reason}); "
        f"name {_WAYS} or one of {', '.join(named_materials())}"
    )


def _pure(name: str, symbol: str, A: int) -> Nuclide:
    """Return the nuclide `name`; if the number can only be a count of atoms, the error suggests the element."""
    Z = element_symbols().index(symbol) + 1
    if A < Z:
        raise InputError(f"material '{name}' is not a nuclide; for the natural element write '{symbol}'")
    return nuclide(name)


def _isotopes_of(counts: Mapping[str, float]) -> tuple[tuple[Nuclide, float], ...]:
    """Convert numbers of atoms of elements into numbers of nuclides, sorted by Z and A."""
    numbers: dict[Nuclide, float] = {}
    for symbol, count in counts.items():
        for isotope, fraction in natural_isotopes(symbol):
            numbers[isotope] = numbers.get(isotope, 0.0) + count * fraction
    return tuple(sorted(numbers.items(), key=lambda item: (item[0].Z, item[0].A)))


def _by_mass_fraction(fractions: Mapping[str, float]) -> tuple[tuple[Nuclide, float], ...]:
    """Convert mass fractions of elements into numbers of nuclides per mean atom."""
    moles = {
        symbol: fraction / math.fsum(x * n.atomic_mass_GeV for n, x in natural_isotopes(symbol))
        for symbol, fraction in fractions.items()
    }
    total = math.fsum(moles.values())
    return _isotopes_of({symbol: mole / total for symbol, mole in moles.items()})


@cache
def _mixtures() -> Mapping[str, Mapping[str, float]]:
    """Return the mass fractions of the elements in each named mixture."""
    mixtures: dict[str, dict[str, float]] = {}
    for row in data_rows("mixtures.csv"):
        mixtures.setdefault(row["name"], {})[row["symbol"]] = float(row["mass_fraction"])
    return MappingProxyType({name: MappingProxyType(parts) for name, parts in mixtures.items()})
