"""Tracer of physics functions: calls a function once on symbols and records the graph of its operations.

Symbols take part in NumPy's dispatch (``__array_ufunc__``, ``__array_function__``), so the traced functions are those
that run on arrays. Equal expressions are one node (hash-consing); operations on constants only are evaluated at once
with NumPy, so that they are bit-identical to those on arrays.
"""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray

from tridentgen.errors import TridentgenError

FLOAT, INT, BOOL = "f8", "i8", "b1"
"""Types of nodes: double, 64-bit integer, boolean."""

_ARITHMETIC = {np.add: "add", np.subtract: "sub", np.multiply: "mul", np.divide: "div"}
_COMPARISONS = {
    np.less: "lt", np.less_equal: "le", np.greater: "gt", np.greater_equal: "ge",
    np.equal: "eq", np.not_equal: "ne",
}  # fmt: skip
_BITWISE = {np.bitwise_and: "and", np.bitwise_or: "or", np.left_shift: "shl", np.right_shift: "shr"}
_UNARY = {np.negative: "neg", np.absolute: "abs", np.sqrt: "sqrt", np.rint: "rint", np.floor: "floor"}
_EXTREMES = {np.minimum: "min", np.maximum: "max"}

_NOT_PHYSICS = (__file__, str(Path(np.__file__).parent))


class TraceError(TridentgenError):
    """An operation of a physics function that cannot be traced; the message begins with its file and line."""

    def __init__(self, message: str) -> None:
        super().__init__(f"{_physics_line()}: {message}")


def _physics_line() -> str:
    """Return file and line of the innermost call that is neither the tracer's own nor NumPy's."""
    lines = ((frame.f_code.co_filename, line) for frame, line in traceback.walk_stack(inspect.currentframe()))
    file, line = next(place for place in lines if not place[0].startswith(_NOT_PHYSICS))
    return f"{file}:{line}"


@dataclass(frozen=True)
class Node:
    """One operation: its name, the numbers of its arguments, the type of its result, and a constant's value."""

    operation: str
    arguments: tuple[int, ...]
    kind: str
    value: Hashable = None


@dataclass
class Graph:
    """Expressions in order of creation; every argument precedes the nodes that use it."""

    nodes: list[Node] = field(default_factory=list)
    tables: list[NDArray[np.float64]] = field(default_factory=list)
    _known: dict[Node, int] = field(default_factory=dict)

    def add(self, node: Node) -> int:
        """Return the number of a node; equal nodes have the same number."""
        if node not in self._known:
            self._known[node] = len(self.nodes)
            self.nodes.append(node)
        return self._known[node]

    def input(self, name: str) -> Symbol:
        """Return a new input of type double."""
        return Symbol(self, self.add(Node("input", (), FLOAT, name)))

    def constant(self, value: Any) -> int:
        """Return the number of a constant: a bool, an integer or a float."""
        if isinstance(value, (bool, np.bool_)):
            return self.add(Node("const", (), BOOL, bool(value)))
        if isinstance(value, (int, np.integer)):
            return self.add(Node("const", (), INT, int(value)))
        if isinstance(value, (float, np.floating)):
            return self.add(Node("const", (), FLOAT, float(value).hex()))
        raise TraceError(f"cannot trace a constant of type {type(value).__name__}")

    def parameter(self, value: float) -> Symbol:
        """Return a constant that is never merged with an equal one: the structure of the graph is independent of it."""
        self.nodes.append(Node("const", (), FLOAT, value.hex()))
        return Symbol(self, len(self.nodes) - 1)

    def table(self, table: NDArray[np.float64]) -> int:
        """Return the number of a table; the same array gives the same number."""
        for number, known in enumerate(self.tables):
            if known is table:
                return number
        self.tables.append(table)
        return len(self.tables) - 1


class Symbol(NDArrayOperatorsMixin):
    """A value that is not known yet."""

    __slots__ = ("graph", "number")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, graph: Graph, number: int) -> None:
        self.graph = graph
        self.number = number

    @property
    def kind(self) -> str:
        """Type of the value."""
        return self.graph.nodes[self.number].kind

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Symbol:
        """Record a NumPy ufunc."""
        if method != "__call__" or options:
            raise TraceError(f"np.{ufunc.__name__} with {method} or options {sorted(options)} cannot be traced")
        arguments = [self._number(value) for value in inputs]
        kinds = [self.graph.nodes[a].kind for a in arguments]
        if ufunc in _ARITHMETIC or ufunc in _EXTREMES:
            name = _ARITHMETIC.get(ufunc) or _EXTREMES[ufunc]
            kind = INT if kinds == [INT, INT] and name != "div" else FLOAT
            return self._make(name, [self._as(kind, a) for a in arguments], kind)
        if ufunc in _COMPARISONS:
            kind = INT if kinds == [INT, INT] else FLOAT
            return self._make(_COMPARISONS[ufunc], [self._as(kind, a) for a in arguments], BOOL)
        if ufunc in _BITWISE:
            if len(set(kinds)) > 1 or kinds[0] == FLOAT:
                raise TraceError(f"np.{ufunc.__name__} needs two integers or two booleans")
            if ufunc in (np.left_shift, np.right_shift) and not self._is_shift(arguments[1]):
                raise TraceError(f"np.{ufunc.__name__} needs a constant from 0 to 63")
            return self._make(_BITWISE[ufunc], arguments, kinds[0])
        if ufunc in _UNARY:
            return self._make(_UNARY[ufunc], [self._as(FLOAT, arguments[0])], FLOAT)
        raise TraceError(
            f"np.{ufunc.__name__} cannot be traced; traceable are +, -, *, /, comparisons and a few ufuncs"
        )

    def __array_function__(self, function: Callable[..., Any], _types: Any, args: Any, options: Any) -> Symbol:
        """Record np.where; nothing else of this kind is traceable."""
        if function is not np.where or len(args) != 3 or options:
            name = f"{function.__module__}.{function.__name__}"
            raise TraceError(f"{name} cannot be traced; np.where with three arguments can")
        condition, yes, no = (self._number(value) for value in args)
        kinds = {self.graph.nodes[yes].kind, self.graph.nodes[no].kind}
        kind = kinds.pop() if len(kinds) == 1 else FLOAT
        return self._make("where", [condition, self._as(kind, yes), self._as(kind, no)], kind)

    def view(self, dtype: Any) -> Symbol:
        """Read the 64 bits as another type."""
        kind = {np.dtype(np.int64): INT, np.dtype(np.float64): FLOAT}.get(np.dtype(dtype))
        if kind is None:
            raise TraceError(f"a view as {np.dtype(dtype)} cannot be traced; views as float64 and int64 can")
        return self if kind == self.kind else self._make(f"as_{kind}", [self.number], kind)

    def look_up(self, table: NDArray[np.float64]) -> Symbol:
        """Return the entry of `table` at this integer position."""
        return self._make("take", [self.number], FLOAT, self.graph.table(table))

    def __bool__(self) -> NoReturn:
        raise TraceError("a branch on a traced value; use np.where")

    def __float__(self) -> NoReturn:
        raise TraceError("a traced value has no numerical value")

    __int__ = __index__ = __float__

    def __array__(self, *_args: Any, **_options: Any) -> NoReturn:
        raise TraceError("a traced value cannot become an array")

    def _number(self, value: Any) -> int:
        if isinstance(value, Symbol):
            return value.number
        if isinstance(value, np.ndarray) and value.ndim == 0:
            value = value[()]
        return self.graph.constant(value)

    def _is_shift(self, number: int) -> bool:
        """Whether the node is a constant by which C may shift 64 bits."""
        node = self.graph.nodes[number]
        return node.operation == "const" and node.value in range(64)

    def _as(self, kind: str, number: int) -> int:
        """Return the node as `kind`; an integer constant becomes a float, any other node must be of that kind."""
        node = self.graph.nodes[number]
        if node.kind == kind:
            return number
        if kind == FLOAT and node.kind == INT and node.operation == "const":
            return self.graph.constant(float(node.value))  # type: ignore[arg-type]
        raise TraceError(f"a value of type {node.kind} where {kind} is needed")

    def _make(self, name: str, arguments: list[int], kind: str, value: Hashable = None) -> Symbol:
        nodes = [self.graph.nodes[a] for a in arguments]
        kept = _simplified(name, arguments, nodes)
        if kept is not None:
            return Symbol(self.graph, kept)
        return Symbol(self.graph, self.graph.add(Node(name, tuple(arguments), kind, value)))


_ONE, _ZERO = (1.0).hex(), (0.0).hex()


def _simplified(name: str, arguments: list[int], nodes: list[Node]) -> int | None:
    """Return the argument that an operation leaves unchanged, bit for bit: 1 x, x/1, x - 0, where(c, x, x)."""
    constants = [node.value if node.operation == "const" else None for node in nodes]
    if name == "mul" and _ONE in constants:
        return arguments[1 - constants.index(_ONE)]
    if (name == "div" and constants[1] == _ONE) or (name == "sub" and constants[1] == _ZERO):
        return arguments[0]
    if name == "where" and arguments[1] == arguments[2]:
        return arguments[1]
    return None


def live(graph: Graph, outputs: list[int]) -> list[int]:
    """Return the numbers of the nodes that the outputs need, each as late as a depth-first walk allows.

    Arguments precede the nodes that use them. Compared with the order of the trace, fewer values are live at a time
    (39 instead of 52 in an integrand), which on GPUs decides between registers and memory.
    """
    found: dict[int, None] = {}  # an ordered set
    waiting = sorted(set(outputs), reverse=True)
    while waiting:
        number = waiting[-1]
        missing = [a for a in graph.nodes[number].arguments if a not in found]
        if missing:
            waiting.append(missing[0])
        else:
            found[waiting.pop()] = None
    return list(found)
