"""Printer of traced functions as straight-line C that compiles for both host and device.

Float constants are not printed but read from a table, so that processes that differ only in numbers (an energy, a
coupling, a nucleus) share one source and one compiled kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tridentgen.engines.tracer import BOOL, FLOAT, INT, Graph, Node, Symbol, live

_TYPES = {FLOAT: "double", INT: "int64_t", BOOL: "bool"}
_INFIX = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==",
    "ne": "!=", "and": "&", "or": "|", "shl": "<<", "shr": ">>",
}  # fmt: skip
_WRAPPING = ("add", "sub", "mul", "shl")
"""Integer operations that are modulo 2^64 in NumPy, whereas signed overflow is undefined in C."""

_CALLS = {
    "sqrt": "TG_SQRT", "rint": "TG_RINT", "floor": "TG_FLOOR", "abs": "TG_ABS",
    "min": "TG_MINIMUM", "max": "TG_MAXIMUM", "as_i8": "TG_BITS", "as_f8": "TG_FLOAT",
}  # fmt: skip
_CALLS_OF_INTEGERS = {"min": "TG_MIN", "max": "TG_MAX"}


@dataclass(frozen=True, eq=False)
class PrintedFunction:
    """A traced function as C text, with the constants and tables it reads.

    Attributes
    ----------
    text : str
        Definition of ``tg_point`` and of TG_OPERATIONS, TG_DIMENSIONS, TG_INPUTS and TG_OUTPUTS.
    constants : array of shape (K,)
    tables : arrays
    """

    text: str
    constants: NDArray[np.float64]
    tables: tuple[NDArray[np.float64], ...]


def print_function(
    graph: Graph, inputs: Sequence[Symbol], outputs: Sequence[Symbol], dimensions: int
) -> PrintedFunction:
    """Print the function that takes `inputs` to `outputs`; the first `dimensions` inputs are coordinates."""
    position = {symbol.number: i for i, symbol in enumerate(inputs)}
    places: dict[int, list[int]] = {}
    for place, symbol in enumerate(outputs):
        places.setdefault(symbol.number, []).append(place)
    constants: list[float] = []
    names: dict[int, str] = {}
    lines = []
    for number in live(graph, list(places)):
        node = graph.nodes[number]
        if node.operation == "const":
            names[number] = _constant(node, constants)
        elif node.operation == "input":
            names[number] = f"in[{position[number]}][i]"
        else:
            expression = _expression(node, names)
            names[number] = f"v{len(names)}"
            lines.append(f"    const {_TYPES[node.kind]} {names[number]} = {expression};")
        # An output is passed on at once: kept to the end, it would occupy a register.
        lines += [f"    out.put({place}, i, (double){names[number]});" for place in places.get(number, ())]
    header = [
        f"#define TG_OPERATIONS {len([line for line in lines if ' = ' in line])}",
        f"enum {{ TG_DIMENSIONS = {dimensions}, TG_INPUTS = {len(inputs)}, TG_OUTPUTS = {len(outputs)} }};",
        "template <class In, class Out>",
        "TG_INLINE void tg_point(const double *c, const double *const *t, In in, Out out, int i) {",
    ]
    # Constants are loaded up front: a load inside a conditional expression would not vectorise.
    loads = [f"    const double c{n} = c[{n}];" for n in range(len(constants))]
    text = "\n".join([*header, *loads, *lines, "    (void)c;", "    (void)t;", "}", ""])
    return PrintedFunction(text, np.array(constants), tuple(graph.tables))


def _constant(node: Node, constants: list[float]) -> str:
    if node.kind == FLOAT:
        constants.append(float.fromhex(str(node.value)))
        return f"c{len(constants) - 1}"
    return f"{int(node.value)}LL" if node.kind == INT else str(int(node.value))  # type: ignore[call-overload]


def _expression(node: Node, names: dict[int, str]) -> str:
    arguments = [names[a] for a in node.arguments]
    if node.kind == INT and node.operation in _WRAPPING:
        return f"(int64_t)((uint64_t){arguments[0]} {_INFIX[node.operation]} (uint64_t){arguments[1]})"
    if node.operation in _INFIX:
        return f"{arguments[0]} {_INFIX[node.operation]} {arguments[1]}"
    if node.operation in _CALLS:
        call = _CALLS_OF_INTEGERS.get(node.operation) if node.kind == INT else None
        return f"{call or _CALLS[node.operation]}({', '.join(arguments)})"
    if node.operation == "neg":
        return f"-{arguments[0]}"
    if node.operation == "where":
        return f"{arguments[0]} ? {arguments[1]} : {arguments[2]}"
    if node.operation == "take":
        return f"t[{node.value}][(int32_t){arguments[0]}]"
    raise AssertionError(f"no C for {node.operation}")
