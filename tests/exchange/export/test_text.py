from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tridentgen.exchange.export.text import Piece, floats, integers, joined, rows

NEAR_POWERS = [np.nextafter(10.0**k, side) for k in range(-300, 300) for side in (0.0, 10.0**k, np.inf)]


def lines(piece: Piece, count: int) -> list[bytes]:
    return joined(rows(count, piece, b"\n")).split()


def test_numbers_have_the_digits_that_python_gives() -> None:
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.standard_normal(20_000) * 10.0 ** rng.uniform(-320, 300, 20_000), NEAR_POWERS])
    assert lines(floats(x), len(x)) == [b"%.16e" % value for value in x]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_every_double_is_read_back(values: list[float]) -> None:
    back = [float(word) for word in lines(floats(np.array(values)), len(values))]
    assert np.array_equal(np.array(back).view(np.int64), np.array(values).view(np.int64))  # -0.0 too


@given(st.lists(st.integers(-(2**62), 2**62), min_size=1))
def test_whole_numbers(values: list[int]) -> None:
    assert lines(integers(np.array(values)), len(values)) == [b"%d" % value for value in values]


@pytest.mark.parametrize("value", [0.0, -1.5, 2.0 / 3.0, 5e-324])
def test_a_single_number_is_text(value: float) -> None:
    assert floats(value) == b"%.16e" % value
    assert integers(int(value)) == b"%d" % int(value)


def test_pieces_stand_side_by_side() -> None:
    block = rows(3, b"<", integers(np.array([7, -12, 0])), b",", floats(np.array([1.0, -0.5, 3e10])), b">\n")
    assert joined(block).decode().split() == [
        "<7,1.0000000000000000e+00>",
        "<-12,-5.0000000000000000e-01>",
        "<0,3.0000000000000000e+10>",
    ]
