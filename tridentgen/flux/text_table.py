"""Reader of numerical tables in text files; every error names file and line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tridentgen.errors import FileError
from tridentgen.typing import FloatArray

MAX_BYTES = 8 * 1024 * 1024
"""Larger files are rejected without reading: published flux tables have some kilobytes."""

MAX_ROWS = 200_000
"""More rows are no table of a flux, and would take long to read."""

_SHOWN = 30
_COMMENT = re.compile(r"(?<![A-Za-z])[#%!]+|//+|^\s*;+")
_RULE = re.compile(r"[\s=_*~+|-]+")
_EXPONENT = r"[eEdD][+-]?\d+"
_DECIMAL_COMMA = re.compile(rf"[+-]?(?:\d+,\d+{_EXPONENT}|0,\d+|\d+,(?:\d{{1,2}}|\d{{4,}})|\d+(?:{_EXPONENT})?)")
"""Not ``1,000``, which may be a thousand."""

_FORTRAN = re.compile(r"(?<=[\d.])[dD](?=[+-]?\d)")


@dataclass(frozen=True, eq=False)
class TextTable:
    """Numbers of shape (rows, columns), the line of each row, and all comments and heads with their lines."""

    rows: FloatArray
    lines: tuple[int, ...]
    notes: tuple[tuple[int, str], ...] = ()


def read_text_table(path: Path, *, heads: bool = False, text: str | None = None) -> TextTable:
    """Read columns of numbers separated by blanks, commas or semicolons.

    ``#``, ``%``, ``!`` and ``//`` start a comment anywhere, ``;`` at the start of a line. Exponents may be written with
    the D of Fortran. With `heads`, lines of words before the numbers are heads, which need no ``#``. `text` is the text
    of the file if it is known.

    Raises
    ------
    FileError
        If the file is missing, too large, not text, empty or ragged, or contains a field that is not a number.
    """
    rows: list[list[float]] = []
    lines: list[int] = []
    notes: list[tuple[int, str]] = []
    for number, line in enumerate((read_text(path) if text is None else text).split("\n"), start=1):
        start = _COMMENT.search(line)
        data = line if start is None else line[: start.start()]
        if start is not None and line[start.end() :].strip():
            notes.append((number, line[start.end() :].strip()))
        if not data.strip() or _RULE.fullmatch(data):
            continue
        if heads and not rows and _is_head(data):
            notes.append((number, data.strip()))
            continue
        row = _parse_row(data, path, number)
        if rows and len(row) != len(rows[0]):
            raise FileError(
                f"{path}:{number}: {len(row)} columns, but line {lines[0]} has {len(rows[0])}; "
                "give every row the same number of columns"
            )
        if len(rows) == MAX_ROWS:
            raise FileError(
                f"{path}:{number}: more than {MAX_ROWS} rows of numbers; give a table of energy and flux alone"
            )
        rows.append(row)
        lines.append(number)
    if not rows:
        raise FileError(f"{path}: holds no numbers; give rows of energy and flux")
    return TextTable(np.array(rows, dtype=np.float64), tuple(lines), tuple(notes))


def require_file(path: Path, hint: str = "check the path") -> None:
    """Raise `FileError` unless there is a file at `path`."""
    try:
        if not path.exists():
            raise FileError(f"{path}: no such flux file; {hint}")
        if not path.is_file():
            raise FileError(f"{path}: is not a file; give the path of a flux file")
    except FileError:
        raise
    except OSError as error:  # a name that is too long, a folder without access
        raise FileError(f"{path}: cannot be reached ({error.strerror}); {hint}") from error


def read_bytes(path: Path, count: int = -1) -> bytes:
    """Return the first `count` bytes of a file, or all; raise `FileError` if it cannot be read."""
    require_file(path)
    try:
        with path.open("rb") as file:
            return file.read(count)
    except OSError as error:
        raise FileError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error


def read_text(path: Path) -> str:
    """Return the text of a file of reasonable size, with the line ends of Unix."""
    require_file(path)
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise FileError(
            f"{path}: {size / 2**20:.1f} MiB is too large for a flux table; "
            f"at most {MAX_BYTES // 2**20} MiB are read: give a table of energy and flux alone"
        )
    return decoded(path, read_bytes(path))


def decoded(path: Path, raw: bytes) -> str:
    """Return the bytes of a text file as text, with the line ends of Unix; raise `FileError` for other files."""
    if any(byte < 32 and byte not in b"\t\n\r\f\v\x1a" for byte in set(raw)):
        raise FileError(f"{path}: is not a text file; give columns of numbers, or a ROOT file with format = 'root'")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _is_head(data: str) -> bool:
    """Return whether a line is made of words: the first is no number, and fewer than half are."""
    words = re.split(r"[\s,;]+", data.strip())
    numeric = [to_number(word) is not None for word in words]
    return not numeric[0] and 2 * sum(numeric) < len(numeric) and any(c.isalpha() for c in words[0])


def to_number(word: str) -> float | None:
    """Return the number that a word is, or None."""
    try:
        return float(word)
    except ValueError:
        try:
            return float(_FORTRAN.sub("e", word))
        except ValueError:
            return None


def _fields(data: str) -> list[str]:
    """Return the fields of a row, without quotes; decimal commas become points where ``;`` or tabs separate."""
    separator = ";" if ";" in data else "\t" if "\t" in data.strip() and "," in data else "," if "," in data else None
    words = [word.strip().strip("\"'") for word in data.strip("\r\n ").split(separator)]
    if separator in (";", "\t"):
        kept = [word for word in words if word]
        if kept and all(_DECIMAL_COMMA.fullmatch(word) for word in kept):
            words = [word.replace(",", ".") for word in words]
        elif separator == "\t":
            return _fields(data.replace("\t", " "))
    while separator and len(words) > 1 and not words[-1]:
        words.pop()
    return words


def _parse_row(data: str, path: Path, number: int) -> list[float]:
    """Return the numbers of one row; with commas or semicolons, every field between them must be one number."""
    words = _fields(data)
    row = []
    for column, word in enumerate(words):
        value = to_number(word)
        if value is None:
            shown = word if len(word) <= _SHOWN else word[:_SHOWN] + "..."
            raise FileError(
                f"{path}:{number}: {shown!r} in column {column} is not a number; start comments with '#' "
                "and separate columns by blanks"
            )
        row.append(value)
    return row
