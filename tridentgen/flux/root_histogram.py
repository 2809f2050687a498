"""One-dimensional histograms from ROOT files, through `uproot`."""

from __future__ import annotations

import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from tridentgen.errors import FileError, InputError, nearest
from tridentgen.flux.text_table import read_bytes, require_file
from tridentgen.typing import FloatArray

_MAGIC = b"root"
_LISTED = 12
_LARGE_FILE, _LARGE, _SMALLEST_KEY, _LONG_STRING = 1_000_000, 1000, 26, 255
"""Versions from which on places have 8 bytes, of a file and of a directory or key; bytes of a key without names; the
length of a string that stands for a longer one."""


@dataclass(frozen=True, eq=False)
class RootHistogram:
    """Edges of shape (N+1,), contents of shape (N,) without underflow and overflow, and the titles.

    Of a graph, `edges` are the energies of its N points.
    """

    name: str
    edges: FloatArray
    contents: FloatArray
    titles: tuple[str, ...]
    is_graph: bool = False


def is_root_file(path: Path) -> bool:
    """Return whether the file begins with the signature of ROOT files."""
    return read_bytes(path, len(_MAGIC)) == _MAGIC


def read_root_histogram(path: Path, histogram: str | None) -> RootHistogram:
    """Read the TH1 or TGraph called `histogram`, which may be omitted if the file contains only one.

    Raises
    ------
    FileError
        If the file is missing or damaged or `uproot` is not installed.
    InputError
        If there is no TH1 of that name; the message lists the available ones.
    """
    require_file(path)
    try:
        import uproot
    except ImportError:
        raise FileError(f'{path}: reading ROOT files needs uproot; run: pip install "tridentgen[io]"') from None
    try:
        _check_directory(path)
        with uproot.open(path) as file:
            classes = {
                key: kind for key, kind in file.classnames(cycle=False).items() if kind.startswith(("TH1", "TGraph"))
            }
            name = _choose(path, histogram, classes)
            return _extract(name, file[name])
    except (FileError, InputError):
        raise
    except Exception as error:  # uproot raises errors of any type for damaged bytes
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise FileError(f"{path}: cannot be read as a ROOT file ({reason}); get a fresh copy of it") from error


def _check_directory(path: Path) -> None:
    """Raise `FileError` if the directory of a file lists more objects than fit into it.

    uproot believes the number, and takes memory for each. What else is wrong is left to it.
    """
    count = 0
    with path.open("rb") as file, suppress(struct.error, OSError, ValueError):
        count = _listed(file)
    if not 0 <= count * _SMALLEST_KEY <= path.stat().st_size:
        raise FileError(f"{path}: is damaged: its directory lists {count} objects; get a fresh copy of it")


def _listed(file: IO[bytes]) -> int:
    """Return the number of objects that the directory of a file claims to list."""

    def number(kind: str, place: int) -> int:
        file.seek(place)
        return int(struct.unpack(f">{kind}", file.read(struct.calcsize(kind)))[0])

    directory = number("i", 8) + number("i", 36 if number("i", 4) >= _LARGE_FILE else 28)
    place = number("q", directory + 34) if number("h", directory) > _LARGE else number("i", directory + 26)
    place += 34 if number("h", place + 4) > _LARGE else _SMALLEST_KEY
    for _ in range(3):  # class, name and title of the list
        length = number("B", place)
        place += 1 + length if length < _LONG_STRING else 5 + number("i", place + 1)
    return number("i", place)


def _choose(path: Path, histogram: str | None, known: dict[str, str]) -> str:
    """Return the name of the histogram to read."""
    listed = ", ".join(list(known)[:_LISTED]) + (", ..." if len(known) > _LISTED else "")
    if not known:
        raise InputError(f"{path}: holds no TH1; give a file with a one-dimensional flux histogram")
    if histogram is None:
        if len(known) > 1:
            raise InputError(f"{path}: holds several histograms; choose with histogram = one of {listed}")
        return next(iter(known))
    name = histogram.partition(";")[0]
    if name not in known:
        raise InputError(f"{path}: holds no TH1 '{histogram}'{nearest(name, known)}; there are {listed}")
    return name


def _extract(name: str, histogram: Any) -> RootHistogram:
    """Copy the numbers of an uproot TH1 or TGraph; raise `ValueError` if there are fewer than declared."""
    if histogram.classname.startswith("TGraph"):
        energies, values = (np.asarray(histogram.member(axis), dtype=np.float64) for axis in ("fX", "fY"))
        if energies.shape != values.shape or energies.ndim != 1 or len(energies) < 2:
            raise ValueError(f"graph '{name}' has {energies.size} energies and {values.size} values")
        return RootHistogram(name, energies, values, _titles_of_graph(histogram), is_graph=True)
    contents, bins = np.asarray(histogram.values(), dtype=np.float64), histogram.member("fXaxis").member("fNbins")
    if len(contents) != bins:  # uproot creates as many edges as the axis declares
        raise ValueError(f"histogram '{name}' declares {bins} bins but holds {len(contents)}")
    titles = (
        histogram.title,
        histogram.member("fXaxis").member("fTitle"),
        histogram.member("fYaxis").member("fTitle"),
    )
    return RootHistogram(
        name=name,
        edges=np.asarray(histogram.axis().edges(), dtype=np.float64),
        contents=contents,
        titles=tuple(str(title) for title in titles),
    )


def _titles_of_graph(graph: Any) -> tuple[str, ...]:
    """Return the titles of a graph and of its axes, which are those of the histogram that ROOT draws below it."""
    frame = graph.member("fHistogram")
    axes = [] if frame is None else [frame.member(axis).member("fTitle") for axis in ("fXaxis", "fYaxis")]
    return tuple(str(title) for title in (graph.member("fTitle"), *axes))
