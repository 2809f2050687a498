"""Probabilities P_ee, P_emu and P_etau of solar neutrinos from a file of the user."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tridentgen.errors import FileError
from tridentgen.flux.base import Flux
from tridentgen.flux.tabulated import energy_flaw
from tridentgen.flux.text_table import read_text_table
from tridentgen.physics.elementary import Value
from tridentgen.typing import FloatArray

_UNITS_GEV = {"eV": 1e-9, "keV": 1e-6, "MeV": 1e-3, "GeV": 1.0}
_ENERGY = re.compile(r"(?i)(?:e|e_?nu|energy)[\s_]*[(\[_]?\s*([kMG]?eV)\s*[)\]]?")
_NAMES = {"pee": "nue", "pemu": "numu", "petau": "nutau"}
_SUM_WITHIN, _SHARE_OUTSIDE = 1e-3, 0.01
"""Allowed deviation of the sum of the three from 1, and share of a spectrum for which the table says nothing."""


@dataclass(frozen=True, eq=False)
class ProbabilityTable:
    """Probabilities at points in energy, interpolated linearly and constant beyond the ends.

    Attributes
    ----------
    path : Path
    energies_GeV : array of shape (N,)
    probabilities : array of shape (3, N)
        Of nue, numu and nutau.
    split : str
        Where P_emu and P_etau are from, in words.
    """

    path: Path
    energies_GeV: FloatArray
    probabilities: FloatArray
    split: str

    def flavours(self, _component: str, energy_GeV: Value) -> dict[str, Value]:
        """Return P_ee, P_emu and P_etau by neutrino, of any component at energies in GeV."""
        rows = (np.interp(energy_GeV, self.energies_GeV, row) for row in self.probabilities)
        return dict(zip(("nue", "numu", "nutau"), rows, strict=True))

    def require_covers(self, component: str, flux: Flux) -> None:
        """Raise `FileError` where more than a hundredth of a flux is at energies beyond the table."""
        low, high = self.energies_GeV[0], self.energies_GeV[-1]
        u = (np.arange(4096) + 0.5) / 4096.0
        energy, weight = np.broadcast_arrays(*flux.energy_map(0.0)(u))
        outside = float(np.average((energy < low) | (energy > high), weights=weight))
        if outside > _SHARE_OUTSIDE:
            raise FileError(
                f"{self.path}: has probabilities from {1e3 * low:g} to {1e3 * high:g} MeV, and {outside:.0%} of the "
                f"{component} neutrinos are at other energies; extend the table, or name other flux.components"
            )


def read_probabilities(path: Path) -> ProbabilityTable:
    """Read the columns energy, P_ee and, if they are there, P_emu and P_etau, named in a head with the unit of energy.

    Of three flavours, two are enough: the third has the rest; P_ee alone leaves half of the rest to numu and to nutau.

    Raises
    ------
    FileError
        For a file that is missing or damaged, without such a head, or with numbers that are no probabilities.
    """
    table = read_text_table(path, heads=True)
    heads = [(line, names) for line, text in table.notes if (names := _names(text)) and len(names) > 1]
    if not heads:
        raise FileError(f"{path}: no line names its columns; begin it with a head such as 'E_MeV,P_ee,P_emu,P_etau'")
    line, names = heads[-1]
    unit = _ENERGY.fullmatch(names[0])
    flavours = [_NAMES.get(re.sub(r"[^a-z]", "", name.lower())) for name in names[1:]]
    if unit is None or None in flavours or "nue" not in flavours or len(set(flavours)) < len(flavours):
        raise FileError(
            f"{path}:{line}: '{' '.join(names)}' must name the energy with its unit, as E_MeV, then P_ee and perhaps "
            "P_emu and P_etau"
        )
    if table.rows.shape[1] != len(names):
        raise FileError(f"{path}:{line}: names {len(names)} columns, and the rows have {table.rows.shape[1]}")
    if len(table.rows) < 2:
        raise FileError(f"{path}:{table.lines[0]}: is the only row; give two or more energies")
    energies = table.rows[:, 0] * next(gev for name, gev in _UNITS_GEV.items() if name.lower() == unit[1].lower())
    if (flaw := energy_flaw(energies)) is not None:
        raise FileError(f"{path}:{table.lines[flaw[0]]}: {flaw[1]}")
    given = {str(name): table.rows[:, column] for column, name in enumerate(flavours, start=1)}
    for name, row in given.items():
        bad = np.flatnonzero(~((row >= 0.0) & (row <= 1.0)))
        if bad.size:
            raise FileError(f"{path}:{table.lines[bad[0]]}: {row[bad[0]]:g} for {name} is no probability from 0 to 1")
    return _completed(path, energies, given, table.lines)


def _names(text: str) -> list[str]:
    """Return the names in a head, separated by commas, semicolons or blanks."""
    return [word.strip("\"' ") for word in re.split(r"[,;\t]|\s+(?![(\[])", text.strip()) if word.strip("\"' ")]


def _completed(
    path: Path, energies_GeV: FloatArray, given: dict[str, FloatArray], lines: tuple[int, ...]
) -> ProbabilityTable:
    """Return the table with the flavours that are not given."""
    rest = 1.0 - np.sum(list(given.values()), axis=0)
    off = rest < -_SUM_WITHIN if len(given) < len(_NAMES) else np.abs(rest) > _SUM_WITHIN
    if off.any():
        row = int(np.argmax(off))
        raise FileError(f"{path}:{lines[row]}: the probabilities add up to {1.0 - rest[row]:g}; they must add up to 1")
    rest = np.maximum(rest, 0.0)
    missing = [name for name in _NAMES.values() if name not in given]
    whole = {**given, **{name: rest / len(missing) for name in missing}}
    split = {0: "as in the file", 1: f"{missing[-1]} the rest" if missing else ""}.get(
        len(missing), "numu and nutau half of the rest each"
    )
    return ProbabilityTable(path, energies_GeV, np.array([whole[name] for name in _NAMES.values()]), split)
