"""Fluxes in columns of text: which column is what, what the energies are, and the flux of one neutrino."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from tridentgen.errors import FileError, InputError, nearest
from tridentgen.flux.base import require
from tridentgen.flux.bins import (
    bins_meet,
    edges_of_both,
    edges_of_centres,
    edges_of_lower_edges,
    edges_of_widths,
    widths_are,
)
from tridentgen.flux.column_names import (
    BIN,
    ENERGY,
    HIGH,
    LOW,
    WIDTH,
    Head,
    column_name,
    energies_of,
    mentioned,
    read_head,
    unclear_head,
)
from tridentgen.flux.made_flux import check_widths, made_flux, raise_flaw
from tridentgen.flux.program_files import LAYOUTS, layout_of, read_honda, read_nuwro
from tridentgen.flux.settled_units import PLAIN, SHAPE, Defaults, Units, settle_units
from tridentgen.flux.snewpy_files import HEAD, bin_head, units_of
from tridentgen.flux.tabulated import TabulatedFlux, energy_flaw, value_flaw
from tridentgen.flux.text_table import TextTable, read_text, read_text_table
from tridentgen.flux.units_text import ENERGIES_GeV, TextUnits, per_in_gev, read_units
from tridentgen.matter.particles import NEUTRINOS
from tridentgen.typing import FloatArray

DEFAULT_COLUMNS: Mapping[str, int] = {ENERGY: 0, **{name: i for i, name in enumerate(NEUTRINOS, start=1)}}
"""E nue numu nutau nuebar numubar nutaubar: the order of GLoBES and of most published tables."""

_PLACES = {"energy_column": ENERGY, "low_column": LOW, "high_column": HIGH}
_GLOBES = {"globes": "GLoBES", "snowglobes": "SNOwGLoBES", "snewpy": "snewpy"}
"""Formats with the columns `DEFAULT_COLUMNS`, and the programs that write them."""

_GLOBES_SHAPE = (501, 7)
"""Rows and columns of the files of GLoBES (P. Huber et al., Comput. Phys. Commun. 167 (2005) 195) and SNOwGLoBES."""

FORMATS: Mapping[str, Defaults] = {
    "columns": PLAIN,
    "globes": {**PLAIN, "area": "m2"},
    "snowglobes": {**PLAIN, "per": "bin", "time": "burst", "points": "centre"},
    "snewpy": {**PLAIN, "per": None, "time": "burst", "points": "points"},
    "honda": {**PLAIN, "area": "m2", "time": "s"},
    "nuwro": {"area": "cm2", "per": "bin", "energy_unit": "MeV", "time": SHAPE},
    "nuwro, absolute": {"area": None, "per": None, "energy_unit": "MeV", "time": "POT"},
    "root": {**PLAIN, "per": None},
    "501 x 7": {**PLAIN, "area": None, "per": None},
}
"""What the numbers are by the name of a format, where neither card nor file says it."""

_HONDA = {"area": "m2", "per": "GeV", "energy_unit": "GeV", "time": "s", "points": "points"}
BECAUSE = {
    "root": "no title says what energy its contents are per",
    "nuwro, absolute": "the numbers after beam_energy are relative unless the card says what they are",
    "501 x 7": "501 rows of 7 columns without a comment are a file of GLoBES (format = 'globes': per m2 and GeV) or of "
    "SNOwGLoBES (format = 'snowglobes': per cm2 and bin, for a burst)",
}
"""Why units are asked for."""

_COUNTED, _MANY, _LEAST_GEV = 4, 15, 1e-3
"""As many energies 1, 2, 3, ... may be numbers of bins, beside a column that rises like energies, and in any case; the
size of numbers that may be energies and no fluxes."""


_SEVERAL = re.compile(r"(?i)nu|ν|\bv_")
"""Names of columns that are of neutrinos, though not of one that is known."""

_READERS: Mapping[str, Callable[[Path], TextTable]] = {"honda": read_honda, "nuwro": read_nuwro}


class FluxTable:
    """A text file: its numbers, its head, and what its text says of units.

    Parameters
    ----------
    path
        The file.
    format
        As of `read_flux`; ``"auto"`` are columns, or a table of snewpy.
    text
        The text of the file, if it is known.
    """

    def __init__(self, path: Path, format: str, text: str | None = None) -> None:
        self.path = path
        known = read_text(path) if text is None and format in ("auto", "snewpy") else text
        snewpy = bin_head(known) if known is not None and format in ("auto", "snewpy") else None
        if format == "auto" and known is not None and snewpy is None and (layout := layout_of(known)):
            raise FileError(f"{path}: is in the layout of {LAYOUTS[layout]}; give format = '{layout}'")
        if format == "snewpy" and snewpy is None:
            raise FileError(f"{path}: has no line '{HEAD}' of snewpy")
        self.format = "snewpy" if snewpy is not None else format
        reader = _READERS.get(format)
        self.table: TextTable = reader(path) if reader else read_text_table(path, heads=True, text=known)
        self.rows = self.table.rows
        self.head: Head | None = read_head(self.table.notes, self.rows)
        self.said: TextUnits = read_units(() if format in (*_READERS, "snowglobes") else self.table.notes)
        if snewpy is not None:
            self.said = units_of(snewpy)

    def where(self, row: int) -> str:
        """Return file and line of a row, for messages."""
        return f"{self.path}:{self.table.lines[row]}"

    def named_columns(self) -> dict[str, int]:
        """Return the columns that the head names, or the default ones; raise `FileError` for one not understood."""
        if self.format == "nuwro" and self.head is None:
            return {LOW: 0, HIGH: 1, **dict.fromkeys(NEUTRINOS, 2)}
        if self.format in _GLOBES:
            return self._of_globes()
        if self.head is None:
            return self._nameless()
        names = self.head.columns
        agrees = all(DEFAULT_COLUMNS.get(name) == column for name, column in names.items())
        if not self.head.sure and not agrees:
            raise FileError(
                f"{self.path}:{self.head.line}: '{self.head.text}' names {len(self.head.words)} columns, and there are "
                f"{self.rows.shape[1]}; say which is which with column and energy_column"
            )
        return dict(names)

    def filled(self) -> tuple[str, ...]:
        """Return the neutrinos with flux in a column of theirs."""
        columns = self.named_columns()
        return tuple(n for n in NEUTRINOS if n in columns and self.rows[:, columns[n] : columns[n] + 1].any())

    def of_several(self) -> Head | None:
        """Return the head if it names a column of several neutrinos, as ``nux``."""
        if self.head is None:
            return None
        words = [word for word in self.head.words if column_name(word) is None]
        if not any(_SEVERAL.search(word) for word in words):
            return None
        return self.head

    def _of_globes(self) -> dict[str, int]:
        """Return the columns of GLoBES; raise `FileError` where a head names other ones."""
        names = self.head.columns if self.head is not None and self.head.sure else {}
        if any(DEFAULT_COLUMNS.get(name, 0) != column for name, column in names.items() if name in NEUTRINOS):
            assert self.head is not None, "it has names"
            raise FileError(
                f"{self.path}:{self.head.line}: '{self.head.text}' names other columns than {self.format} has, "
                f"{' '.join(DEFAULT_COLUMNS)}; use format = 'columns'"
            )
        return dict(DEFAULT_COLUMNS)

    def columns_for(
        self, neutrino: str, columns: Mapping[str, int] | None, places: Mapping[str, int | str | None]
    ) -> dict[str, int]:
        """Return the columns of the energy, of edges and of every neutrino in the table, including `neutrino`."""
        width = self.rows.shape[1]
        if self.format in _GLOBES and width != len(DEFAULT_COLUMNS):
            raise FileError(
                f"{self.where(0)}: {width} columns, {_GLOBES[self.format]} files have "
                f"{len(DEFAULT_COLUMNS)}; use format = 'columns'"
            )
        placed = {_PLACES[key]: self._place(key, value) for key, value in places.items() if value is not None}
        named = self._energies_of_head() if columns is not None else self.named_columns()
        moved = any(placed.get(name, 0) > 0 for name in (ENERGY, LOW, HIGH))
        found = HIGH in named and named.get(LOW) == placed.get(LOW, 0)
        if columns is None and self.head is None and moved and not found:
            raise FileError(f"{self.path}: nothing says which column is {neutrino}; give column")
        wanted = {**named, **(columns or {}), **placed}
        if ENERGY in (columns or {}) or ENERGY in placed:
            wanted = {name: column for name, column in wanted.items() if name not in (LOW, HIGH) or name in placed}
        if LOW in placed:
            wanted.pop(ENERGY, None)
        for name, column in wanted.items():
            if name not in (*DEFAULT_COLUMNS, LOW, HIGH, WIDTH, BIN):
                raise InputError(f"columns: unknown name '{name}'{nearest(name, DEFAULT_COLUMNS)}; use E and neutrinos")
            require(column >= 0, f"columns['{name}']", column, "must be counted from 0")
        self._check_columns(neutrino, wanted, columns)
        needed = {**(columns or {}), **placed, neutrino: wanted[neutrino]}
        if ENERGY in wanted:
            needed[ENERGY] = wanted[ENERGY]
        for name, column in needed.items():
            if column >= width:
                raise FileError(
                    f"{self.where(0)}: has {width} columns, but {name} is expected in column {column}, "
                    "counted from 0; say which column holds it"
                )
        return {name: column for name, column in wanted.items() if column < width}

    def _check_columns(self, neutrino: str, wanted: Mapping[str, int], columns: Mapping[str, int] | None) -> None:
        """Raise unless there are columns of the neutrino and of energies, and they are different ones."""
        if neutrino not in wanted:
            if columns is not None:
                raise InputError(f"columns gives no column for {neutrino}; it gives {', '.join(wanted)}")
            names = ", ".join(name for name in wanted if name in NEUTRINOS)
            if self.head is None:
                raise FileError(
                    f"{self.path}: its text names {names} and no {neutrino}; give column, or another neutrino"
                )
            raise FileError(
                f"{self.path}:{self.head.line}: '{self.head.text}' names no {neutrino}; "
                "give its column, or another neutrino"
            )
        if ENERGY not in wanted and LOW not in wanted:
            raise FileError(
                f"{self.path}: its head names no energies; give energy_column, or low_column and high_column"
            )
        if HIGH in wanted and LOW not in wanted:
            raise FileError(
                f"{self.path}: its head names upper edges and no lower ones; give low_column, or energy_column"
            )
        for name in (ENERGY, LOW, HIGH, BIN):
            if wanted[neutrino] == wanted.get(name):
                meaning = {ENERGY: "that of the energy", BIN: "that of the number of the bin"}
                of = meaning.get(name, f"that of the {name}er edge".replace("higher", "upper"))
                raise InputError(f"columns: {neutrino} cannot be in column {wanted[name]}, which is {of}")

    def _has_edges(self) -> bool:
        """Return whether the first two columns are lower and upper edges of bins that meet."""
        if self.rows.shape[1] < 3 or len(self.rows) < 3:
            return False
        return bins_meet(self.rows[:, 0], self.rows[:, 1])

    def _nameless(self) -> dict[str, int]:
        """Return the columns of a table without a head: the default ones, unless the first two are edges of bins.

        Raise `FileError` where the text mentions other neutrinos than those; of six columns it need not name all.
        """
        if not self._has_edges():
            self._question_names()
            named, fluxes = mentioned(self.table.notes), self.rows.shape[1] - 1
            if named and fluxes == 1:
                return {ENERGY: 0, **dict.fromkeys(named, 1)}
            by_default = tuple(NEUTRINOS)[:fluxes]
            all_there = fluxes >= len(NEUTRINOS) and len(named) != fluxes
            if named and not all_there and tuple(named) != by_default:
                line = next(iter(named.values()))
                raise FileError(
                    f"{self.path}:{line}: its text names {', '.join(named)}, and the columns of flux "
                    f"would be {', '.join(by_default)}; give column"
                )
            return dict(DEFAULT_COLUMNS)
        if self.rows.shape[1] == 3:
            return {LOW: 0, HIGH: 1, **dict.fromkeys(NEUTRINOS, 2)}
        raise FileError(
            f"{self.where(0)}: columns 0 and 1 are edges of bins, and nothing says which neutrinos the other "
            f"{self.rows.shape[1] - 2} columns are; give column"
        )

    def _question_names(self) -> None:
        """Raise `FileError` where a line may name the columns, and not all of its names are understood."""
        unclear = unclear_head(self.table.notes, self.rows.shape[1])
        if unclear is not None:
            line, text = unclear
            raise FileError(
                f"{self.path}:{line}: '{text}' may name the columns, and not all names are understood; give column, "
                "counted from 0"
            )
        if self.rows.shape[1] > len(DEFAULT_COLUMNS):
            raise FileError(
                f"{self.where(0)}: has {self.rows.shape[1]} columns, and nothing says which is which; give column"
            )

    def _energies_of_head(self) -> dict[str, int]:
        """Return the columns of energies, edges and bin numbers that a head names; column 0 without one."""
        if self.format == "nuwro":
            return {LOW: 0, HIGH: 1}
        if self.head is None and self._has_edges():
            return {LOW: 0, HIGH: 1}
        if self.head is None and (found := energies_of(self.table.notes, self.rows.shape[1])):
            return found
        if self.head is None or not self.head.sure:
            return {ENERGY: 0}
        return {name: column for name, column in self.head.columns.items() if name not in NEUTRINOS}

    def _place(self, key: str, value: int | str) -> int:
        """Return the number of a column given by its number or its name in the head."""
        if isinstance(value, int):
            require(value >= 0, key, value, "must be counted from 0")
            return value
        words = [word.lower() for word in self.head.words] if self.head is not None and self.head.sure else []
        if value.lower() not in words:
            there = f"the head names {', '.join(words)}" if words else "the file has no head that names every column"
            raise InputError(f"{key} = {value!r} is no column; {there}: give its number, counted from 0")
        return words.index(value.lower())

    def flux(
        self,
        neutrino: str,
        columns: Mapping[str, int] | None,
        places: Mapping[str, int | str | None],
        given: Mapping[str, str | None],
        pot: float | None,
    ) -> TabulatedFlux:
        """Return the flux of one neutrino."""
        layout = "columns" if self.format == "auto" else self.format
        contradicting = [key for key, value in given.items() if value is not None and value != _HONDA.get(key, value)]
        if layout == "honda" and (contradicting or pot is not None):
            out = ", ".join(contradicting or ["pot"])
            raise InputError(f"{self.path}: format = 'honda' is per m2, s, sr and GeV; leave {out} out")
        if self.format == "auto" and self.rows.shape == _GLOBES_SHAPE and not self.table.notes:
            layout = "501 x 7"
        if layout == "nuwro" and any((pot, given["time"], given["area"], given["per"])):
            layout = "nuwro, absolute"
        numbers = self.columns_for(neutrino, columns, places)
        units = settle_units(self.path, given, pot, self.said, FORMATS[layout], BECAUSE.get(layout, ""))
        first = numbers[LOW] if LOW in numbers else numbers[ENERGY]
        if len(self.rows) > 2 and (np.diff(self.rows[:, first]) < 0.0).all():
            self.rows = self.rows[::-1]
            self.table = replace(self.table, rows=self.rows, lines=self.table.lines[::-1])
        raw = self.rows[:, numbers[neutrino]]
        raise_flaw(energy_flaw(self.rows[:, first]), self.where)
        raise_flaw(value_flaw(raw), lambda row: f"{self.where(row)}: {neutrino}")
        if not raw.any():
            filled = [name for name in NEUTRINOS if name in numbers and self.rows[:, numbers[name]].any()]
            others = f"those with flux are {', '.join(filled)}" if filled else "and so is every other"
            raise FileError(f"{self.path}: the flux of {neutrino} is zero at all energies; {others}")
        if len(raw) < 2:
            raise FileError(
                f"{self.where(0)}: a spectrum needs at least two rows; for one energy use kind = 'monochromatic'"
            )
        if places.get("energy_column") is None and (columns is None or ENERGY not in columns):
            self._question_counted(first)
        edges = self._edges(numbers, units, given)
        label = f"{neutrino} from {self.path.name}, column {numbers[neutrino]}"
        if edges is None:
            return made_flux(units.to_gev(self.rows[:, first]), units.to_flux(raw, None), "linear", label, units)
        check_widths(self.path, edges, units)
        return made_flux(edges, units.to_flux(raw, np.diff(edges)), "histogram", label, units)

    def _question_counted(self, column: int) -> None:
        """Raise `FileError` for energies 1, 2, 3, ... that no head calls energies: they may be numbers of bins."""
        energies = self.rows[:, column]
        named = self.head is not None and column in (self.head.columns.get(ENERGY), self.head.columns.get(LOW))
        if named or len(energies) < _COUNTED or energies[0] != np.floor(energies[0]):
            return
        others = self.rows[:, column + 1 : column + 3]
        rising = ((np.diff(others, axis=0) > 0.0).all(axis=0) & (others.max(axis=0) > _LEAST_GEV)).any()
        from_one = energies[0] in (0.0, 1.0) and len(energies) >= _MANY
        if (np.diff(energies) == 1.0).all() and ((rising and self.rows.shape[1] > 2) or from_one):
            raise FileError(
                f"{self.where(0)}: column {column} counts {energies[0]:g}, {energies[1]:g}, {energies[2]:g}, ...: it "
                "may number the bins; give energy_column, or low_column and high_column"
            )

    def _edges(self, numbers: Mapping[str, int], units: Units, given: Mapping[str, str | None]) -> FloatArray | None:
        """Return the edges of the bins in GeV, or None for points of a curve."""
        path, lines = self.path, self.table.lines
        column = {
            name: units.to_gev(self.rows[:, i]) for name, i in numbers.items() if name in (ENERGY, LOW, HIGH, WIDTH)
        }
        for values in column.values():
            raise_flaw(None if np.isfinite(values).all() else energy_flaw(values), self.where)
        points = units.points
        if LOW in column and points in ("points", "centre"):
            raise InputError(
                f"points = '{points}' does not go with a column of lower edges; leave points out or give energy_column"
            )
        if LOW in column and HIGH in column:
            return edges_of_both(path, column[LOW], column[HIGH], lines)
        if LOW in column:
            return edges_of_lower_edges(column[LOW])
        if self.said.upper and not self.said.points and WIDTH not in column and given.get("points") is None:
            upper = self.said.upper[0]
            raise FileError(
                f"{path}:{upper.line}: {upper.quoted()} speaks of upper edges, and no column is of lower ones; give "
                "low_column and high_column, or write lower edges, or give points if the energies are no edges"
            )
        energies = column[ENERGY]
        if WIDTH in column and given.get("points") is None:
            return edges_of_widths(path, energies, column[WIDTH], lines)
        if points is None:
            points = self._points(energies, units)
        if points == "points":
            return None
        return (
            edges_of_lower_edges(energies)
            if points == "edges"
            else edges_of_centres(
                path, energies, from_zero=self.format == "snowglobes" or given.get("points") == "centre"
            )
        )

    def _points(self, energies: FloatArray, units: Units) -> str:
        """Return what the energies are where nothing says it; raise `FileError` for bins that may be either."""
        if units.per == "bin":
            return "centre"
        if units.per in ENERGIES_GeV:
            return "points"
        width = per_in_gev(units.per)
        assert width is not None, "checked with the options"
        even = widths_are(energies, width)
        if even and abs(energies[0] / width - 0.5) < 0.15:
            return "centre"
        raise FileError(
            f"{self.path}: its flux is per {units.per}, and its energies {energies[0]:g}, {energies[1]:g}, ... GeV may "
            "be lower edges or points; give points = 'edges', 'centre' or 'points'"
        )
