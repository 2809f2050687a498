from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from tridentgen.detector.spill import BunchedSpill, Spill, UniformSpill
from tridentgen.engines.uniforms import uniforms
from tridentgen.errors import InputError

COUNT = 200_000
LEAST_P = 1e-4
U = uniforms(11, 1 << 50, 0, COUNT, 4)[:2]


def test_a_uniform_spill_is_flat() -> None:
    times = UniformSpill(9600.0, -100.0).time_ns(U)
    assert stats.kstest(times, stats.uniform(-100.0, 9600.0).cdf).pvalue > LEAST_P


@pytest.mark.parametrize(
    ("spill", "mean", "variance"),
    [
        (UniformSpill(9600.0, 50.0), 50.0 + 4800.0, 9600.0**2 / 12.0),
        # Bunch numbers 0 to N - 1: mean (N - 1)/2, variance (N^2 - 1)/12; the width adds its own.
        (BunchedSpill(84, 18.8, 1.3, 50.0), 50.0 + 41.5 * 18.8, (84**2 - 1) / 12.0 * 18.8**2 + 1.3**2),
        (BunchedSpill(1, 5.0, 2.0, -7.0), -7.0, 4.0),
    ],
)
def test_mean_and_variance(spill: Spill, mean: float, variance: float) -> None:
    times = spill.time_ns(U)
    assert abs(np.mean(times) - mean) < 4.0 * math.sqrt(variance / COUNT)
    # The variance of a sample variance is (kurtosis - 1) variance^2/n, at most 2 for these shapes.
    assert np.var(times) == pytest.approx(variance, rel=4.0 * math.sqrt(2.0 / COUNT))


def test_sharp_bunches_are_at_their_places_and_equally_full() -> None:
    times = BunchedSpill(6, 1600.0, start_ns=20.0).time_ns(U)
    places, counts = np.unique(times, return_counts=True)
    np.testing.assert_array_equal(places, 20.0 + 1600.0 * np.arange(6))
    assert stats.chisquare(counts).pvalue > LEAST_P


def test_bunches_are_gaussian_and_alike() -> None:
    times = BunchedSpill(84, 18.8, 1.3, 50.0).time_ns(U)
    bunch = np.rint((times - 50.0) / 18.8)
    assert stats.kstest((times - 50.0 - 18.8 * bunch) / 1.3, "norm").pvalue > LEAST_P
    counts = np.bincount(bunch.astype(int), minlength=84)
    assert len(counts) == 84
    assert stats.chisquare(counts).pvalue > LEAST_P


def test_the_last_uniform_number_is_in_the_last_bunch() -> None:
    last = np.array([[1.0 - 2.0**-53], [0.5]])
    assert BunchedSpill(2**31, 1.0).time_ns(last)[0] == 2**31 - 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: UniformSpill(0.0), "the length 0.0 ns of the spill must be a positive time"),
        (lambda: UniformSpill(1.0, math.inf), "start_ns = inf must be a finite time in ns"),
        (lambda: BunchedSpill(0, 1.0), "bunches = 0 must be a whole number from 1 to 2147483648"),
        (lambda: BunchedSpill(2, -1.0), "spacing_ns = -1.0 must be a positive time in ns"),
        (lambda: BunchedSpill(2, 1.0, -1.0), "the width -1.0 ns of a bunch must be a non-negative number"),
        (lambda: BunchedSpill(2, 1.0, 1.0, math.nan), "start_ns = nan must be a finite time in ns"),
    ],
)
def test_spills_that_are_none(make: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError) as error:
        make()
    assert str(error.value) == message
