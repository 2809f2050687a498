"""The printed C: what the text holds and does not hold, and every operation against NumPy, bit for bit."""

from __future__ import annotations

import ctypes
import math
import os
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.engines.cases import CASES, host_compiler, sampled
from tests.engines.interpreter import UFUNCS
from tridentgen.engines.c_printer import PrintedFunction, print_function
from tridentgen.engines.compiler import HostCompiler
from tridentgen.engines.kernel_source import trace_event, trace_integrand
from tridentgen.engines.process import Process
from tridentgen.engines.tracer import Graph, Symbol
from tridentgen.flux import Flux, Monochromatic, MuonDecay, PowerLaw, TabulatedFlux
from tridentgen.physics.elementary import Value, look_up
from tridentgen.processes.trident.trident import Trident
from tridentgen.resources import kernels_dir

FloatArray = NDArray[np.float64]

# The text


def texts(trident: Trident, flux: Flux) -> list[PrintedFunction]:
    process = trident.sampled(flux)
    found = []
    for channel in range(len(process.channels)):
        found += [trace_integrand(process, channel), trace_event(process, channel).function]
    return found


def table(bins: int) -> TabulatedFlux:
    return TabulatedFlux(np.linspace(1.3, 17.7, bins + 1), np.linspace(1.0, 3.0, bins))


MU_MU, E_E = ("numu", "mu-", "mu+"), ("numu", "e-", "e+")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((Trident(*MU_MU), Monochromatic(5.0)), (Trident(*MU_MU), Monochromatic(7.0))),
        ((Trident(*MU_MU), Monochromatic(5.0)), (Trident(*MU_MU, target="Pb208"), Monochromatic(5.0))),
        ((Trident(*MU_MU), Monochromatic(5.0)), (Trident("nue", "e-", "e+"), Monochromatic(5.0))),
        ((Trident(*MU_MU), PowerLaw(1.7, 1.1, 21.3)), (Trident(*MU_MU), PowerLaw(2.3, 2.2, 33.7))),
        ((Trident(*MU_MU), table(59)), (Trident(*MU_MU), table(83))),
        ((Trident(*E_E), MuonDecay(3.8, -1, "numu", 50.0)), (Trident(*E_E), MuonDecay(9.0, -1, "numu", 90.0))),
    ],
    ids=["energies", "nuclei", "flavours", "power laws", "tables", "muon energies"],
)  # fmt: skip
def test_processes_that_differ_in_numbers_share_one_text(
    one: tuple[Trident, Flux], other: tuple[Trident, Flux]
) -> None:
    """Unless two numbers of one of them happen to be equal: they are one constant then."""
    for first, second in zip(texts(*one), texts(*other), strict=True):
        assert first.text == second.text
        assert first.constants.shape == second.constants.shape
        assert not np.array_equal(first.constants, second.constants)


def number_of_plain_columns(process: Process, channel: int) -> int:
    """Return how many columns, momenta by component, are the same number for all events of a channel."""
    graph = Graph()
    inputs = [graph.input(f"u{i}") for i in range(process.dimensions + process.spares)]
    values = process.event(channel, inputs[: process.dimensions], inputs[process.dimensions :]).values()
    parts = [part for value in values for part in (value if isinstance(value, tuple) else (value,))]
    return sum(not isinstance(part, Symbol) for part in parts)


@pytest.mark.parametrize("name", CASES)
def test_no_number_of_the_physics_is_in_the_text(name: str) -> None:
    process = sampled(name)
    for channel in range(len(process.channels)):
        # Columns that are plain numbers, such as the channel, are never merged with others.
        plain_columns = number_of_plain_columns(process, channel)
        functions = (trace_integrand(process, channel), 0), (trace_event(process, channel).function, plain_columns)
        for function, plain in functions:
            assert not re.search(r"\d\.\d|\de[-+]?\d|0x", function.text)
            used = {int(n) for n in re.findall(r"= c\[(\d+)\]", function.text)}
            assert used == set(range(len(function.constants)))
            shared = function.constants[: len(function.constants) - plain].view(np.int64)
            assert len(np.unique(shared)) == len(shared)


PRINT_HASHES = """
import hashlib
from tests.engines.cases import CASES, sampled
from tridentgen.engines.kernel_source import device_source, host_source, trace_event
state = hashlib.sha256()
for name in CASES:
    for channel in range(len(sampled(name).channels)):
        event = trace_event(sampled(name), channel)
        state.update(host_source(event.function).encode() + device_source(event.function).encode())
        state.update(event.function.constants.tobytes() + repr(event.outputs).encode())
print(state.hexdigest())
"""


def test_the_text_is_the_same_in_every_process() -> None:
    """Whatever the seed of Python's hashes: else a kernel would be compiled anew in every run."""

    def digest(seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        ran = subprocess.run(
            [sys.executable, "-c", PRINT_HASHES], env=environment, capture_output=True, text=True, check=True
        )
        return ran.stdout

    assert digest("1") == digest("2") != ""


def test_an_output_may_be_an_input_a_constant_or_the_same_as_another() -> None:
    graph = Graph()
    x, y = graph.input("x"), graph.input("y")
    total = x + y
    constant: Any = np.where(x < y, 2.5, 2.5)
    found, expected = compiled_and_plain(
        host_compiler(),
        graph,
        [x, y],
        [total, x, constant, total],
        lambda a, b: [a + b, a, np.full_like(a, 2.5), a + b],
    )
    np.testing.assert_array_equal(found, expected)


# Its bits

LOOP = """
struct put_rows {
    double *out;
    int64_t n;
    TG_INLINE_MEMBER void put(int j, int i, double value) const { out[j * n + i] = value; }
};
extern "C" void evaluate(const double *c, const double *const *t, const double *const *in, double *out, int64_t n) {
    const put_rows rows = {out, n};
    for (int i = 0; i < n; ++i) tg_point(c, t, in, rows, i);
}
"""


def compiled(
    compiler: HostCompiler, function: PrintedFunction, inputs: list[FloatArray], outputs: int
) -> NDArray[np.float64]:
    """Return the outputs of a printed function on arrays, shape (outputs, N)."""
    source = "\n".join([(kernels_dir() / "base.h").read_text(), function.text, LOOP])
    library = ctypes.CDLL(str(compiler.library(source)))
    out = np.empty((outputs, len(inputs[0])))

    def pointers(arrays: list[FloatArray]) -> Any:
        return (ctypes.c_void_p * max(len(arrays), 1))(*(array.ctypes.data for array in arrays))

    library.evaluate.restype = None
    library.evaluate(
        ctypes.c_void_p(function.constants.ctypes.data), pointers(list(function.tables)), pointers(inputs),
        ctypes.c_void_p(out.ctypes.data), ctypes.c_int64(len(inputs[0])),
    )  # fmt: skip
    return out


def compiled_and_plain(
    compiler: HostCompiler, graph: Graph, inputs: list[Symbol], outputs: list[Symbol],
    plain: Callable[[FloatArray, FloatArray], list[FloatArray]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:  # fmt: skip
    arrays = list(np.random.default_rng(1).normal(size=(2, 100)))
    function = print_function(graph, inputs, outputs, len(inputs))
    return compiled(compiler, function, arrays, len(outputs)), np.array(plain(*arrays))


TABLE = np.random.default_rng(2).normal(size=64)


def bits(x: Value) -> Value:
    return x.view(np.int64)


def number(x: Value) -> Value:
    return x.view(np.float64)


OPERATIONS: dict[str, Callable[[Value, Value], Value]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "neg": lambda x, _: -x,
    "abs": lambda x, _: np.abs(x),
    "sqrt": lambda x, _: np.sqrt(np.abs(x)),
    "rint": lambda x, _: np.rint(x),
    "floor": lambda x, _: np.floor(x),
    "min": lambda x, y: np.minimum(x, y),
    "max": lambda x, y: np.maximum(x, y),
    "max with 0": lambda x, _: np.maximum(x, 0.0),
    "max with -0": lambda x, _: np.maximum(x, -0.0),
    "min with 0": lambda x, _: np.minimum(0.0, x),
    "lt": lambda x, y: np.where(x < y, 1.0, -0.0),
    "le": lambda x, y: np.where(x <= y, x, y),
    "gt": lambda x, y: np.where(x > y, x, 1.0),
    "ge": lambda x, y: np.where(x >= y, x, y),
    "eq": lambda x, y: np.where(x == y, 1.0, 2.0),
    "ne": lambda x, y: np.where(x != y, x, 0.0),
    "and of truth values": lambda x, y: np.where((x < y) & (x > 0.0), 1.0, 2.0),
    "or of truth values": lambda x, y: np.where((x < y) | (x > 0.0), 1.0, 2.0),
    "truth value as output": lambda x, y: x < y,
    "where of a number": lambda x, y: np.where(x, y, 3.0),
    "where of truth values": lambda x, y: np.where(np.where(x < 0.0, y < 0.0, y > 1.0), x, y),
    "product and sum": lambda x, y: x * y + x,
    "difference of products": lambda x, y: x * x - y * y,
    "add of integers": lambda x, y: number(bits(x) + bits(y)),
    "sub of integers": lambda x, y: number(bits(x) - bits(y)),
    "mul of integers": lambda x, y: number(bits(x) * bits(y)),
    "min of integers": lambda x, y: number(np.minimum(bits(x), bits(y))),
    "max of integers": lambda x, y: number(np.maximum(bits(x), bits(y))),
    "and of integers": lambda x, y: number(bits(x) & bits(y)),
    "or of integers": lambda x, y: number(bits(x) | bits(y)),
    "shl": lambda x, _: number(bits(x) << 11),
    "shr": lambda x, _: number(bits(x) >> 7),
    "shr to the sign": lambda x, _: number((bits(x) >> 63) | 1),
    "lt of integers": lambda x, y: np.where(bits(x) < bits(y), x, y),
    "eq of integers": lambda x, _: np.where((bits(x) & 1) == 1, 1, -1),
    "negative integers": lambda x, _: number(bits(x) - -5),
    "integer as output": lambda x, _: bits(x) >> 40,
    "take": lambda x, _: look_up(TABLE, np.floor(np.where(np.abs(x) < 64.0, np.abs(x), 0.0))),
    "constants": lambda x, _: x * math.pi + 1e-300,
    "subnormal constant": lambda x, _: x + 5e-324,
    "infinite constant": lambda x, _: np.minimum(x, np.inf),
}  # fmt: skip


def arguments() -> tuple[FloatArray, FloatArray]:
    """Pairs of all special values, of random bits, of ordinary numbers, and of numbers halfway between integers."""
    special = np.array([
        0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 5e-324, -5e-324, 2.2250738585072014e-308, 1e300, -1e300,
        1.7976931348623157e308, np.inf, -np.inf, np.nan, 2.0**52 + 1.0, 2.0**52 - 0.5, -(2.0**51) - 0.5, 2.0**63,
        1e-200,
    ])  # fmt: skip
    rng = np.random.default_rng(1)
    words = rng.integers(0, 2**64, (2, 4000), dtype=np.uint64).view(np.float64)
    near = rng.normal(size=(2, 4000))
    halves = rng.integers(-100, 100, (2, 1000)) + 0.5
    pairs = np.array(np.meshgrid(special, special)).reshape(2, -1)
    x, y = np.concatenate([pairs, words, near, halves, [near[0], near[0]]], axis=1)
    return x, y


@pytest.fixture(scope="module")
def results() -> dict[str, tuple[FloatArray, FloatArray]]:
    """All operations compiled as one function: for each what came out and what NumPy gives."""
    compiler = host_compiler()
    graph = Graph()
    symbols = [graph.input("x"), graph.input("y")]
    function = print_function(graph, symbols, [f(*symbols) for f in OPERATIONS.values()], 2)
    x, y = arguments()
    out = compiled(compiler, function, [x, y], len(OPERATIONS))
    with np.errstate(all="ignore"):
        plain = {name: np.asarray(f(x, y)).astype(float) for name, f in OPERATIONS.items()}
    return {name: (out[i], plain[name]) for i, name in enumerate(OPERATIONS)}


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_has_numpys_bits(results: dict[str, tuple[FloatArray, FloatArray]], name: str) -> None:
    """On every value, also infinite and not a number; sign and payload of the latter are free."""
    found, expected = results[name]
    x, y = arguments()
    both_nan = np.isnan(found) & np.isnan(expected)
    wrong = ~((found.view(np.int64) == expected.view(np.int64)) | both_nan)
    assert not wrong.any(), [(float(a), float(b)) for a, b in zip(x[wrong][:5], y[wrong][:5], strict=True)]


def test_every_operation_of_the_tracer_is_among_them() -> None:
    graph = Graph()
    x, y = graph.input("x"), graph.input("y")
    for function in OPERATIONS.values():
        function(x, y)
    made = {node.operation for node in graph.nodes} - {"input", "const"}
    assert made == {*UFUNCS, "where", "take", "as_i8", "as_f8"}
