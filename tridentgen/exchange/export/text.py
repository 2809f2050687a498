"""Vectorised formatting of numbers: rows of bytes padded with zero bytes, which are removed when the rows are joined.

A number in ``%.16e`` has 17 significant digits, which identify a double, so every double is read back exactly. The
digits are those of x 10^k, computed in double-double precision (Dekker, Numer. Math. 18 (1971) 224); this is about ten
times faster than formatting the numbers one by one.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tridentgen.typing import FloatArray, IntArray

Bytes = NDArray[np.uint8]
Piece = bytes | Bytes
"""Text that is the same for all rows, or an array ``(N, width)`` padded with zero bytes."""

_FLOAT_WIDTH = 24  # -d.dddddddddddddddde-ddd
_LARGEST_EXPONENT = 280  # beyond, the powers of ten that are needed have no exact double-double
_REACH = _LARGEST_EXPONENT + 1
_SPLITTER = 134217729.0  # 2^27 + 1
_TEN_16, _TEN_17 = 10**16, 10**17


def rows(count: int, *pieces: Piece) -> Bytes:
    """Join pieces horizontally into an array of `count` rows."""
    widths = [len(piece) if isinstance(piece, bytes) else piece.shape[1] for piece in pieces]
    out = np.empty((count, sum(widths)), dtype=np.uint8)
    start = 0
    for piece, width in zip(pieces, widths, strict=True):
        out[:, start : start + width] = np.frombuffer(piece, np.uint8) if isinstance(piece, bytes) else piece
        start += width
    return out


def joined(block: Bytes) -> bytes:
    """Return the rows one after the other, without the padding."""
    return block.tobytes().translate(None, b"\0")


def floats(values: ArrayLike) -> Piece:
    """Return finite numbers in the format ``%.16e``: bytes for a scalar, otherwise an array of shape ``(N, 24)``."""
    x = np.asarray(values, dtype=np.float64)
    if x.ndim == 0:
        return b"%.16e" % float(x)
    size = np.abs(x)
    out = np.zeros((len(x), _FLOAT_WIDTH), dtype=np.uint8)
    with np.errstate(divide="ignore"):
        exponent = np.floor(np.log10(size))
    inside = np.abs(exponent) <= _LARGEST_EXPONENT
    exponent = np.where(inside, exponent, 0.0).astype(np.int64)
    digits = _digits(np.where(inside, size, 0.0), exponent)
    # The logarithm is rounded: next to a power of ten it may be off by one.
    low = np.flatnonzero((digits <= _TEN_16) & (digits > 0))
    if low.size:
        finer = _digits(size[low], exponent[low] - 1)
        fits = finer < _TEN_17
        low = low[fits]
        exponent[low] -= 1
        digits[low] = finer[fits]
    high = np.flatnonzero(digits >= _TEN_17)
    exponent[high] += 1
    digits[high] = _digits(size[high], exponent[high])
    _put_digits(out, digits, exponent)
    out[:, 0] = np.where(np.signbit(x), ord("-"), 0)
    for i in np.flatnonzero(~inside & (size > 0.0)):
        text = b"%.16e" % float(x[i])
        out[i] = 0
        out[i, : len(text)] = np.frombuffer(text, np.uint8)
    return out


def integers(values: ArrayLike) -> Piece:
    """Return integers as text: bytes for a scalar, otherwise an array of shape ``(N, width)``."""
    n = np.asarray(values, dtype=np.int64)
    if n.ndim == 0:
        return b"%d" % int(n)
    left = np.abs(n)
    width = len(str(int(left.max(initial=0))))
    out = np.zeros((len(n), width + 1), dtype=np.uint8)
    out[:, 0] = np.where(n < 0, ord("-"), 0)
    for place in range(width, 0, -1):
        rest = left // 10
        shown = (left > 0) | (place == width)
        out[:, place] = np.where(shown, left - 10 * rest + ord("0"), 0)
        left = rest
    return out


def _digits(size: FloatArray, exponent: IntArray) -> IntArray:
    """Return size * 10^(16 - exponent), rounded to an integer; it has 17 digits if the exponent is right."""
    high, low = _powers_of_ten()
    place = exponent + _REACH
    power = np.take(high, place)
    product = size * power
    head, power_head = size * _SPLITTER, power * _SPLITTER
    head, power_head = head - (head - size), power_head - (power_head - power)
    tail, power_tail = size - head, power - power_head
    error = ((head * power_head - product) + head * power_tail + tail * power_head) + tail * power_tail
    error += size * np.take(low, place)
    # From 2^53 on, the product is an integer; it is smaller only if the exponent is wrong.
    whole = np.rint(product)
    result: IntArray = whole.astype(np.int64) + np.rint(error + (product - whole)).astype(np.int64)
    return result


def _put_digits(out: Bytes, digits: IntArray, exponent: IntArray) -> None:
    """Write d.dddddddddddddddde+dd into columns 1 to 23."""
    four, exponents = _four_digits(), _exponents()
    words = np.empty((len(digits), 4), dtype=np.uint32)
    for place in (3, 2, 1, 0):
        rest = digits // 10_000
        words[:, place] = np.take(four, digits - 10_000 * rest)
        digits = rest
    out[:, 1] = digits + ord("0")
    out[:, 2] = ord(".")
    out[:, 3:19] = words.view(np.uint8)
    out[:, 19] = ord("e")
    out[:, 20:24] = np.take(exponents, exponent + _REACH).view(np.uint8).reshape(-1, 4)


@cache
def _powers_of_ten() -> tuple[FloatArray, FloatArray]:
    """Return 10^(16 - e) for e from -281 to 281 as sums of two doubles."""
    powers = [Fraction(10) ** (16 - e) for e in range(-_REACH, _REACH + 1)]
    high = [float(power) for power in powers]
    low = [float(power - Fraction(head)) for power, head in zip(powers, high, strict=True)]
    return np.array(high), np.array(low)


@cache
def _four_digits() -> NDArray[np.uint32]:
    """Return the numbers 0000 to 9999 as four characters each."""
    return np.frombuffer(b"".join(b"%04d" % n for n in range(10_000)), dtype=np.uint32)


@cache
def _exponents() -> NDArray[np.uint32]:
    """Return the exponents -281 to 281 as four characters each, +dd padded with a zero byte."""
    span = range(-_REACH, _REACH + 1)
    return np.frombuffer(b"".join((b"%+03d" % e).ljust(4, b"\0") for e in span), dtype=np.uint32)
