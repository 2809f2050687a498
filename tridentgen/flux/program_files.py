"""Flux files in the layouts of programs: the ``beam_energy`` of NuWro, the atmospheric tables of M. Honda et al."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from tridentgen.errors import FileError
from tridentgen.flux.column_names import BY_PDG_CODE
from tridentgen.flux.text_table import TextTable, read_text, to_number
from tridentgen.flux.units_text import read_units
from tridentgen.typing import FloatArray

LAYOUTS = MappingProxyType(
    {
        "nuwro": "NuWro (beam_energy = ...: a shape in MeV)",
        "honda": "M. Honda's atmospheric fluxes (blocks in cosZ, per m^2, s, sr and GeV)",
    }
)
"""The layouts by the names of their formats, in words."""

_BEAM = re.compile(r"^[ \t]*beam_energy[ \t]*=(.*)$", re.MULTILINE)
_PARTICLE = re.compile(r"^[ \t]*beam_particle[ \t]*=[ \t]*(-?\d+)[ \t]*$", re.MULTILINE)
_RANGE = r"(-?\d{1,4}(?:\.\d{0,9})?)\s*--\s*(-?\d{1,4}(?:\.\d{0,9})?)"
_BLOCK = re.compile(rf"cosZ\s*=\s*{_RANGE}(?:\s*,\s*phi_Az\s*=\s*{_RANGE})?", re.IGNORECASE)
_PER_SR = re.compile(r"(?i)\b(?:sr|steradian)s?\b(?:\s*\^?\s*-1)?")
_HONDA_COLUMNS = "E numu numubar nue nuebar"
_COMPLETE = 1e-3
"""Allowed deviation of the solid angle of all blocks from 4 pi."""


def read_nuwro(path: Path) -> TextTable:
    """Read the line ``beam_energy = first last value value ...`` of NuWro: energies in MeV, values in equal bins.

    The table has the columns low, high and the value; its head names them where ``beam_particle`` says the neutrino.
    """
    text = read_text(path)
    lines = list(_BEAM.finditer(text))
    if len(lines) != 1:
        raise FileError(f"{path}: has {len(lines)} lines 'beam_energy = ...', and NuWro's layout has one")
    number = text.count("\n", 0, lines[0].start()) + 1
    words = lines[0].group(1).split("#")[0].split()
    values = [to_number(word) for word in words]
    if len(values) < 4 or any(value is None or not math.isfinite(value) for value in values):
        raise FileError(
            f"{path}:{number}: beam_energy must be followed by the first and the last energy in MeV and by the flux in "
            "two or more bins, all numbers"
        )
    numbers = np.array(values, dtype=np.float64)
    if not 0.0 <= numbers[0] < numbers[1]:
        raise FileError(
            f"{path}:{number}: beam_energy goes from {numbers[0]:g} to {numbers[1]:g} MeV; let it rise from 0"
        )
    edges = np.linspace(numbers[0], numbers[1], len(numbers) - 1)
    rows = np.column_stack((edges[:-1], edges[1:], numbers[2:]))
    particle = _PARTICLE.search(text)
    neutrino = BY_PDG_CODE.get(particle.group(1), "") if particle else ""
    notes = ((number, f"Elo Ehi {neutrino}"),) if neutrino else ()
    return TextTable(rows, (number,) * len(rows), notes)


class _Block(NamedTuple):
    """A range of directions of an atmospheric flux: the line that names the columns, the rows and their lines."""

    solid_angle_sr: float
    head: tuple[int, str]
    rows: FloatArray
    lines: tuple[int, ...]


def read_honda(path: Path) -> TextTable:
    """Read an atmospheric flux of M. Honda et al.: blocks in cosZ and phi_Az, per m^2, s, sr and GeV.

    The table has the columns that the head of the blocks names, those of Honda without one, integrated over the solid
    angle.
    """
    lines = read_text(path).split("\n")
    starts = [line for line, text in enumerate(lines) if _BLOCK.search(text)]
    if not starts:
        raise FileError(
            f"{path}: has no line 'average flux in [cosZ = ...]', as files in Honda's layout; use 'columns'"
        )
    for line, text in enumerate(lines[: starts[0]], start=1):
        _check_units(path, line, text)
        if text.split() and to_number(text.split()[0]) is not None:
            raise FileError(f"{path}:{line}: must stand below a line with cosZ, as in Honda's files")
    blocks = [_block(path, lines, *limits) for limits in pairwise([*starts, len(lines)])]
    first = blocks[0]
    for start, block in zip(starts, blocks, strict=True):
        if block.rows.shape != first.rows.shape or not np.array_equal(block.rows[:, 0], first.rows[:, 0]):
            raise FileError(f"{path}:{start + 1}: this block has other energies or columns than the first one")
        if block.head[1].split() != first.head[1].split():
            raise FileError(f"{path}:{block.head[0]}: this block has another head than the first one")
    ranges = [" ".join(lines[start].split()) for start in starts]
    if len(set(ranges)) < len(ranges):
        twice = next(i for i, text in enumerate(ranges) if text in ranges[:i])
        raise FileError(f"{path}:{starts[twice] + 1}: these directions are there twice; drop one of the blocks")
    solid_angle = math.fsum(block.solid_angle_sr for block in blocks)
    if abs(solid_angle / (4.0 * math.pi) - 1.0) > _COMPLETE:
        raise FileError(f"{path}: its blocks cover {solid_angle:.4g} sr, and all directions are {4 * math.pi:.4g} sr")
    total = np.zeros_like(first.rows[:, 1:])
    for block in blocks:
        total += block.solid_angle_sr * block.rows[:, 1:]
    return TextTable(np.column_stack((first.rows[:, 0], total)), first.lines, (first.head,))


def _block(path: Path, lines: Sequence[str], start: int, end: int) -> _Block:
    """Return the block that begins with the line `start`, counted from 0, and ends before `end`."""
    match = _BLOCK.search(lines[start])
    assert match is not None, "found by it"
    cosines = float(match[2]) - float(match[1])
    degrees = float(match[4]) - float(match[3]) if match[3] else 360.0
    head = (start + 1, _HONDA_COLUMNS)
    rows: list[list[float]] = []
    places: list[int] = []
    for line, text in enumerate(lines[start + 1 : end], start=start + 2):
        values = [to_number(word) for word in text.split()]
        if not values or (values[0] is None and rows):
            continue
        if values[0] is None:
            _check_units(path, line, text)
            head = (line, text.strip())
            continue
        numbers = [value for value in values if value is not None and math.isfinite(value)]
        if len(numbers) < len(values):
            raise FileError(f"{path}:{line}: holds what is no finite number; correct it, or write 0 for no flux")
        if rows and len(numbers) != len(rows[0]):
            raise FileError(f"{path}:{line}: {len(numbers)} columns, but the rows before have {len(rows[0])}")
        rows.append(numbers)
        places.append(line)
    if len(rows) < 2 or len(rows[0]) < 2:
        raise FileError(f"{path}:{start + 1}: the block must have two or more rows of E numu numubar nue nuebar")
    return _Block(abs(cosines * math.radians(degrees)), head, np.array(rows, dtype=np.float64), tuple(places))


def _check_units(path: Path, line: int, head: str) -> None:
    """Raise `FileError` where the head of a block names other units than those of Honda's files."""
    said = read_units([(line, _PER_SR.sub(" ", head))])
    other = [
        *(one for one in said.area if one.value != "m2"),
        *(one for one in (*said.per, *said.energy_unit) if one.value != "GeV"),
        *(one for one in said.seconds if one.value != 1.0),
        *(one for kind in ("energy", "area", "time") for one in said.unplaced.get(kind, [])),
        *said.refused,
    ]
    if other:
        raise FileError(
            f"{path}:{line}: {other[0].quoted()}: Honda's files are per (m^2 sec sr GeV), with energies in GeV; use "
            "'columns'"
        )


def layout_of(text: str) -> str:
    """Return the name of the format of a text in one of these layouts, or nothing."""
    return "nuwro" if _BEAM.search(text) else "honda" if _BLOCK.search(text) else ""
