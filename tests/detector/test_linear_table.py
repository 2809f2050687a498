from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.detector.tracing import assert_traces
from tridentgen.detector.linear_table import LinearTable
from tridentgen.errors import InputError


@given(
    steps=st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=40),
    start=st.floats(-10.0, 10.0),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=60, deadline=None)
def test_any_table_is_numpys_interpolation(steps: list[float], start: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = start + np.concatenate([[0.0], np.cumsum(steps)])
    y = rng.uniform(-1.0, 1.0, len(x))
    points = np.concatenate([rng.uniform(x[0] - 1.0, x[-1] + 1.0, 50), x, np.nextafter(x, -np.inf)])
    np.testing.assert_allclose(LinearTable(x, y)(points), np.interp(points, x, y), rtol=0.0, atol=1e-11)


@pytest.mark.parametrize("points", [2, 3, 4, 5, 64, 65])
def test_it_traces(points: int) -> None:
    table = LinearTable(np.geomspace(0.1, 100.0, points), np.linspace(1.0, 2.0, points) ** 3)
    assert_traces(table, np.concatenate([np.linspace(0.0, 110.0, 501), table.x]))


def test_numbers_are_its_own() -> None:
    y = np.array([1.0, 2.0])
    table = LinearTable(np.array([0.0, 1.0]), y)
    y[0] = 5.0
    assert table(np.array([0.0]))[0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        table.y[0] = 5.0


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([1.0], [1.0], r"two or more points; got columns of shapes \(1,\) and \(1,\)"),
        ([1.0, 2.0], [1.0], r"shapes \(2,\) and \(1,\)"),
        ([1.0, np.nan], [1.0, 2.0], "not finite"),
        ([1.0, 3.0, 3.0], [1.0, 2.0, 3.0], "energy 3 of a table does not exceed the one before it, 3; sort"),
    ],
)
def test_what_is_no_table(x: list[float], y: list[float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        LinearTable(np.array(x), np.array(y))
