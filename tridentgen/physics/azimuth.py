"""Exact sampling, without rejection, of the azimuth between the lepton plane and the hadron plane.

The contraction is a non-negative trigonometric polynomial of degree 2, whose integral is known in closed form.
"""

from __future__ import annotations

import math

import numpy as np

from tridentgen.constants import TWO_PI
from tridentgen.physics.elementary import Value, sincos2pi
from tridentgen.physics.trident_hadron import Azimuth

_TINY = 1e-300
_NODES = 8
_REFINEMENTS = 6


def azimuth_density(series: Azimuth, cosine: Value, sine: Value) -> Value:
    """Return the series at the angle with the given cosine and sine."""
    double_cos, double_sin = cosine * cosine - sine * sine, 2.0 * sine * cosine
    return series.mean + series.c1 * cosine + series.s1 * sine + series.c2 * double_cos + series.s2 * double_sin


def draw_azimuth(series: Azimuth, u: Value) -> Value:
    """Return the azimuth in turns, in [0, 1], at which the cumulative distribution of the series equals `u` in (0, 1).

    The solution is bracketed between multiples of 1/8 turn and then refined by Newton steps that fall back to bisection
    when they leave the bracket. The cumulative distribution differs from `u` by less than 1e-15 except for a few draws
    in a thousand, by 1e-7 on average, and by at most 6e-3: a 512th of a turn at the largest density, three times the
    mean.
    """
    scale = 1.0 / (TWO_PI * np.maximum(series.mean, _TINY))
    c1, s1 = series.c1 * scale, series.s1 * scale
    c2, s2 = 0.5 * series.c2 * scale, 0.5 * series.s2 * scale

    low = 0.0 * u
    for node in range(1, _NODES):
        angle = TWO_PI * node / _NODES
        share = (
            node / _NODES
            + c1 * math.sin(angle)
            + s1 * (1.0 - math.cos(angle))
            + c2 * math.sin(2.0 * angle)
            + s2 * (1.0 - math.cos(2.0 * angle))
        )
        low = np.where(share <= u, node / _NODES, low)
    high = low + 1.0 / _NODES
    turn = low + 0.5 / _NODES
    for _ in range(_REFINEMENTS):
        sine, cosine = sincos2pi(turn)
        double_sin, versed = 2.0 * sine * cosine, 2.0 * sine * sine  # sin 2phi, 1 - cos 2phi
        excess = turn + c1 * sine + s1 * (1.0 - cosine) + c2 * double_sin + s2 * versed - u
        slope = 1.0 + TWO_PI * (c1 * cosine + s1 * sine + 2.0 * (c2 * (1.0 - versed) + s2 * double_sin))
        low = np.where(excess <= 0.0, turn, low)
        high = np.where(excess <= 0.0, high, turn)
        newton = turn - excess / np.where(np.abs(slope) > _TINY, slope, 1.0)
        turn = np.where((newton >= low) & (newton <= high), newton, 0.5 * (low + high))
    return turn
