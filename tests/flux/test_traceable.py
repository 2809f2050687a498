"""Energy maps run on symbols that allow nothing but the operations a tracer knows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.lib.mixins import NDArrayOperatorsMixin

from tridentgen.flux import (
    Flux,
    MuonAtRest,
    MuonDecay,
    Source,
    TabulatedFlux,
    atmospheric,
    diffuse_supernovae,
    reactor,
    solar,
    supernova,
)

ARITHMETIC = {np.add, np.subtract, np.multiply, np.divide, np.negative}
UFUNCS = ARITHMETIC | {np.less, np.greater, np.sqrt, np.floor, np.minimum, np.maximum}


class Opaque(NDArrayOperatorsMixin):
    """Numbers that cannot be looked at: no bool, no float, no array, only the permitted operations."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, hidden: Any) -> None:
        self.hidden = hidden

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Opaque:
        assert ufunc in UFUNCS, f"{ufunc} is not traceable"
        assert method == "__call__"
        assert not kwargs
        return Opaque(ufunc(*(_open(x) for x in inputs)))

    def __array_function__(self, function: Any, _types: Any, args: Any, kwargs: Any) -> Opaque:
        assert function is np.where, f"{function} is not traceable"
        assert not kwargs
        return Opaque(function(*(_open(x) for x in args)))

    def look_up(self, table: Any) -> Opaque:
        return Opaque(table[self.hidden.astype(int)])

    def __bool__(self) -> bool:
        raise AssertionError("a branch on a traced value")

    def __array__(self, *_args: Any, **_kwargs: Any) -> Any:
        raise AssertionError("a traced value was turned into an array")


def _open(value: Any) -> Any:
    return value.hidden if isinstance(value, Opaque) else value


def _first(source: Source) -> Flux:
    return source.components[0].flux


@pytest.mark.parametrize(
    ("flux", "threshold"),
    [
        (TabulatedFlux(np.array([0.0, 1.0, 2.0, 5.0]), np.array([1.0, 0.0, 2.0])), 0.5),
        (TabulatedFlux(np.array([0.0, 1.0, 2.0, 5.0]), np.array([0.0, 1.0, 3.0, 2.0]), "linear"), 0.5),
        (MuonDecay(3.8, -1, "numu", 50.0), 0.5),
        (MuonDecay(3.8, 1, "nue", 50.0, 2.5, 0.3), 0.5),
        (MuonAtRest("nue"), 0.005),
        (MuonAtRest("numubar"), 0.0),
        (_first(reactor(1.0, 10.0)), 0.002),
        (_first(solar(["8B"], oscillation="lma")), 0.002),
        (_first(solar(["13N"])), 0.0),
        (_first(atmospheric()), 0.05),
        (_first(diffuse_supernovae()), 0.002),
        (_first(supernova(10.0)), 0.002),
    ],
    ids=lambda value: value.description if isinstance(value, Flux) else "",
)
def test_maps_are_traceable(flux: Flux, threshold: float) -> None:
    u = np.linspace(0.01, 0.99, 101)
    energy_map: Any = flux.energy_map(threshold)
    for traced, plain in zip(energy_map(Opaque(u)), energy_map(u), strict=True):
        np.testing.assert_array_equal(traced.hidden, plain)
