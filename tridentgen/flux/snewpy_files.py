"""Fluence files of snewpy: archives of tables (up to version 1.3), and the .npz of its containers (from 1.4 on)."""

from __future__ import annotations

import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tridentgen.errors import FileError, InputError
from tridentgen.flux.burst import Burst
from tridentgen.flux.snewpy_model import ORDER, SPECIES
from tridentgen.flux.tabulated import energy_flaw, value_flaw
from tridentgen.flux.text_table import MAX_BYTES, decoded, read_bytes
from tridentgen.flux.units_text import ENERGIES_GeV, Said, TextUnits
from tridentgen.typing import FloatArray

HEAD = "TBinMid=... EBinWidth=...MeV Fluence ... per cm^2"
"""The line with which a table of snewpy begins, for messages."""

_HEAD = re.compile(
    r"TBinMid\s*=\s*(?P<mid>[-+.\deE]+)[\ssec]*TBinWidth\s*=\s*(?P<width>[-+.\deE]+)[\ssec]*"
    r"EBinWidth\s*=\s*(?P<energy>[.\deE+-]+)\s*MeV\b(?P<rest>.*)",
    re.IGNORECASE,
)
_PER_CM2 = re.compile(r"(?i)fluence.*\bper\s+cm\s*\^?\s*2")
_MOST_MEMBERS = 5000
_MOST_BYTES = 256 * 1024 * 1024
"""Size of all numbers of a .npz."""

_FIRST_BYTES = {b"BZh": "tar", b"\x1f\x8b": "tar", b"\xfd7zXZ": "tar", b"PK\x03\x04": "npz"}
_USTAR_AT, _END_BYTES = 257, 1024
"""Where an archive that is not compressed says so, and the zeros at its end."""

_FLAVOURS = ("NU_E", "NU_X", "NU_E_BAR", "NU_X_BAR")
"""Flavours of snewpy 1 by number."""

_AREAS_CM2 = {"cm": 1.0, "m": 1e4, "km": 1e10}
_SECONDS = {"s": 1.0, "ms": 1e-3, "min": 60.0}
_MEET = 0.02
"""Allowed gap between bins, of their width: the heads are rounded."""


class BinHead(NamedTuple):
    """What the head of a table says: its time bin in s, the width of its energy bins, and the number of the line."""

    middle_s: float
    width_s: float
    per_MeV: str
    line: int
    text: str


def kind_of_archive(path: Path) -> str:
    """Return ``"tar"`` or ``"npz"`` for such a file by its first bytes, and nothing for others."""
    first = read_bytes(path, _USTAR_AT + 5)
    for start, kind in _FIRST_BYTES.items():
        if first.startswith(start):
            return kind
    return "tar" if first[_USTAR_AT:] == b"ustar" else ""


def bin_head(text: str) -> BinHead | None:
    """Return what the head of a table of snewpy says, or None for another text."""
    for number, line in enumerate(text.split("\n", 50)[:50], start=1):
        found = _HEAD.search(line)
        if found is None or not _PER_CM2.search(found["rest"]):
            continue
        try:
            middle, width, energy = (float(found[name]) for name in ("mid", "width", "energy"))
        except ValueError:
            continue
        if np.isfinite([middle, width, energy]).all() and width > 0.0 and energy > 0.0:
            return BinHead(middle, width, f"{energy:g} MeV", number, line.strip("#! \r"))
    return None


def units_of(head: BinHead) -> TextUnits:
    """Return the units that the head states: per cm^2, width of a bin in energy, and burst, at energies in GeV."""
    said = TextUnits()
    for where, value in (
        (said.area, "cm2"), (said.per, head.per_MeV), (said.burst, "burst"), (said.energy_unit, "GeV")
    ):  # fmt: skip
        where.append(Said(value, head.text, head.line))
    return said


def read_npz(path: Path) -> Burst:
    """Read what `generate_fluence`, `generate_time_series` or `Container.save` of snewpy 1.4 to 1.6 wrote.

    Raises
    ------
    FileError
        For a file that is damaged, or is no flux or fluence of the flavours of these versions.
    """
    found = _arrays(path)
    missing = [name for name in ("array", "_array_unit", "time", "energy", "flavor") if name not in found]
    if missing:
        raise FileError(f"{path}: is no flux of snewpy: it has no {' and no '.join(missing)}")
    array = _floats(path, "array", found["array"])
    per_second, per_energy, scale = _unit_of_flux(path, str(found["_array_unit"]))
    times = _axis(path, found, "time", _SECONDS)
    energies = _axis(path, found, "energy", ENERGIES_GeV)
    names = _flavours(path, found["flavor"])
    for axis, name, grid, points in ((1, "times", times, per_second), (2, "energies", energies, per_energy)):
        needed = len(grid) if points else len(grid) - 1
        if array.ndim != 3 or array.shape[axis] != needed or len(array) != len(names) or len(grid) < 2:
            raise FileError(
                f"{path}: numbers of shape {array.shape} in {found['_array_unit']} do not fit {len(names)} flavours "
                f"and {len(grid)} {name}; give a flux or fluence of all flavours, at two or more times and energies"
            )
    factors = np.full(array.shape[2], scale) if per_energy else scale / np.diff(energies)
    values = {}
    for name, numbers in zip(names, array, strict=True):
        if (flaw := value_flaw(numbers.ravel())) is not None:
            raise FileError(f"{path}: {name}: {flaw[1]}")
        values.update(dict.fromkeys(SPECIES[name], numbers * factors))
    return _labelled(path, times, energies, values)


def read_tar(path: Path, table: Callable[[Path, str], tuple[FloatArray, Mapping[str, FloatArray]]]) -> Burst:
    """Read an archive of tables, one for each bin in time, as snewpy 1.0 to 1.3 wrote them.

    Parameters
    ----------
    path
        The archive.
    table
        ``table(name, text)`` returns the energies of a table in GeV and the fluences in cm^-2 GeV^-1 by neutrino.

    Raises
    ------
    FileError
        For a file that is damaged or holds no such tables, and for bins that do not meet or have different energies.
    """
    heads, tables = [], []
    for name, text in _members(path):
        head = bin_head(text)
        if head is None:
            raise FileError(f"{path / name}: has no line '{HEAD}' of snewpy")
        heads.append(head)
        tables.append(table(path / name, text))
    if not heads:
        raise FileError(f"{path}: holds no tables of snewpy")
    order = sorted(range(len(heads)), key=lambda i: heads[i].middle_s)
    energies = tables[0][0]
    for i in order:
        if not np.array_equal(tables[i][0], energies):
            raise FileError(f"{path}: its tables have different energies; read them one by one")
    middles, widths = (np.array([heads[i][column] for i in order]) for column in (0, 1))
    apart = np.abs((middles + 0.5 * widths)[:-1] - (middles - 0.5 * widths)[1:])
    if len(apart) and (apart > _MEET * np.minimum(widths[1:], widths[:-1])).any():
        at = int(np.argmax(apart))
        raise FileError(
            f"{path}: the bins in time at {middles[at]:g} and {middles[at + 1]:g} s do not meet; unpack the archive "
            "and read its tables one by one"
        )
    edges = np.append(middles - 0.5 * widths, middles[-1] + 0.5 * widths[-1])
    names = dict.fromkeys(name for _, values in tables for name in values)
    zero = np.zeros_like(energies)
    return _labelled(path, edges, energies, {n: np.array([tables[i][1].get(n, zero) for i in order]) for n in names})


def chosen(burst: Burst, path: Path, time_bin: object) -> Burst:
    """Return the burst in one bin in time, counted from 0; all of it for None.

    Raises
    ------
    InputError
        For a number that is no bin.
    """
    if time_bin is None:
        return burst
    shown = f"{time_bin:g}" if isinstance(time_bin, (int, float)) else repr(time_bin)
    if burst.has_time_points:
        raise InputError(f"time_bin = {shown}: {path} has times at points and no bins; leave time_bin out")
    count = len(burst.times_s) - 1
    number = next((i for i in range(count) if i == time_bin), None)
    if number is None or isinstance(time_bin, bool):
        raise InputError(f"time_bin = {shown}: {path} has {count} bins in time, counted from 0 to {count - 1}")
    rows = slice(number, number + 1)
    values = {name: numbers[rows] for name, numbers in burst.values.items()}
    label = f"{path.name} of snewpy, time bin {number} of {count}"
    return Burst(burst.times_s[number : number + 2], burst.energies_GeV, values, label)


def _labelled(path: Path, times: FloatArray, energies: FloatArray, values: Mapping[str, FloatArray]) -> Burst:
    """Return the burst, with the number of bins in its label; raise `FileError` for axes that do not increase."""
    for name, grid, flaw in (
        ("energies", energies, energy_flaw(energies)),
        ("times", times, None if (np.diff(times) > 0.0).all() else (0, "they do not increase")),
    ):
        if flaw is not None or not np.isfinite(grid).all():
            raise FileError(f"{path}: its {name} cannot be used: {flaw[1] if flaw else 'they are not finite'}")
    ordered = {name: values[name] for name in ORDER if name in values}
    count = len(next(iter(ordered.values())))
    points = count == len(times)
    what = f"{count} times" if points else f"sum of {count} time bins" if count > 1 else "one time bin"
    return Burst(times, energies, ordered, f"{path.name} of snewpy, {what}")


def _members(path: Path) -> Iterator[tuple[str, str]]:
    """Yield name and text of the tables in an archive; empty files and folders are passed over."""
    if not read_bytes(path, _USTAR_AT).startswith(tuple(_FIRST_BYTES)):
        end = read_bytes(path)[-_END_BYTES:]
        if end != bytes(_END_BYTES):
            raise FileError(f"{path}: its end is missing; copy it again")  # tarfile would pass over lost tables
    try:
        with tarfile.open(path, "r:*") as archive:
            for number, member in enumerate(archive):
                if number == _MOST_MEMBERS or member.size > MAX_BYTES:
                    raise FileError(f"{path}: '{member.name}' is too large or one too many for an archive of snewpy")
                if member.isfile() and member.size > 0:
                    file = archive.extractfile(member)
                    assert file is not None, "it is a file"
                    yield member.name, decoded(path / member.name, file.read())
    except (tarfile.TarError, EOFError, OSError, ValueError, zlib.error) as error:
        why = str(error).partition("\n")[0].rstrip(": ")
        raise FileError(f"{path}: is no archive that can be read ({why}); make it again with snewpy") from error


def _arrays(path: Path) -> dict[str, Any]:
    """Return the arrays of a .npz, none of which may hold objects."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MOST_BYTES:
                raise FileError(f"{path}: is too large for a flux of snewpy; give fewer times or energies")
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except FileError:
        raise
    except Exception as error:  # a damaged file fails in as many ways as it has bytes
        why = str(error).partition("\n")[0]
        raise FileError(f"{path}: is no .npz that can be read ({why}); make it again with snewpy") from error


def _floats(path: Path, name: str, values: Any) -> FloatArray:
    array = np.asarray(values)
    if array.dtype.kind not in "fiu":
        raise FileError(f"{path}: its {name} is not of real numbers")
    return np.asarray(array, dtype=np.float64)


def _axis(path: Path, found: Mapping[str, Any], name: str, units: Mapping[str, float]) -> FloatArray:
    """Return times in s or energies in GeV."""
    unit = str(found.get(f"_{name}_unit", ""))
    if unit not in units:
        raise FileError(f"{path}: its {name} is in '{unit}'; {' and '.join(units)} are known")
    values = _floats(path, name, found[name])
    if values.ndim != 1:
        raise FileError(f"{path}: its {name} has the shape {values.shape}, and is no list")
    return values if units[unit] == 1.0 else values * units[unit]


def _unit_of_flux(path: Path, text: str) -> tuple[bool, bool, float]:
    """Return whether a flux is per time and per energy, and what turns it into cm^-2, s^-1 and GeV^-1."""
    found = re.fullmatch(r"\s*1\s*/\s*\(?\s*([A-Za-z0-9 ]+?)\s*\)?\s*", text)
    scale, kinds = 1.0, []
    for factor in found[1].split() if found else []:
        match = re.fullmatch(r"([A-Za-z]+)(\d*)", factor)
        name, power = match.groups() if match else ("", "")
        if name in _AREAS_CM2 and power == "2":
            kinds.append("area")
            scale /= _AREAS_CM2[name]
        elif name in _SECONDS and power == "":
            kinds.append("time")
            scale /= _SECONDS[name]
        elif name in ENERGIES_GeV and power == "":
            kinds.append("energy")
            scale /= ENERGIES_GeV[name]
        else:
            kinds.append("unknown")
    if "area" not in kinds or "unknown" in kinds or len(set(kinds)) < len(kinds):
        raise FileError(f"{path}: its numbers are in '{text}', which is no flux or fluence per area")
    return "time" in kinds, "energy" in kinds, scale


def _flavours(path: Path, numbers: Any) -> list[str]:
    """Return the names of flavours given by the numbers of snewpy 1, or by name."""
    flavours = np.atleast_1d(numbers)
    if flavours.dtype.kind == "U":
        names = [str(name) for name in flavours]
    elif flavours.dtype.kind in "iu" and all(0 <= number < len(_FLAVOURS) for number in flavours):
        names = [_FLAVOURS[int(number)] for number in flavours]
    else:
        names = []
    if not names or not set(names) <= set(SPECIES) or len(set(names)) < len(names):
        shown = ", ".join(str(each) for each in flavours[:8])
        raise FileError(f"{path}: its flavours are {shown}; those of snewpy 1.4 to 1.6, from 0 to 3, are known")
    return names
