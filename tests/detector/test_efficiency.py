from __future__ import annotations

import math

import numpy as np
import pytest

from tests.detector.tracing import assert_traces
from tridentgen.detector import ConstantEfficiency, Efficiency, SigmoidEfficiency, TableEfficiency
from tridentgen.errors import InputError

COHERENT = SigmoidEfficiency(1.32045, 0.285979, 10.8646, -0.333322, 13.35)
TABLE = TableEfficiency(np.array([1.0, 2.0, 4.0]), np.array([0.0, 0.5, 0.9]))


def test_sigmoid_by_hand() -> None:
    energy = np.array([0.0, 5.0, 9.0, 12.0, 60.0]) / 13.35
    expected = [max(1.32045 / (1.0 + math.exp(-0.285979 * (13.35 * e - 10.8646))) - 0.333322, 0.0) for e in energy]
    assert expected[0] == expected[1] == 0.0
    np.testing.assert_allclose(COHERENT(energy), expected, rtol=1e-13)


def test_sigmoid_is_cut_where_it_says() -> None:
    steep = SigmoidEfficiency(1.5, 2.0, 3.0, -0.25, 0.5)
    for place, level in zip(steep.breaks_keV, (0.0, 1.0), strict=True):
        before, after = steep(np.array([place - 1e-6, place + 1e-6]))
        assert (before == level) != (after == level)
        assert before == pytest.approx(level, abs=1e-5)
        assert after == pytest.approx(level, abs=1e-5)
    assert SigmoidEfficiency(1.0, 2.0, 3.0).breaks_keV == ()


def test_table_by_hand() -> None:
    np.testing.assert_allclose(TABLE(np.array([0.0, 1.0, 1.5, 3.0, 9.0])), [0.0, 0.0, 0.25, 0.7, 0.9])
    photoelectrons = TableEfficiency(np.array([1.0, 2.0]), np.array([0.0, 0.5]), 10.0)
    np.testing.assert_allclose(photoelectrons(np.array([0.05, 0.15, 0.3])), [0.0, 0.25, 0.5])
    assert photoelectrons.breaks_keV == (0.1, 0.2)


@pytest.mark.parametrize("efficiency", [ConstantEfficiency(0.7), COHERENT, TABLE], ids=["constant", "sigmoid", "table"])
def test_it_traces_and_is_a_fraction(efficiency: Efficiency) -> None:
    energy = np.concatenate([np.linspace(0.0, 8.0, 300), [1e-300, 1e9]])
    assert_traces(lambda e: efficiency(e) * np.where(e > 0.0, 1.0, 1.0), energy)
    assert np.all((efficiency(energy) >= 0.0) & (efficiency(energy) <= 1.0))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ConstantEfficiency(0.0), "an efficiency of 0.0 must be above 0 and at most 1"),
        (lambda: ConstantEfficiency(90.0), "an efficiency of 90.0"),
        (lambda: SigmoidEfficiency(1.0, -1.0, 3.0), "amplitude, slope and light yield above zero"),
        (lambda: SigmoidEfficiency(0.2, 1.0, 3.0, -0.3), "is 0 or 1 at all energies"),
        (lambda: TableEfficiency(np.array([1.0, 2.0]), np.array([0.0, 90.0])), "efficiency 90 of a table"),
        (lambda: TableEfficiency(np.array([1.0, 2.0]), np.array([0.0, 0.9]), 0.0), "a light yield of 0.0"),
    ],
)
def test_what_is_no_efficiency(make: object, message: str) -> None:
    assert callable(make)
    with pytest.raises(InputError, match=message):
        make()
