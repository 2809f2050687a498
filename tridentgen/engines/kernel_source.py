"""Kernel sources of traced processes: the hand-written skeleton with the printed physics inserted."""

from __future__ import annotations

from dataclasses import dataclass

from tridentgen.engines.c_printer import PrintedFunction, print_function
from tridentgen.engines.kernel_cache import CompilerError
from tridentgen.engines.process import Process, weight_names
from tridentgen.engines.tracer import Graph, Symbol
from tridentgen.physics.elementary import Value
from tridentgen.resources import kernels_dir


@dataclass(frozen=True)
class Output:
    """Destination of an output of a traced event: a column, and its component if the column has several.

    The engine multiplies weights by the inverse density of the proposal.
    """

    column: str
    component: int = 0
    is_weight: bool = False


@dataclass(frozen=True, eq=False)
class TracedEvent:
    """The event columns of a channel as C: outputs in order, weights first."""

    function: PrintedFunction
    outputs: tuple[Output, ...]

    @property
    def weighted(self) -> int:
        """Number of outputs that are weights."""
        return len([output for output in self.outputs if output.is_weight])


def trace_integrand(process: Process, channel: int) -> PrintedFunction:
    """Return the integrand of a channel as C."""
    graph = Graph()
    x = [graph.input(f"x{i}") for i in range(process.dimensions)]
    return print_function(graph, x, [_symbol(graph, process.integrand(channel, x))], process.dimensions)


def trace_event(process: Process, channel: int) -> TracedEvent:
    """Trace the event columns of a channel.

    Outputs are in the order in which they are computed, weights first, so that channels that differ only in names share
    one source.
    """
    graph = Graph()
    x = [graph.input(f"x{i}") for i in range(process.dimensions)]
    spare = [graph.input(f"s{i}") for i in range(process.spares)]
    weights = weight_names(process)
    found: list[tuple[Output, Symbol]] = []
    for name, value in process.event(channel, x, spare).items():
        parts = value if isinstance(value, tuple) else (value,)
        found += [
            (Output(name, component, name in weights), _symbol(graph, part)) for component, part in enumerate(parts)
        ]
    found.sort(key=lambda item: (not item[0].is_weight, item[1].number))
    function = print_function(graph, [*x, *spare], [symbol for _, symbol in found], process.dimensions)
    return TracedEvent(function, tuple(output for output, _ in found))


def _symbol(graph: Graph, value: Value) -> Symbol:
    """Return a value of a function of the process as a symbol; a plain number becomes a constant."""
    return value if isinstance(value, Symbol) else graph.parameter(float(value))


_BEFORE = ("base.h", "philox.h", "density.h")


def host_source(function: PrintedFunction) -> str:
    """Return the source of the host's kernels for a function."""
    return "\n".join([_texts(*_BEFORE), function.text, _texts("words.h", "host.h")])


def device_source(function: PrintedFunction) -> str:
    """Return the source of the GPU's kernels for a function; it also compiles for the host, for tests."""
    return "\n".join([_texts(*_BEFORE), function.text, _texts("words.h", "device.h")])


def drawing_source() -> str:
    """Return the source of the event loop on the host, which is the same for all processes."""
    return _texts(*_BEFORE, "draw.h")


def _texts(*names: str) -> str:
    try:
        return "\n".join((kernels_dir() / name).read_text(encoding="ascii") for name in names)
    except OSError as error:  # too few descriptors
        raise CompilerError(f"the source of a kernel cannot be read: {error}") from error
