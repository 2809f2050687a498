"""Random numbers by event number: the counter-based generator Philox4x64-10.

Event i of a stream is a pure function of (seed, stream, i), so any block of events can be generated alone, in any
order, on any machine (Salmon et al., Proc. SC11 (2011) 16). The numbers are bit-identical to those of
`numpy.random.Philox` with key = (seed, stream).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tridentgen.errors import InputError
from tridentgen.typing import FloatArray

PURPOSE_EVENTS, PURPOSE_MAP, PURPOSE_CELLS, PURPOSE_INTEGRAL, PURPOSE_SURVEY, PURPOSE_VERTEX, PURPOSE_RATIO = range(7)
PURPOSE_NUMBER = 7
PURPOSE_UNWEIGHTING, PURPOSE_SMEARING = 64, 65
"""Purposes of the random streams: those of a run, accept-reject in an export, and smearing of electrons."""

_WORDS_PER_BLOCK = 4
_ONE_BITS = np.uint64(0x3FF0000000000000)
_SHIFT = np.uint64(12)
_ONE_MINUS_HALF_STEP = 1.0 - 2.0**-53


def stream_number(purpose: int, channel: int = 0, iteration: int = 0) -> int:
    """Return the number of a stream: `purpose` < 2^16, `channel` < 2^16 and `iteration` < 2^32 side by side."""
    return (purpose << 48) | (channel << 32) | iteration


def check_seed(seed: int) -> None:
    """Raise `InputError` unless 0 <= seed < 2^64."""
    if not 0 <= seed < 1 << 64:
        raise InputError(f"seed = {seed} must lie between 0 and 2^64 - 1")


def uniforms(seed: int, stream: int, first: int, count: int, words: int) -> FloatArray:
    """Return the uniform numbers of the events `first` to `first + count - 1` of a stream.

    Parameters
    ----------
    seed, stream : int
        0 <= seed, stream < 2^64.
    first, count : int
        First event and number of events.
    words : int
        Numbers per event; a multiple of 4, fixed for a stream.

    Returns
    -------
    array of shape (words, count)
        Multiples of 2^-52 plus 2^-53, so strictly inside (0, 1).
    """
    key = np.array([seed, stream], dtype=np.uint64)
    generator = np.random.Philox(key=key, counter=first * (words // _WORDS_PER_BLOCK))
    raw: NDArray[np.uint64] = generator.random_raw(count * words)
    # 52 random bits become the mantissa of a number in [1, 2).
    raw >>= _SHIFT
    raw |= _ONE_BITS
    numbers = raw.view(np.float64)
    numbers -= _ONE_MINUS_HALF_STEP
    return np.ascontiguousarray(numbers.reshape(count, words).T)
