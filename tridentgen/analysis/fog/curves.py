"""Curves of cross sections by mass from text files, to be drawn beside the fog."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from tridentgen.errors import FileError, InputError
from tridentgen.typing import FloatArray

_LARGEST = 1 << 20


def read_curve(path: Path) -> tuple[FloatArray, FloatArray]:
    """Return masses in GeV and cross sections in cm^2 from the first two columns of a text file.

    Columns are separated by commas or blanks; ``#`` begins a comment, and a first line of names is left out.

    Raises
    ------
    FileError
        The file cannot be read, or is no text.
    InputError
        For a line without two positive numbers, or a file with fewer than two of them.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise FileError(f"cannot read the curve '{path}': {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise FileError(f"'{path}' is not a text file with columns of masses and cross sections") from error
    if len(data) > _LARGEST:
        raise FileError(f"'{path}' is larger than 1 MiB: not a curve of cross sections")
    rows: list[tuple[float, float]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        cells = line.partition("#")[0].replace(",", " ").split()
        if not cells:
            continue
        try:
            mass, sigma = float(cells[0]), float(cells[1])
        except (ValueError, IndexError):
            if not rows and not _is_number(cells[0]):  # names of columns
                continue
            mass = sigma = math.nan
        if not (0.0 < mass < math.inf and 0.0 < sigma < math.inf):
            raise InputError(f"{path}:{number}: needs a mass in GeV and a cross section in cm2, both positive")
        rows.append((mass, sigma))
    if len(rows) < 2:
        raise InputError(f"{path}: has fewer than two lines with a mass in GeV and a cross section in cm2")
    found = np.array(rows)
    return found[:, 0], found[:, 1]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
