"""Neutrino fluxes from files: text columns, GLoBES files, histograms in ROOT files."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tridentgen.errors import FileError, InputError, nearest
from tridentgen.flux.base import require
from tridentgen.flux.kind import NUMBER, NUMBER_OR_NAME, TEXT, FluxKind, FluxRequest
from tridentgen.flux.root_histogram import is_root_file, read_root_histogram
from tridentgen.flux.source import Component, Source
from tridentgen.flux.tabulated import TabulatedFlux, energy_flaw, value_flaw
from tridentgen.flux.text_table import TextTable, read_text_table, require_file
from tridentgen.matter.particles import NEUTRINOS
from tridentgen.matter.particles import neutrino as find_neutrino
from tridentgen.typing import FloatArray

CHOICES: Mapping[str, tuple[str, ...]] = {
    "format": ("auto", "columns", "globes", "root"),
    "area": ("cm2", "m2"),
    "per": ("GeV", "MeV", "bin"),
    "energy_unit": ("GeV", "MeV"),
    "points": ("points", "centre", "edges"),
}
"""Allowed values of the options of `read_flux`."""

ENERGY = "E"
DEFAULT_COLUMNS: Mapping[str, int] = {ENERGY: 0, **{name: i for i, name in enumerate(NEUTRINOS, start=1)}}
"""E nue numu nutau nuebar numubar nutaubar: the order of GLoBES and of most published tables."""

_GLOBES_SHAPE = (501, 7)
"""Rows and columns of the flux files of GLoBES (P. Huber et al., Comput. Phys. Commun. 167 (2005) 195)."""

_CM2_PER_M2 = 1e4
_EVEN = 0.01
"""Allowed deviation of the centres of equal bins from even spacing, in bin widths: tables print few digits."""

_UNITS_IN_NOTES = (
    ("area", "m2", re.compile(r"(?<![a-z])m\s*(?:\^?\s*\{?-?2\}?|²)(?!\w)", re.IGNORECASE)),
    ("per", "bin", re.compile(r"(?:/\s*|\bper\s+)(?:bin\b|\d[\d.]*\s*[MG]eV)", re.IGNORECASE)),
    ("per", "MeV", re.compile(r"/\s*MeV\b")),
    ("energy_unit", "MeV", re.compile(r"[(\[]\s*MeV\s*[)\]]")),
)
"""Option, the value that the text of a file indicates, and the pattern of that text."""


@dataclass(frozen=True)
class _Units:
    """Units of the numbers of a file, fully specified."""

    area: str
    per: str
    energy_unit: str
    points: str
    pot: float

    def to_gev(self, energies: FloatArray) -> FloatArray:
        """Convert the energies of the file to GeV."""
        return energies * 1e-3 if self.energy_unit == "MeV" else energies

    def to_flux(self, values: FloatArray, widths_GeV: FloatArray | None) -> FloatArray:
        """Convert the numbers of the file to cm^-2 GeV^-1 POT^-1; `widths_GeV` are the bin widths, if any."""
        values = values / (self.pot * (_CM2_PER_M2 if self.area == "m2" else 1.0))
        if self.per == "bin":
            if widths_GeV is None:
                raise InputError("points = 'points' does not go with per = 'bin'; use points = 'centre' or 'edges'")
            return np.asarray(values / widths_GeV)
        return values * 1e3 if self.per == "MeV" else values


def read_flux(
    path: str | os.PathLike[str],
    *,
    neutrino: str,
    format: str = "auto",
    columns: Mapping[str, int] | None = None,
    histogram: str | None = None,
    area: str | None = None,
    per: str | None = None,
    energy_unit: str | None = None,
    points: str | None = None,
    pot: float = 1.0,
) -> TabulatedFlux:
    """Read the flux of one neutrino from a file.

    Parameters
    ----------
    path
        The file.
    neutrino
        Name of the neutrino, as ``"numu"``.
    format
        ``"columns"`` (text), ``"globes"`` (text, 7 columns, per m^2), ``"root"``, or ``"auto"``: ROOT by its
        first bytes, GLoBES by its 501 rows of 7 columns without a comment, columns otherwise.
    columns
        Column of each neutrino and of the energy ``"E"``, counted from 0; `DEFAULT_COLUMNS` if not given.
    histogram
        Name of the TH1 in a ROOT file.
    area, per, energy_unit
        Units of the numbers: ``"cm2"`` (default; GLoBES: m2) or ``"m2"``; ``"GeV"`` (default), ``"MeV"`` or
        ``"bin"``; ``"GeV"`` (default) or ``"MeV"``. If comments or titles in the file name a unit other than
        the default, the option must be given.
    points
        Meaning of the energies of a text file: ``"points"`` of a curve, interpolated linearly (default);
        ``"centre"`` of equally wide bins (default with ``per="bin"``); lower ``"edges"`` of bins, the last of
        them as wide as the one before.
    pot
        Protons on target to which the numbers correspond; the result is per proton on target.

    Raises
    ------
    FileError
        For a file that is missing or damaged, and for contents that are not a valid spectrum, with the line.
    InputError
        For options that are unknown or contradict each other.
    """
    given = {"format": format, "area": area, "per": per, "energy_unit": energy_unit, "points": points}
    for name, value in given.items():
        rule = f"is not known; use {' or '.join(repr(choice) for choice in CHOICES[name])}"
        require(value is None or value in CHOICES[name], name, value, rule)
    require(math.isfinite(pot) and pot > 0.0, "pot", pot, "must be a positive number of protons")
    find_neutrino(neutrino)
    source = Path(path)
    if format == "root" or (format == "auto" and is_root_file(source)):
        if columns is not None:
            raise InputError(f"{source}: is a ROOT file and has no columns; give histogram instead")
        return _from_root(source, neutrino, histogram, given, pot)
    if histogram is not None:
        raise InputError(f"{source}: is a text file and has no histogram '{histogram}'; give columns instead")
    return _from_text(source, neutrino, columns, given, pot)


def neutrinos_in(path: Path, format: str = "auto") -> tuple[str, ...]:
    """Return the neutrinos with non-zero flux in a text file with the columns of `DEFAULT_COLUMNS`.

    Raises
    ------
    FileError
        For a file that is missing or damaged, or has no flux in these columns.
    InputError
        For a ROOT file, whose histograms do not specify the neutrino.
    """
    if format == "root" or (format == "auto" and is_root_file(path)):
        raise InputError(f"{path}: a histogram does not say which neutrino it is; name it in process.neutrino")
    rows = read_text_table(path).rows
    names = tuple(name for name in NEUTRINOS if rows[:, DEFAULT_COLUMNS[name] : DEFAULT_COLUMNS[name] + 1].any())
    if not names:
        raise FileError(f"{path}: no flux in the columns of {', '.join(NEUTRINOS)}; give one with process.neutrino")
    return names


def _from_root(
    path: Path, neutrino: str, histogram: str | None, given: Mapping[str, str | None], pot: float
) -> TabulatedFlux:
    """Read a TH1: its bins are the bins of the flux."""
    found = read_root_histogram(path, histogram)
    units = _settle_units(path, given, found.titles, "cm2", pot)
    _raise_flaw(energy_flaw(found.edges), lambda i: f"{path}: histogram '{found.name}', edge {i}")
    _raise_flaw(value_flaw(found.contents), lambda i: f"{path}: histogram '{found.name}', bin {i}")
    if not found.contents.any():
        raise FileError(f"{path}: histogram '{found.name}' is zero at all energies; choose another")
    edges = units.to_gev(found.edges)
    values = units.to_flux(found.contents, np.diff(edges))
    return _flux(edges, values, "histogram", f"{neutrino} from {path.name}, histogram {found.name}", units)


def _from_text(
    path: Path, neutrino: str, columns: Mapping[str, int] | None, given: Mapping[str, str | None], pot: float
) -> TabulatedFlux:
    """Read columns of text."""
    table = read_text_table(path)
    layout = _layout(given["format"], table)
    units = _settle_units(path, given, table.comments, "m2" if layout == "globes" else "cm2", pot)
    numbers = _columns_for(path, table, neutrino, columns, layout)
    energies, raw = table.rows[:, numbers[ENERGY]], table.rows[:, numbers[neutrino]]

    def where(row: int) -> str:
        return f"{path}:{table.lines[row]}"

    _raise_flaw(energy_flaw(energies), where)
    _raise_flaw(value_flaw(raw), lambda row: f"{where(row)}: {neutrino}")
    if not raw.any():
        filled = [name for name, column in numbers.items() if name != ENERGY and table.rows[:, column].any()]
        others = f"those with flux are {', '.join(filled)}" if filled else "and so is every other"
        raise FileError(f"{path}: the flux of {neutrino} is zero at all energies; {others}")
    if len(energies) < 2:
        raise FileError(f"{where(0)}: a spectrum needs at least two rows; for one energy use kind = 'monochromatic'")
    edges = _bin_edges(path, units.to_gev(energies), units)
    values = units.to_flux(raw, None if edges is None else np.diff(edges))
    label = f"{neutrino} from {path.name}"
    if edges is None:
        return _flux(units.to_gev(energies), values, "linear", label, units)
    return _flux(edges, values, "histogram", label, units)


def _layout(format: str | None, table: TextTable) -> str:
    """Distinguish GLoBES files from other columns: 501 rows of 7 columns, no comment."""
    if format != "auto":
        return str(format)
    return "globes" if table.rows.shape == _GLOBES_SHAPE and not table.comments else "columns"


def _settle_units(path: Path, given: Mapping[str, str | None], notes: str, area: str, pot: float) -> _Units:
    """Fill in the defaults; raise `FileError` if the text of the file contradicts them."""
    defaults = {"area": area, "per": "GeV", "energy_unit": "GeV"}
    for option, said, pattern in _UNITS_IN_NOTES:
        match = pattern.search(notes)
        if match and given[option] is None and said != defaults[option]:
            raise FileError(
                f"{path}: its comments say '{match.group().strip()}': give {option} = '{said}', "
                f"or {option} = '{defaults[option]}' if that is meant"
            )
    per = given["per"] or defaults["per"]
    return _Units(
        area=given["area"] or defaults["area"],
        per=per,
        energy_unit=given["energy_unit"] or defaults["energy_unit"],
        points=given["points"] or ("centre" if per == "bin" else "points"),
        pot=pot,
    )


def _columns_for(
    path: Path, table: TextTable, neutrino: str, columns: Mapping[str, int] | None, layout: str
) -> dict[str, int]:
    """Return the columns of the energy and of every neutrino in the table, including `neutrino`."""
    width = table.rows.shape[1]
    if layout == "globes" and width != len(DEFAULT_COLUMNS):
        raise FileError(
            f"{path}:{table.lines[0]}: {width} columns, GLoBES files have {len(DEFAULT_COLUMNS)}; "
            "use format = 'columns'"
        )
    wanted = {ENERGY: 0, **columns} if columns is not None else dict(DEFAULT_COLUMNS)
    for name, column in wanted.items():
        if name not in DEFAULT_COLUMNS:
            raise InputError(f"columns: unknown name '{name}'{nearest(name, DEFAULT_COLUMNS)}; use E and neutrinos")
        require(column >= 0, f"columns['{name}']", column, "must be counted from 0")
    if neutrino not in wanted:
        raise InputError(f"columns gives no column for {neutrino}; it gives {', '.join(wanted)}")
    if wanted[neutrino] == wanted[ENERGY]:
        raise InputError(f"columns: {neutrino} cannot be in column {wanted[ENERGY]}, which is that of the energy")
    needed = wanted if columns is not None else {name: wanted[name] for name in (ENERGY, neutrino)}
    for name, column in needed.items():
        if column >= width:
            raise FileError(
                f"{path}:{table.lines[0]}: has {width} columns, but {name} is expected in column {column}, "
                "counted from 0; say which column holds it"
            )
    return {name: column for name, column in wanted.items() if column < width}


def _bin_edges(path: Path, energies_GeV: FloatArray, units: _Units) -> FloatArray | None:
    """Return the edges of the bins that the energies represent, or None for points of a curve."""
    if units.points == "points":
        return None
    if units.points == "edges":
        return np.append(energies_GeV, 2.0 * energies_GeV[-1] - energies_GeV[-2])
    count = len(energies_GeV)
    width = (energies_GeV[-1] - energies_GeV[0]) / (count - 1)
    uneven = np.abs(energies_GeV - (energies_GeV[0] + width * np.arange(count))).max()
    first = energies_GeV[0] - 0.5 * width
    if uneven > _EVEN * width or first < -_EVEN * width:
        reason = "are not evenly spaced" if uneven > _EVEN * width else f"would start a bin at {first:.4g} GeV"
        raise FileError(
            f"{path}: the energies {reason}, so they are not centres of equal bins; "
            "give points = 'edges', or per = 'GeV' with points = 'points'"
        )
    return np.asarray(np.maximum(first + width * np.arange(count + 1), 0.0))


def _raise_flaw(flaw: tuple[int, str] | None, where: Callable[[int], str]) -> None:
    """Raise `FileError` for a flaw, saying where it is."""
    if flaw is not None:
        raise FileError(f"{where(flaw[0])}: {flaw[1]}")


def _flux(energies_GeV: FloatArray, values: FloatArray, interpolation: str, label: str, units: _Units) -> TabulatedFlux:
    """Return the flux, with the assumed units in its description."""
    read_as = f"per {units.area} and {units.per}" + (f", for {units.pot:g} POT" if units.pot != 1.0 else "")
    description = f"{label} ({read_as}; {interpolation}), {energies_GeV[0]:.6g} to {energies_GeV[-1]:.6g} GeV"
    return TabulatedFlux(energies_GeV, values, interpolation, "cm^-2 POT^-1", description)


def _build(request: FluxRequest) -> Source:
    """Return the column of the neutrino asked for, or every one with flux."""
    options = request.options
    path = request.base_dir / _home_expanded(options["path"])
    published = options.get("published_at")
    found = f"such files are published at {published}; " if published else ""
    require_file(path, f"{found}put one there or correct flux.path")
    passed = {key: options[key] for key in options if key not in ("path", "column", "published_at")}
    column = options.get("column")
    made = []
    for name in _neutrinos_asked(path, request):
        flux = read_flux(path, neutrino=name, columns=_column_of(column, name), **passed)
        made.append(Component(name, name, flux))
    if len(made) == 1:
        return Source.of(made[0].flux, made[0].neutrino)
    return Source(tuple(made), f"{', '.join(c.neutrino for c in made)} from {path.name}")


def _neutrinos_asked(path: Path, request: FluxRequest) -> tuple[str, ...]:
    """Return the neutrinos to read: the one asked for, the one whose column is named, or all with flux."""
    column = request.options.get("column")
    if request.neutrino is not None or isinstance(column, str):
        return (request.neutrino or str(column),)
    if column is not None:
        raise InputError(
            f"column = {column!r} is one column, and nothing says of which neutrino; name it in process.neutrino, or "
            "leave flux.column out to take every column"
        )
    return neutrinos_in(path, request.options.get("format", "auto"))


def _home_expanded(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError as error:  # ~name of a user who does not exist
        raise InputError(f"path = {path!r} starts in the home of an unknown user; write the whole path") from error


def _column_of(column: int | str | None, neutrino: str) -> dict[str, int] | None:
    """Return the columns of `read_flux` for a number counted from 0 or the name of a neutrino."""
    if column is None:
        return None
    if isinstance(column, str):
        names = [name for name in DEFAULT_COLUMNS if name != ENERGY]
        cure = f"use a number counted from 0, or one of {', '.join(names)}"
        require(column in names, "column", column, f"is no neutrino{nearest(column, names)}; {cure}")
        return {neutrino: DEFAULT_COLUMNS[column]}
    require(
        column >= 1,
        "column",
        column,
        "must be 1 or more: columns count from 0, and column 0 holds the energy",
    )
    return {neutrino: column}


KIND = FluxKind(
    name="file",
    keys={
        "path": TEXT,
        "format": TEXT,
        "column": NUMBER_OR_NAME,
        "histogram": TEXT,
        "area": TEXT,
        "per": TEXT,
        "energy_unit": TEXT,
        "points": TEXT,
        "pot": NUMBER,
        "published_at": TEXT,
    },
    required=("path",),
    build=_build,
    range_key="path",
    one_neutrino_keys=("column", "histogram"),
    needs_file=True,
)
