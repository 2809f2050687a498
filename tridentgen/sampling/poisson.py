"""Poisson numbers that depend on the seed alone, and have the same value on every machine."""

from __future__ import annotations

import math

import numpy as np

from tridentgen.engines.uniforms import PURPOSE_NUMBER, stream_number, uniforms
from tridentgen.errors import InputError

LARGEST_MEAN = 1e9
"""Largest mean: its distribution has a million terms within 12 standard deviations."""

_SIGMAS, _TAIL = 12.0, 60.0
_WORDS = 4


def poisson_number(mean: float, seed: int) -> int:
    """Return a number from the Poisson distribution of `mean`, a function of the seed.

    It is the quantile of one uniform number. Ratios of neighbouring probabilities are mean/n; their products from the
    mode, and the sums of these, are taken in a fixed order, so that no elementary function can differ between machines.
    Terms beyond 12 standard deviations, or 60 above a small mean, are below 1e-30 and left out.

    Raise `InputError` unless 0 <= mean <= `LARGEST_MEAN`.
    """
    if not 0.0 <= mean <= LARGEST_MEAN:
        raise InputError(f"the mean {mean:g} of a Poisson number must lie between 0 and {LARGEST_MEAN:g}")
    mode, width = math.floor(mean), _SIGMAS * math.sqrt(mean)
    low, high = max(math.floor(mode - width), 0), math.ceil(mode + width + _TAIL)
    below = np.cumprod(np.arange(mode, low, -1.0) / mean)[::-1] if mode > low else np.empty(0)
    above = np.cumprod(mean / np.arange(mode + 1.0, high + 1.0))
    sums = np.cumsum(np.concatenate([below, [1.0], above]))
    u = float(uniforms(seed, stream_number(PURPOSE_NUMBER), 0, 1, _WORDS)[0, 0])
    return low + int(np.searchsorted(sums, u * sums[-1]))
