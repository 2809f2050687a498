"""Layout of printed numbers, tables and blocks of lines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

from tridentgen.analysis.cut_flow import Measured, Share
from tridentgen.errors import one_line

Json: TypeAlias = dict[str, Any]

_PLAIN = (1e-3, 1e7)
"""Numbers of events in this range are printed without a power of ten."""

_SHOWN = 1e-3
"""Shares from this one on are printed in percent with two decimals."""

_SMALLEST = 1e-300
"""Numbers below this one lose digits when they are divided by a power of ten."""


def measured(value: float, error: float) -> str:
    """Return a value with its error, such as ``(1.2987 +- 0.0008)e-42``."""
    if not (_SMALLEST < value < math.inf and error / value < 1e300):
        return f"{value:g} +- {error:.2g}"
    exponent = int(f"{value:e}".split("e")[1])
    scale = 10.0**exponent
    digits = max(1, min(9, 1 - int(f"{error / scale:e}".split("e")[1]))) if error > 0.0 else 6
    return f"({value / scale:.{digits}f} +- {error / scale:.{digits}f})e{exponent:+03d}"


def amount(found: Measured) -> str:
    """Return a number of events with its error, such as ``58.351 +- 0.041``."""
    if not _PLAIN[0] <= found.value < _PLAIN[1]:
        return measured(found.value, found.error)
    if not 0.0 < found.error < math.inf:
        return f"{found.value:.6g}"
    digits = max(0, min(9, 1 - int(f"{found.error:e}".split("e")[1])))
    return f"{found.value:.{digits}f} +- {found.error:.{digits}f}"


def small_percent(share: float) -> str:
    """Return a share in percent with two decimals, or as a number if these do not show it."""
    return f"{share:.2%}" if share >= _SHOWN or share == 0.0 else f"{share:.4g}"


def percent(share: Share) -> str:
    """Return a share with its error, such as ``17.63% +- 0.24%``; a nonzero error is not rounded to zero."""
    error = f"{share.error:.2%}"
    if error == "0.00%" and share.error > 0.0:
        error = f"{100.0 * share.error:.1g}%"
    return f"{share.value:.2%} +- {error}"


def aligned(rows: Sequence[Sequence[str]], indent: str = "") -> str:
    """Return rows of cells as lines with aligned columns, two spaces between them; control characters are escaped."""
    rows = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        indent + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )  # fmt: skip


def block(title: str, rows: Sequence[tuple[str, str]]) -> str:
    """Return a title and lines of names and values; an empty title is left out. Control characters are escaped."""
    width = max(len(name) for name, _ in rows)
    lines = [one_line(f"  {name:<{width}}  {value}".rstrip()) for name, value in rows]
    return "\n".join([one_line(title), *lines] if title else lines)
