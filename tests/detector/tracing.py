"""Compare a traceable function with its traced graph, bit for bit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tests.engines.interpreter import evaluated
from tridentgen.engines.tracer import Graph
from tridentgen.physics.elementary import Value

Array = NDArray[np.float64]


def assert_traces(function: Callable[..., Value], *arguments: Array) -> None:
    """Assert that the function of arrays of one shape has the same bits when it is traced."""
    graph = Graph()
    symbol = function(*(graph.input(f"x{i}") for i in range(len(arguments))))
    (traced,) = evaluated(graph, arguments, [symbol])
    plain = np.broadcast_to(function(*arguments), arguments[0].shape)
    np.testing.assert_array_equal(np.array(traced).view(np.int64), np.array(plain).view(np.int64))
