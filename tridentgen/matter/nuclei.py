"""Nuclides: their names, NUCLEAR masses and rms charge radii."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from particle import Particle

from tridentgen.constants import ELECTRON_MASS_GEV, PROTON_MASS_GEV
from tridentgen.errors import InputError, nearest

_SYMBOLS_BY_Z = """
H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb
Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu
Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db
Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og
"""
_SYMBOLS = tuple(_SYMBOLS_BY_Z.split())
_ALIASES = MappingProxyType({"p": ("H", 1), "D": ("H", 2)})
_NAME = re.compile(
    r"(?P<symbol>[A-Za-z]{1,3})-?(?P<A>[0-9]{1,9})|(?P<A_first>[0-9]{1,9})-?(?P<symbol_last>[A-Za-z]{1,3})"
)

FIRST_NUCLEUS_CODE = 1_000_000_000
"""PDG codes from here on are those of nuclei, 10LZZZAAAI, and of what generators keep their books with."""

PROTON_PDG, NEUTRON_PDG = 2212, 2112

PROTON_CHARGE_RADIUS_FM = 0.8409
"""Rms charge radius of the proton in fm: PDG 2024, muonic hydrogen (Angeli & Marinova 2013 have 0.8783)."""

RADIUS_MEASURED = "Angeli & Marinova 2013"
RADIUS_PROTON = "PDG 2024"
RADIUS_FIT = "fit"


@dataclass(frozen=True)
class Nuclide:
    """A nuclide in its ground state; get one with `nuclide`."""

    symbol: str
    Z: int
    A: int
    mass_GeV: float
    """Mass of the bare NUCLEUS in GeV."""
    charge_radius_fm: float
    """Rms charge radius in fm."""
    charge_radius_source: str
    """``"Angeli & Marinova 2013"``, ``"PDG 2024"`` (the proton) or ``"fit"``."""

    @property
    def name(self) -> str:
        """Name on cards: ``Ar40``, ``H1``, ..."""
        return f"{self.symbol}{self.A}"

    @property
    def N(self) -> int:
        """Number of neutrons."""
        return self.A - self.Z

    @property
    def pdgid(self) -> int:
        """PDG Monte Carlo code of the nucleus: 1000180400 for Ar40; 2212 for H1, which is a proton."""
        return nucleus_code(self.Z, self.A)

    @property
    def is_hydrogen(self) -> bool:
        """True for H1 only: a free proton, neither Pauli-blocked nor coherent over several nucleons."""
        return self.A == 1

    @property
    def atomic_mass_GeV(self) -> float:
        """Mass of the neutral atom in GeV, for amounts of matter."""
        return self.mass_GeV + self.Z * ELECTRON_MASS_GEV - electron_binding_GeV(self.Z)


@cache
def nuclide(name: str) -> Nuclide:
    """Return the nuclide called `name`.

    Parameters
    ----------
    name : str
        ``Ar40``, ``Ar-40`` or ``40Ar``; ``p`` is H1 and ``D`` is H2.

    Raises
    ------
    InputError
        If `name` has another form, the element is unknown, A < Z, or no mass of the isotope is known.

    Notes
    -----
    Atomic masses come from `particle` (AME); see `nuclear_mass_GeV` and `charge_radius` for the rest.
    """
    parts = split_name(name)
    if parts is None:
        raise InputError(f"cannot read nuclide '{name}'; write an element symbol and a mass number, such as Ar40")
    symbol, A = parts
    if symbol not in _SYMBOLS:
        raise InputError(f"unknown element '{symbol}' in nuclide '{name}'{_suggestion(symbol, A)}")
    Z = _SYMBOLS.index(symbol) + 1
    if A < Z:
        raise InputError(f"nuclide '{name}' is impossible: mass number {A} is below the {Z} protons of {symbol}")
    radius_fm, source = charge_radius(Z, A)
    return Nuclide(symbol, Z, A, nuclear_mass_GeV(Z, A), radius_fm, source)


def split_name(name: str) -> tuple[str, int] | None:
    """Split the name of a nuclide into letters and mass number; None if it does not have that form.

    The letters are returned as written: they need not be an element.
    """
    if name in _ALIASES:
        return _ALIASES[name]
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    return match["symbol"] or match["symbol_last"], int(match["A"] or match["A_first"])


def nucleus_code(Z: int, A: int) -> int:
    """Return the PDG Monte Carlo code of a nucleus in its ground state, or of a nucleon where A is 1."""
    if A == 1:
        return PROTON_PDG if Z == 1 else NEUTRON_PDG
    return _ten_digits(Z, A)


def charge_and_mass_number(code: int) -> tuple[int, int] | None:
    """Return (Z, A) of the nucleus or nucleon that a PDG Monte Carlo code stands for; None for anything else.

    Of a nucleus, 10LZZZAAAI, the number L of hyperons and the excited state I are ignored.
    """
    if code in (PROTON_PDG, NEUTRON_PDG):
        return int(code == PROTON_PDG), 1
    if code // FIRST_NUCLEUS_CODE != 1:
        return None
    return code // 10_000 % 1000, code // 10 % 1000


def _ten_digits(Z: int, A: int) -> int:
    return FIRST_NUCLEUS_CODE + 10_000 * Z + 10 * A


def element_symbols() -> tuple[str, ...]:
    """Return the symbols of the elements in the order of Z, from H (Z = 1) to Og (118)."""
    return _SYMBOLS


def electron_binding_GeV(Z: int) -> float:
    """Total binding energy in GeV of the Z electrons of a neutral atom.

    14.4381 Z^2.39 + 1.55468e-6 Z^5.35 eV: Lunney, Pearson, Thibault, Rev. Mod. Phys. 75 (2003) 1021,
    eq. (A4).
    """
    return float(14.4381 * Z**2.39 + 1.55468e-6 * Z**5.35) * 1e-9


def nuclear_mass_GeV(Z: int, A: int) -> float:
    """Mass in GeV of the bare nucleus: the atomic mass minus Z m_e plus the binding energy of the electrons.

    The proton mass is taken from `constants`. Mass tables, including that of `particle`, list atomic masses: for Ar40
    the difference is 9.18 MeV, a hundred times any recoil energy in CEvNS.

    Raises
    ------
    InputError
        If no mass of the nuclide is known.
    """
    if (Z, A) == (1, 1):
        return PROTON_MASS_GEV
    masses = _atomic_masses_GeV()
    if (Z, A) not in masses:
        if not 1 <= Z <= len(_SYMBOLS):
            raise InputError(f"no mass is known for a nucleus of charge {Z}")
        symbol = _SYMBOLS[Z - 1]
        known = [a for z, a in masses if z == Z]
        raise InputError(
            f"no mass is known for nuclide '{symbol}{A}'; the table has {symbol}{min(known)} to {symbol}{max(known)}"
        )
    return masses[Z, A] - Z * ELECTRON_MASS_GEV + electron_binding_GeV(Z)


def charge_radius(Z: int, A: int) -> tuple[float, str]:
    """Return the rms charge radius in fm and its source.

    Measured radii: Angeli & Marinova, At. Data Nucl. Data Tables 99 (2013) 69; the proton: PDG 2024. For all
    others `fitted_charge_radius_fm`, scaled to the nearest measured isotope of the element if there is one:
    this reproduces the measured natural isotopes above Be, each left out in turn, to 0.4 % rms.
    """
    if (Z, A) == (1, 1):
        return PROTON_CHARGE_RADIUS_FM, RADIUS_PROTON
    measured = _measured_radii_fm()
    if (Z, A) in measured:
        return measured[Z, A], RADIUS_MEASURED
    radius_fm = fitted_charge_radius_fm(Z, A)
    isotopes = [a for z, a in measured if z == Z]
    if isotopes:
        neighbour = min(isotopes, key=lambda a: (abs(a - A), a))
        radius_fm *= measured[Z, neighbour] / fitted_charge_radius_fm(Z, neighbour)
    return radius_fm, RADIUS_FIT


def fitted_charge_radius_fm(Z: int, A: int) -> float:
    """Smooth rms charge radius in fm, for A >= 6.

    R = r0 (1 - a (N-Z)/A + b/A) A^(1/3), the form of Nerlo-Pomorska and Pomorski, Z. Phys. A 348 (1994) 169,
    fitted here to all radii with A >= 6 of Angeli & Marinova 2013: rms deviation 0.044 fm (1.3 %).
    """
    r0, a, b = 0.95973, 0.16425, 2.09095
    return float(r0 * (1.0 - a * (A - 2 * Z) / A + b / A) * A ** (1.0 / 3.0))


@cache
def data_rows(file_name: str) -> tuple[Mapping[str, str], ...]:
    """Rows of a table in ``tridentgen/data``, by column name; lines that start with # are comments."""
    text = files("tridentgen").joinpath("data", file_name).read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return tuple(MappingProxyType(row) for row in csv.DictReader(lines))


@cache
def _atomic_masses_GeV() -> Mapping[tuple[int, int], float]:
    """Return the atomic masses in GeV that `particle` lists, by (Z, A)."""
    masses: dict[tuple[int, int], float] = {}
    for entry in Particle.all():
        Z, A = charge_and_mass_number(int(entry.pdgid)) or (0, 0)
        plain = int(entry.pdgid) == _ten_digits(Z, A)  # without hyperons, in the ground state; not the bare proton
        if plain and 1 <= Z <= len(_SYMBOLS) and entry.mass is not None:
            masses[Z, A] = float(entry.mass) * 1e-3
    return MappingProxyType(masses)


@cache
def _measured_radii_fm() -> Mapping[tuple[int, int], float]:
    """Return the measured rms charge radii in fm, by (Z, A)."""
    rows = data_rows("charge_radii.csv")
    return MappingProxyType({(int(r["Z"]), int(r["A"])): float(r["charge_radius_fm"]) for r in rows})


def _suggestion(symbol: str, A: int) -> str:
    """Return ", did you mean ..." for a misspelled element; errors of case come first, as the most common."""
    if symbol.capitalize() in _SYMBOLS:
        return f", did you mean '{symbol.capitalize()}{A}'?"
    known = [f"{_SYMBOLS[z - 1]}{a}" for z, a in _atomic_masses_GeV() if a == A]
    return nearest(f"{symbol}{A}", known)


@cache
def fourier_bessel_density(name: str) -> tuple[float, tuple[float, ...]]:
    """Return the measured charge density of a nuclide as a Fourier-Bessel series.

    Returns
    -------
    (R, coefficients)
        Cut-off radius in fm and a_1, a_2, ... in fm^-3 (De Vries et al. 1987).

    Raises
    ------
    InputError
        If there is no such measurement in the table; the message lists the nuclides that have one.
    """
    table = {row["nuclide"]: row for row in data_rows("fourier_bessel.csv")}
    if name not in table:
        raise InputError(f"no Fourier-Bessel density of {name} is available; the table has {', '.join(table)}")
    row = table[name]
    return float(row["R_fm"]), tuple(float(a) for a in row["coefficients"].split())
