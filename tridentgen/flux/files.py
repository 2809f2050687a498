"""Neutrino fluxes from files: text columns, GLoBES files, histograms in ROOT files."""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tridentgen.errors import FileError, InputError, nearest
from tridentgen.flux.base import require
from tridentgen.flux.burst import Burst
from tridentgen.flux.column_names import ENERGY, mentioned
from tridentgen.flux.kind import NUMBER, NUMBER_OR_NAME, TEXT, FluxKind, FluxRequest
from tridentgen.flux.made_flux import check_widths, made_flux, raise_flaw
from tridentgen.flux.root_histogram import is_root_file, read_root_histogram
from tridentgen.flux.settled_units import TIMES, numbered, settle_units
from tridentgen.flux.snewpy_files import chosen, kind_of_archive, read_npz, read_tar
from tridentgen.flux.source import Component, Source
from tridentgen.flux.tabulated import TabulatedFlux, energy_flaw, value_flaw
from tridentgen.flux.text_flux import BECAUSE, DEFAULT_COLUMNS, FORMATS, FluxTable
from tridentgen.flux.text_table import require_file
from tridentgen.flux.units_text import ENERGIES_GeV, per_in_gev, read_units
from tridentgen.matter.particles import NEUTRINOS
from tridentgen.matter.particles import neutrino as find_neutrino
from tridentgen.typing import FloatArray

CHOICES: Mapping[str, tuple[str, ...]] = {
    "format": ("auto", "columns", "globes", "snowglobes", "snewpy", "nuwro", "honda", "root"),
    "area": ("cm2", "m2"),
    "per": ("GeV", "MeV", "50 MeV", "bin"),
    "energy_unit": tuple(ENERGIES_GeV),
    "points": ("points", "centre", "edges"),
    "time": tuple(TIMES),
}
"""Allowed values of the options of `read_flux`; `per` is any energy, with or without a number."""

_MOST_PER_POT, _LOWEST_BEAM_GeV, _HIGHEST_BEAM_GeV = 1e-4, 0.1, 1000.0
"""Beyond these no beam of neutrinos is known: per cm^2 and proton on target; where its spectrum ends."""


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
    pot: float | None = None,
    time: str | None = None,
    energy_column: int | str | None = None,
    low_column: int | str | None = None,
    high_column: int | str | None = None,
    time_bin: int | None = None,
) -> TabulatedFlux:
    """Read the flux of one neutrino from a file.

    What the text of the file (titles, heads, comments) says of units and columns is used. Where an argument contradicts
    it, and where it has words of units that cannot be placed, an error says which line and which argument.

    Parameters
    ----------
    path
        The file.
    neutrino
        Name of the neutrino, as ``"numu"``.
    format
        ``"columns"`` (text), ``"globes"`` (text, 7 columns, per m^2), ``"snowglobes"`` (the same per cm^2, bin and
        burst), ``"snewpy"`` (its tables, archives and .npz, all units as they say), ``"nuwro"`` (``beam_energy = ...``;
        a shape unless `area`, `per` and `pot` or `time` are given), ``"honda"`` (atmospheric, integrated over all
        directions), ``"root"``, or ``"auto"``: ROOT and snewpy by what they begin with, columns otherwise.
    columns
        Column of each neutrino and of the energy ``"E"``, counted from 0; if not given, those that the head of the
        file names, or `DEFAULT_COLUMNS`.
    histogram
        Name of the TH1 or TGraph in a ROOT file.
    area, per, energy_unit
        Units of the numbers: ``"cm2"`` (default of text; GLoBES: m2) or ``"m2"``; an energy as ``"GeV"``
        (default of text), ``"MeV"``, ``"50 MeV"``, or ``"bin"``; ``"GeV"`` (default) or another unit of energy.
    points
        Meaning of the energies of a text file: ``"points"`` of a curve, interpolated linearly (default);
        ``"centre"`` of equally wide bins (default with ``per="bin"``); lower ``"edges"`` of bins, the last of
        them as wide as the one before.
    pot
        Protons on target to which the numbers correspond (default 1); the result is per proton on target.
    time
        What the flux is for: a number of protons on target, ``"POT"`` (default), a second, ``"s"``, or one
        ``"burst"``.
    energy_column, low_column, high_column
        Columns of the energies, and of the lower and upper edges of the bins, by number or by name in the head.
    time_bin
        Bin in time of an archive or .npz of snewpy, counted from 0; their sum by default.

    Raises
    ------
    FileError
        For a file that is missing or damaged, and for contents that are not a valid spectrum, with the line; where the
        file contradicts the arguments, or does not say enough; for a flux beyond any beam, unless the arguments give
        the units that would explain it.
    InputError
        For options that are unknown or contradict each other.
    """
    given = {"area": area, "per": per, "energy_unit": energy_unit, "points": points, "time": time}
    for name, value in {"format": format, **given}.items():
        rule = f"is not known; use {' or '.join(repr(choice) for choice in CHOICES[name])}"
        is_energy = name == "per" and value is not None and per_in_gev(value) is not None
        require(value is None or value in CHOICES[name] or is_energy, name, value, rule)
    rule = "must be a positive number of protons"
    require(pot is None or (math.isfinite(pot) and pot > 0.0), "pot", pot, rule)
    find_neutrino(neutrino)
    places = {"energy_column": energy_column, "low_column": low_column, "high_column": high_column}
    if is_burst(Path(path), format):
        options = {**given, **places, "pot": pot, "columns": columns, "histogram": histogram, "time_bin": time_bin}
        burst = read_burst(Path(path), {key: value for key, value in options.items() if value is not None})
        return burst_flux(burst, neutrino)
    _refuse_time_bin(Path(path), time_bin)
    flux = _read(Path(path), neutrino, format, columns, histogram, given, pot, places)
    _question(Path(path), flux, {name for name, value in {**given, "pot": pot}.items() if value is not None})
    return flux


def _read(
    source: Path,
    neutrino: str,
    format: str,
    columns: Mapping[str, int] | None,
    histogram: str | None,
    given: Mapping[str, str | None],
    pot: float | None,
    places: Mapping[str, int | str | None],
) -> TabulatedFlux:
    """Return the flux as `read_flux`, unquestioned; `places` are the columns of energies, lower and upper edges."""
    if format == "root" or (format == "auto" and is_root_file(source)):
        if columns is not None or any(place is not None for place in places.values()):
            raise InputError(f"{source}: is a ROOT file and has no columns; give histogram instead")
        return _from_root(source, neutrino, histogram, given, pot)
    if histogram is not None:
        raise InputError(f"{source}: is a text file and has no histogram '{histogram}'; give columns instead")
    return FluxTable(source, format).flux(neutrino, columns, places, given, pot)


def neutrinos_in(path: Path, format: str = "auto") -> tuple[str, ...]:
    """Return the neutrinos with non-zero flux in a text file, by its head or the columns of `DEFAULT_COLUMNS`.

    Raises
    ------
    FileError
        For a file that is missing or damaged, or has no flux in these columns.
    InputError
        For a ROOT file, whose histograms do not specify the neutrino.
    """
    if format == "root" or (format == "auto" and is_root_file(path)):
        raise InputError(
            f"{path}: a histogram does not say which neutrino it is; name it in process.neutrino "
            "(flux show: --neutrino)"
        )
    table = FluxTable(path, format)
    columns = table.named_columns()
    if len(set(columns.values())) < len(columns):
        raise InputError(f"{path}: has one flux, and nothing says of which neutrino; name it in process.neutrino")
    if mixed := table.of_several():
        raise FileError(
            f"{path}:{mixed.line}: '{mixed.text}': a column is of several neutrinos; name one in process.neutrino, or "
            "write a column for each"
        )
    names = table.filled()
    if not names:
        raise FileError(f"{path}: no flux in the columns of {', '.join(NEUTRINOS)}; give one with process.neutrino")
    return names


def _from_root(
    path: Path, neutrino: str, histogram: str | None, given: Mapping[str, str | None], pot: float | None
) -> TabulatedFlux:
    """Read a TH1, whose bins are those of the flux, or the points of a TGraph."""
    found = read_root_histogram(path, histogram)
    what = "graph" if found.is_graph else "histogram"
    parts = ("point", "point") if found.is_graph else ("edge", "bin")
    if found.is_graph and (np.diff(found.edges) < 0.0).all():
        found = replace(found, edges=found.edges[::-1], contents=found.contents[::-1])
    raise_flaw(energy_flaw(found.edges), lambda i: f"{path}: {what} '{found.name}', {parts[0]} {i}")
    raise_flaw(value_flaw(found.contents), lambda i: f"{path}: {what} '{found.name}', {parts[1]} {i}")
    if not found.contents.any():
        raise FileError(f"{path}: {what} '{found.name}' is zero at all energies; choose another")
    named = mentioned(numbered((found.name, *found.titles)))
    if named and neutrino not in named:
        raise FileError(
            f"{path}: {what} '{found.name}' is of {' and '.join(named)} by its name or title, and not of {neutrino}; "
            "choose another with histogram, or name that neutrino"
        )
    said = read_units(numbered(found.titles))
    defaults = FORMATS["columns" if found.is_graph else "root"]
    units = settle_units(path, given, pot, said, defaults, BECAUSE["root"])
    label = f"{neutrino} from {path.name}, {what} {found.name}"
    energies = units.to_gev(found.edges)
    if found.is_graph:
        return made_flux(energies, units.to_flux(found.contents, None), "linear", label, units)
    check_widths(path, energies, units)
    return made_flux(energies, units.to_flux(found.contents, np.diff(energies)), "histogram", label, units)


def _question(path: Path, flux: TabulatedFlux, options: Collection[str]) -> None:
    """Raise `FileError` for a flux beyond any beam, where `options` lack the units that would explain it."""
    if flux.total_units != TIMES["POT"]:
        return
    if flux.total > _MOST_PER_POT and not ("area" in options and "per" in options and {"pot", "time"} & set(options)):
        raise FileError(
            f"{path}: {flux.total:.3g} neutrinos per cm2 and proton on target is more than any beam has, as read: "
            f"{flux.description}; give area, per, and pot or time = 's' or 'burst'"
        )
    ends = flux.energy_max_GeV
    if not _LOWEST_BEAM_GeV * (1.0 + 1e-9) < ends <= _HIGHEST_BEAM_GeV and "energy_unit" not in options:
        raise FileError(
            f"{path}: a beam that ends at {ends:.6g} GeV is unusual, as read: {flux.description}; give energy_unit"
        )


def _build(request: FluxRequest) -> Source:
    """Return the column of the neutrino asked for, or every one with flux."""
    options = request.options
    path = request.path("path")
    published = options.get("published_at")
    found = f"such files are published at {published}; " if published else ""
    require_file(path, f"{found}put one there or correct flux.path")
    passed = {key: options[key] for key in options if key not in ("path", "column", "published_at")}
    if is_burst(path, options.get("format", "auto")):
        given = {key: options[key] for key in options if key not in ("path", "format", "published_at")}
        return Source.of_burst(read_burst(path, given))
    _refuse_time_bin(path, options.get("time_bin"))
    made = []
    for name in _neutrinos_asked(path, request):
        flux = read_flux(path, neutrino=name, columns=_column_of(path, options, name), **passed)
        made.append(Component(name, name, flux))
    if len(made) == 1:
        return Source.of(made[0].flux, made[0].neutrino)
    columns = [flux.description.partition(", column ")[2].partition(" ") for flux in (one.flux for one in made)]
    names = ", ".join(one.neutrino for one in made)
    numbers = ", ".join(number for number, _, _ in columns)
    return Source(tuple(made), f"{names} from {path.name}, columns {numbers} {columns[0][2]}")


def is_burst(path: Path, format: str) -> bool:
    """Return whether a file is an archive or a .npz of snewpy."""
    return format in ("auto", "snewpy") and kind_of_archive(path) != ""


def read_burst(path: Path, options: Mapping[str, Any]) -> Burst:
    """Read an archive or a .npz of snewpy; of the options of `read_flux`, only `time_bin` goes with it.

    Raises
    ------
    FileError
        For a file that is damaged, or holds something else.
    InputError
        For another option, and for a bin in time that there is not.
    """
    others = [key for key in options if key != "time_bin"]
    if others:
        raise InputError(f"{others[0]} does not go with {path}, which is of snewpy and says all units; leave it out")
    burst = read_npz(path) if kind_of_archive(path) == "npz" else read_tar(path, _member)
    return chosen(burst, path, options.get("time_bin"))


def _member(path: Path, text: str) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Return the energies and the fluences of a table in an archive of snewpy."""
    table = FluxTable(path, "snewpy", text)
    names = table.filled()
    fluxes = {name: table.flux(name, None, {}, dict.fromkeys(CHOICES), None) for name in names}
    if not fluxes:
        return table.rows[:, 0], {}
    return next(iter(fluxes.values())).energies_GeV, {name: flux.values for name, flux in fluxes.items()}


def burst_flux(burst: Burst, neutrino: str) -> TabulatedFlux:
    """Return the fluence of one neutrino; raise `FileError` if there is none."""
    for part in burst.parts():
        if part.neutrino == neutrino:
            return part.flux
    raise FileError(f"{burst.label}: has no {neutrino}; it has {', '.join(burst.values)}")


def _refuse_time_bin(path: Path, time_bin: object) -> None:
    if time_bin is not None:
        raise InputError(f"time_bin = {time_bin!r}: {path} is no archive or .npz of snewpy, with bins in time")


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


def _column_of(path: Path, options: Mapping[str, object], neutrino: str) -> dict[str, int] | None:
    """Return the columns of `read_flux` for a number counted from 0 or the name of a neutrino."""
    column = options.get("column")
    if column is None:
        return None
    if isinstance(column, str):
        names = [name for name in DEFAULT_COLUMNS if name != ENERGY]
        cure = f"use a number counted from 0, or one of {', '.join(names)}"
        require(column in names, "column", column, f"is no neutrino{nearest(column, names)}; {cure}")
        if is_root_file(path):
            return {neutrino: DEFAULT_COLUMNS[column]}
        named = FluxTable(path, str(options.get("format", "auto"))).named_columns()
        if column not in named:
            raise InputError(f"column = {column!r} is not in the head of {path}, which names {', '.join(named)}")
        return {neutrino: named[column]}
    assert isinstance(column, int), "checked with the types of the keys"
    places = [options.get(key) for key in ("energy_column", "low_column")]
    free = any(place not in (None, 0) for place in places)
    rule = "must be 1 or more: columns count from 0, and column 0 holds the energy"
    require(column >= 1 or (free and column == 0), "column", column, rule)
    return {neutrino: column}


KIND = FluxKind(
    name="file",
    keys={
        "path": TEXT,
        "format": TEXT,
        "column": NUMBER_OR_NAME,
        "energy_column": NUMBER_OR_NAME,
        "low_column": NUMBER_OR_NAME,
        "high_column": NUMBER_OR_NAME,
        "histogram": TEXT,
        "area": TEXT,
        "per": TEXT,
        "energy_unit": TEXT,
        "points": TEXT,
        "pot": NUMBER,
        "time": TEXT,
        "time_bin": NUMBER,
        "published_at": TEXT,
    },
    required=("path",),
    build=_build,
    range_key="path",
    one_neutrino_keys=("column", "histogram"),
    file_keys=("path",),
)
