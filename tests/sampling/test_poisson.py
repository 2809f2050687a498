"""Poisson numbers: quantiles of the exact distribution, one for each seed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tridentgen.engines.uniforms import PURPOSE_NUMBER, stream_number, uniforms
from tridentgen.errors import InputError
from tridentgen.sampling.poisson import LARGEST_MEAN, poisson_number

SEEDS = range(1, 301)


@pytest.mark.parametrize("mean", [1e-3, 0.5, 1.0, 3.7, 86.2, 2204.7, 1e6])
def test_a_number_is_the_quantile_of_one_uniform_number(mean: float) -> None:
    u = [float(uniforms(seed, stream_number(PURPOSE_NUMBER), 0, 1, 4)[0, 0]) for seed in SEEDS]
    assert [poisson_number(mean, seed) for seed in SEEDS] == stats.poisson.ppf(u, mean).astype(int).tolist()


@pytest.mark.parametrize("mean", [0.5, 86.2])
def test_mean_and_variance_over_seeds(mean: float) -> None:
    numbers = [poisson_number(mean, seed) for seed in SEEDS]
    error = np.sqrt(mean / len(numbers))
    assert abs(np.mean(numbers) - mean) < 4.0 * error
    # Var s^2 = (mu_4 - sigma^4)/n with mu_4 = mean + 3 mean^2
    assert abs(np.var(numbers, ddof=1) - mean) < 4.0 * np.sqrt((mean + 2.0 * mean**2) / len(numbers))


def test_ends_of_the_range() -> None:
    assert poisson_number(0.0, 1) == 0
    assert abs(poisson_number(LARGEST_MEAN, 1) - LARGEST_MEAN) < 6.0 * np.sqrt(LARGEST_MEAN)
    for mean in (-1.0, 2.0 * LARGEST_MEAN, np.nan, np.inf):
        with pytest.raises(InputError, match="mean"):
            poisson_number(mean, 1)
