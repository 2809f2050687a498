"""A second reading of a traced graph: every node evaluated by NumPy on arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tridentgen.engines.tracer import BOOL, FLOAT, INT, Graph, Node, Symbol

UFUNCS: dict[str, np.ufunc] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide,
    "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal, "eq": np.equal, "ne": np.not_equal,
    "and": np.bitwise_and, "or": np.bitwise_or, "shl": np.left_shift, "shr": np.right_shift,
    "neg": np.negative, "abs": np.absolute, "sqrt": np.sqrt, "rint": np.rint, "floor": np.floor,
    "min": np.minimum, "max": np.maximum,
}  # fmt: skip

DTYPES = {FLOAT: np.float64, INT: np.int64, BOOL: np.bool_}


def evaluated(graph: Graph, inputs: Sequence[NDArray[np.float64]], outputs: Sequence[Symbol]) -> list[NDArray[Any]]:
    """Return the outputs of a graph whose inputs, in the order they were made, are arrays."""
    given = iter(inputs)
    values: list[Any] = []
    for node in graph.nodes:
        value = next(given) if node.operation == "input" else _value(graph, node, [values[a] for a in node.arguments])
        assert np.asarray(value).dtype == DTYPES[node.kind], node
        values.append(value)
    shape = np.shape(inputs[0])
    return [np.broadcast_to(values[symbol.number], shape) for symbol in outputs]


def _value(graph: Graph, node: Node, arguments: list[Any]) -> Any:
    if node.operation == "const":
        if node.kind == FLOAT:
            return np.float64(float.fromhex(str(node.value)))
        return DTYPES[node.kind](node.value)
    if node.operation == "where":
        return np.where(*arguments)
    if node.operation == "take":
        assert isinstance(node.value, int)
        return graph.tables[node.value].take(arguments[0].astype(np.int32))
    if node.operation.startswith("as_"):
        return arguments[0].view(DTYPES[node.operation[3:]])
    return UFUNCS[node.operation](*arguments)
