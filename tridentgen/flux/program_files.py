"""Flux files in the layouts of programs: the ``beam_energy`` of NuWro, the atmospheric tables of M. Honda et al."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np

from tridentgen.errors import FileError
from tridentgen.flux.column_names import BY_PDG_CODE
from tridentgen.flux.text_table import TextTable, read_text, to_number
from tridentgen.typing import FloatArray

_BEAM = re.compile(r"^[ \t]*beam_energy[ \t]*=(.*)$", re.MULTILINE)
_PARTICLE = re.compile(r"^[ \t]*beam_particle[ \t]*=[ \t]*(-?\d+)[ \t]*$", re.MULTILINE)
_RANGE = r"(-?\d{1,4}(?:\.\d{0,9})?)\s*--\s*(-?\d{1,4}(?:\.\d{0,9})?)"
_BLOCK = re.compile(rf"cosZ\s*=\s*{_RANGE}(?:\s*,\s*phi_Az\s*=\s*{_RANGE})?", re.IGNORECASE)
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


def read_honda(path: Path) -> TextTable:
    """Read an atmospheric flux of M. Honda et al.: blocks in cosZ and phi_Az, per m^2, s, sr and GeV.

    The table has the columns E numu numubar nue nuebar, integrated over the solid angle.
    """
    solid_angle, blocks, block = 0.0, [], 0.0
    table: list[list[float]] = []
    first: FloatArray | None = None
    total: FloatArray | None = None
    starts: list[int] = []

    def close(line: int) -> None:
        nonlocal total, first, table
        rows = np.array(table, dtype=np.float64)
        if len(rows) < 2 or (first is not None and not np.array_equal(rows[:, 0], first)):
            raise FileError(f"{path}:{line}: the block ends with energies that are not those of the first block")
        first = rows[:, 0]
        total = block * rows[:, 1:] if total is None else total + block * rows[:, 1:]
        table = []

    for line, text in enumerate(read_text(path).split("\n"), start=1):
        match = _BLOCK.search(text)
        if match is not None:
            if block:
                close(line)
            cosines = float(match.group(2)) - float(match.group(1))
            degrees = float(match.group(4)) - float(match.group(3)) if match.group(3) else 360.0
            block = abs(cosines * math.radians(degrees))
            solid_angle += block
            blocks.append(line)
            continue
        values = [to_number(word) for word in text.split()]
        if not values or values[0] is None:
            continue
        if len(values) != 5 or any(value is None for value in values) or not block:
            raise FileError(
                f"{path}:{line}: must be E numu numubar nue nuebar below a line with cosZ, as Honda's files"
            )
        numbers = [value for value in values if value is not None and math.isfinite(value)]
        if len(numbers) < len(values):
            raise FileError(f"{path}:{line}: holds a number that is not finite; correct it, or write 0 for no flux")
        table.append(numbers)
        if first is None:
            starts.append(line)
    if not blocks:
        raise FileError(
            f"{path}: has no line 'average flux in [cosZ = ...]', as files in Honda's layout; use 'columns'"
        )
    close(blocks[-1])
    if abs(solid_angle / (4.0 * math.pi) - 1.0) > _COMPLETE:
        raise FileError(f"{path}: its blocks cover {solid_angle:.4g} sr, and all directions are {4 * math.pi:.4g} sr")
    assert total is not None, "at least one block was closed"
    assert first is not None
    return TextTable(np.column_stack((first, total)), tuple(starts), ((blocks[0], "E numu numubar nue nuebar"),))
