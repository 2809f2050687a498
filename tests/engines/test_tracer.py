"""The graph of a traced function: what it keeps, what it leaves out, what it refuses, and that it is the function."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.engines.cases import CASES, same_bits, sampled
from tests.engines.interpreter import evaluated
from tridentgen.engines.process import Process
from tridentgen.engines.tracer import BOOL, FLOAT, INT, Graph, Symbol, TraceError, live
from tridentgen.flux import Flux, MuonDecay, PowerLaw, TabulatedFlux, tabulated
from tridentgen.matter.nuclei import fourier_bessel_density
from tridentgen.physics import elementary, form_factors
from tridentgen.physics.elementary import Value

FloatArray = NDArray[np.float64]

SPECIAL = np.array(
    [
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        -2.5,
        5e-324,
        -5e-324,
        2.2e-308,
        1e300,
        -1e300,
        np.inf,
        -np.inf,
        np.nan,
        1.0 + 2.0**-52,
    ]
)


def choose(condition: Any, yes: Any, no: Any) -> Any:
    """Return np.where on symbols, which NumPy's annotations do not know."""
    return np.where(condition, yes, no)


def two() -> tuple[Graph, Symbol, Symbol]:
    graph = Graph()
    return graph, graph.input("x"), graph.input("y")


def operations(graph: Graph) -> list[str]:
    return [node.operation for node in graph.nodes if node.operation not in ("input", "const")]


# What is kept


def test_equal_expressions_are_one_node() -> None:
    graph, x, y = two()
    first, second = np.sqrt(x * y + 2.0), np.sqrt(x * y + 2.0)
    assert first.number == second.number
    assert operations(graph) == ["mul", "add", "sqrt"]
    assert (x - y).number != (y - x).number
    assert choose(x < y, x, y).number != choose(x < y, y, x).number
    assert x.look_up(np.arange(3.0)).number != x.look_up(np.arange(3.0)).number  # two tables, though equal


def test_one_table_has_one_number() -> None:
    graph, x, y = two()
    table, other = np.arange(3.0), np.arange(4.0)
    assert x.look_up(table).number == x.look_up(table).number
    x.look_up(other)
    y.look_up(table)
    assert [t is u for t, u in zip(graph.tables, (table, other), strict=True)] == [True, True]


def test_dead_code_is_left_out_and_order_kept() -> None:
    graph, x, y = two()
    used = x + y
    dead = np.sqrt(used * 3.0)
    result = used * 2.0
    numbers = live(graph, [result.number])
    assert dead.number not in numbers
    assert y.number in numbers
    assert numbers == sorted(numbers)
    assert [graph.nodes[n].operation for n in numbers] == ["input", "input", "add", "const", "mul"]
    assert live(graph, [x.number]) == [x.number]
    for number in live(graph, [dead.number]):
        assert all(argument < number for argument in graph.nodes[number].arguments)


@given(st.one_of(st.floats(allow_nan=False), st.just(math.nan)))
def test_constants_are_exact(value: float) -> None:
    for given_as in (value, np.float64(value), np.array(value)):
        graph = Graph()
        total = graph.input("x") * 3.0 + given_as
        constant = graph.nodes[graph.nodes[total.number].arguments[1]]
        assert (constant.operation, constant.kind) == ("const", FLOAT)
        same_bits(np.array(float.fromhex(str(constant.value))), np.array(value))


def test_constants_that_compare_equal_are_kept_apart() -> None:
    graph = Graph()
    values = (0.0, -0.0, 0, False, 1.0, 1, True, np.int64(2), np.float64(2.0))
    assert len({graph.constant(value) for value in values}) == len(values)
    assert graph.constant(np.float32(1.0)) == graph.constant(1.0)
    assert [graph.nodes[graph.constant(value)].kind for value in (np.bool_(True), np.int32(1), 1.0)] == [
        BOOL,
        INT,
        FLOAT,
    ]


def test_operations_on_constants_are_done_at_once() -> None:
    graph, x, _ = two()
    scale = np.sqrt(2.0) * math.pi
    _ = x * (scale / 3.0 + np.where(scale > 1.0, 1.0, 2.0))
    assert operations(graph) == ["mul"]


def test_integers_and_truth_values_have_their_own_types() -> None:
    graph, x, y = two()
    bits = x.view(np.int64)
    assert bits.kind == (bits >> 52).kind == (bits & 1).kind == (bits + 1).kind == INT
    assert bits.view(np.float64).kind == (x + 1).kind == choose(x < y, x, 0).kind == FLOAT
    assert (bits < 0).kind == ((x < y) | (x == 1)).kind == BOOL
    assert choose(x < y, 1, -1).kind == INT
    assert graph.nodes[(x + 1).number] == graph.nodes[(x + 1.0).number]


# What is simplified

KEPT: dict[str, Callable[[Value], Value]] = {
    "x 1": lambda x: x * 1.0,
    "1 x": lambda x: 1.0 * x,
    "x 1, an integer": lambda x: x * 1,
    "x/1": lambda x: x / 1.0,
    "x - 0": lambda x: x - 0.0,
    "x - 0, an integer": lambda x: x - 0,
    "where(c, x, x)": lambda x: np.where(x < 0.5, x, x),
    "there and back": lambda x: x.view(np.float64),
}

RECORDED: dict[str, Callable[[Value], Value]] = {
    "x + 0 (-0 becomes 0)": lambda x: x + 0.0,
    "x - (-0) (-0 becomes 0)": lambda x: x - -0.0,
    "0 - x (0 stays 0)": lambda x: 0.0 - x,
    "0 x (infinity)": lambda x: 0.0 * x,
    "1/x": lambda x: 1.0 / x,
    "x (-1)": lambda x: x * -1.0,
    "x - x (infinity)": lambda x: x - x,
    "x/x (infinity, 0)": lambda x: x / x,
    "where with zeros of both signs": lambda x: np.where(x < 0.5, 0.0, -0.0),
    "-(-x)": lambda x: np.negative(np.negative(x)),
    "min(x, x)": lambda x: np.minimum(x, x),
}


@pytest.mark.parametrize("case", KEPT)
def test_what_changes_no_bit_is_left_out(case: str) -> None:
    graph = Graph()
    x = graph.input("x")
    assert KEPT[case](x).number == x.number
    same_bits(KEPT[case](SPECIAL), SPECIAL)


@pytest.mark.filterwarnings("ignore:.*encountered:RuntimeWarning")
@pytest.mark.parametrize("case", RECORDED)
def test_what_may_change_a_bit_is_recorded(case: str) -> None:
    graph = Graph()
    x = graph.input("x")
    result = RECORDED[case](x)
    assert graph.nodes[result.number].operation not in ("input", "const")
    same_bits(evaluated(graph, [SPECIAL], [result])[0].copy(), RECORDED[case](SPECIAL))


# What is refused


def in_place(x: Value) -> Value:
    x += 1.0
    return x


REFUSED: dict[str, tuple[Callable[[Value, Value], Any], str]] = {
    "branch": (lambda x, y: x if x < y else y, "a branch on a traced value; use np.where"),
    "and": (lambda x, y: (x < y) and (y < 1.0), "a branch on a traced value"),
    "max()": (lambda x, y: max(x, y), "a branch on a traced value"),
    "float()": (lambda x, _: float(x), "no numerical value"),
    "int()": (lambda x, _: int(x), "no numerical value"),
    "range()": (lambda x, _: range(x), "no numerical value"),
    "math.sin": (lambda x, _: math.sin(x), "no numerical value"),
    "np.exp": (lambda x, _: np.exp(x), "np.exp cannot be traced"),
    "power": (lambda x, _: x**2, "np.power cannot be traced"),
    "not": (lambda x, y: ~(x < y), "np.invert cannot be traced"),
    "matrix product": (lambda x, y: x @ y, "np.matmul cannot be traced"),
    "out": (lambda x, y: np.add(x, y, out=np.empty(1)), "['out']"),
    "where=": (lambda x, _: np.sqrt(x, where=np.array(True)), "['where']"),
    "in place": (lambda x, _: in_place(x), "['out']"),
    "reduction": (lambda x, _: np.add.reduce(x), "np.add with reduce"),
    "np.sum": (lambda x, _: np.sum(x), "numpy.sum cannot be traced"),
    "np.clip": (lambda x, _: np.clip(x, 0.0, 1.0), "numpy.clip cannot be traced"),
    "np.where of one argument": (lambda x, _: np.where(x), "np.where with three arguments can"),
    "np.stack": (lambda x, y: np.stack([x, y]), "numpy.stack cannot be traced"),
    "np.linalg.norm": (lambda x, _: np.linalg.norm(x), "numpy.linalg.norm cannot be traced"),
    "np.linalg.det": (lambda x, y: np.linalg.det([[x, y], [y, x]]), "cannot become an array"),
    "np.array": (lambda x, y: np.array([x, y]), "cannot become an array"),
    "index": (lambda x, _: np.arange(3.0)[x], "cannot become an array"),
    "take": (lambda x, _: np.arange(3.0).take(x), "cannot become an array"),
    "an array of numbers": (lambda x, _: x + np.arange(3.0), "a constant of type ndarray"),
    "complex": (lambda x, _: x * 1j, "a constant of type complex"),
    "None": (lambda x, _: x + None, "a constant of type NoneType"),
    "view": (lambda x, _: x.view(np.int32), "a view as int32"),
    "truth value as number": (lambda x, y: (x < y) * 2.0, "a value of type b1 where f8 is needed"),
    "integer as float": (lambda x, _: x.view(np.int64) / 2, "a value of type i8 where f8 is needed"),
    "bits of a float": (lambda x, y: x & y, "np.bitwise_and needs two integers"),
    "shift by a value": (lambda x, y: x.view(np.int64) << y.view(np.int64), "needs a constant from 0 to 63"),
    "shift too far": (lambda x, _: x.view(np.int64) >> 64, "needs a constant from 0 to 63"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_traced_is_an_error_that_names_the_line(case: str) -> None:
    function, words = REFUSED[case]
    _, x, y = two()
    with pytest.raises(TraceError) as caught:
        function(x, y)
    message = str(caught.value)
    assert words in message
    assert "\n" not in message
    code = (in_place if case == "in place" else function).__code__
    line = code.co_firstlineno + (case == "in place")
    assert message.startswith(f"{code.co_filename}:{line}: ")


def test_the_line_is_that_of_the_physics_however_deep() -> None:
    """A flux's density is no traceable function; the line is in its module, not here nor in NumPy's or the tracer's."""
    _, x, _ = two()
    with pytest.raises(TraceError) as caught:
        TabulatedFlux(np.array([1.0, 2.0]), np.array([1.0])).density(x)  # type: ignore[arg-type]
    file, line, words = re.fullmatch(r"(.*):(\d+): (.*)", str(caught.value)).groups()  # type: ignore[union-attr]
    assert file == tabulated.__file__
    assert "np.asarray(energy_GeV" in Path(file).read_text().splitlines()[int(line) - 1]
    assert words == "a traced value cannot become an array"


# That the graph is the function


def traced(function: Callable[..., Any], *arrays: FloatArray) -> list[NDArray[Any]]:
    """Return what the graph of a function gives on arrays."""
    graph = Graph()
    result = function(*(graph.input(f"x{i}") for i in range(len(arrays))))
    outputs = list(result) if isinstance(result, tuple) else [result]
    return evaluated(graph, arrays, outputs)


def check(function: Callable[..., Any], *arrays: FloatArray) -> None:
    """Assert that a function and its graph have the same bits."""
    expected = function(*arrays)
    for found, wanted in zip(
        traced(function, *arrays), expected if isinstance(expected, tuple) else (expected,), strict=True
    ):
        same_bits(found.copy(), np.broadcast_to(wanted, found.shape).copy())


RNG = np.random.default_rng(3)
U = RNG.random(5000)
Q2 = np.concatenate([10.0 ** RNG.uniform(-9.0, 3.0, 5000), [0.0, 1e12]])


@pytest.mark.parametrize(
    ("function", "arrays"),
    [
        (elementary.exp, (np.concatenate([RNG.uniform(-710.0, 710.0, 5000), [0.0, -0.0, -np.inf, np.inf]]),)),
        (elementary.log, (10.0 ** RNG.uniform(-300.0, 300.0, 5000),)),
        (elementary.sincos2pi, (RNG.uniform(-3.0, 3.0, 5000),)),
        (elementary.arctan2, (np.abs(RNG.normal(size=5000)), RNG.normal(size=5000))),
    ],
    ids=["exp", "log", "sincos2pi", "arctan2"],
)
def test_elementary_functions(function: Callable[..., Any], arrays: tuple[FloatArray, ...]) -> None:
    check(function, *arrays)


@pytest.mark.parametrize(
    "function",
    [
        form_factors.unit,
        form_factors.dipole,
        lambda q2: form_factors.symmetrised_fermi(q2, 3.6, 0.523),
        lambda q2: form_factors.uniform_sphere(q2, 4.0),
        lambda q2: form_factors.helm(q2, 3.5, 0.9),
        lambda q2: form_factors.klein_nystrand(q2, 4.1, 0.7),
        lambda q2: form_factors.fourier_bessel(q2, *fourier_bessel_density("Ar40")),
        lambda q2: form_factors.sachs_dipole(q2, True),
        lambda q2: form_factors.sachs_dipole(q2, False),
        lambda q2: form_factors.sachs_kelly(q2, True),
        lambda q2: form_factors.sachs_kelly(q2, False),
        lambda q2: form_factors.pauli_blocking(q2, 0.94, 0.235),
    ],
    ids=[
        "unit", "dipole", "fermi", "sphere", "helm", "klein-nystrand", "fourier-bessel", "proton dipole",
        "neutron dipole", "proton kelly", "neutron kelly", "pauli",
    ],
)  # fmt: skip
def test_form_factors(function: Callable[..., Any]) -> None:
    check(function, Q2)


@pytest.mark.parametrize(
    "flux",
    [
        PowerLaw(1.7, 0.2, 50.0),
        TabulatedFlux(np.array([0.0, 1.0, 2.0, 5.0]), np.array([1.0, 0.0, 2.0])),
        TabulatedFlux(np.array([0.0, 1.0, 2.0, 5.0]), np.array([0.0, 1.0, 3.0, 2.0]), "linear"),
        MuonDecay(3.8, -1, "numu", 50.0),
        MuonDecay(3.8, 1, "nue", 50.0, 2.5, 0.3),
    ],
    ids=["power law", "histogram", "linear", "muon point", "muon disk"],
)
def test_energy_maps(flux: Flux) -> None:
    check(flux.energy_map(0.5), U)


def rows(function: Callable[[list[Value]], Any]) -> Callable[..., Any]:
    """Return a function of a point as one of its coordinates."""
    return lambda *x: function(list(x))


@pytest.mark.parametrize("name", CASES)
def test_integrands(name: str) -> None:
    process = sampled(name)
    x = np.random.default_rng(4).random((process.dimensions, 3000))
    for channel in range(len(process.channels)):
        check(rows(lambda point, channel=channel: process.integrand(channel, point)), *x)  # type: ignore[misc]


def flat(process: Process, channel: int, x: list[Value]) -> tuple[Value, ...]:
    """Return all columns of an event, momenta by component, without those that are one number."""
    d = process.dimensions
    columns = process.event(channel, x[:d], x[d:])
    parts: list[Value] = []
    for value in columns.values():
        parts += value if isinstance(value, tuple) else [value]
    return tuple(part for part in parts if not isinstance(part, (int, float)))


@pytest.mark.parametrize("name", CASES)
def test_events(name: str) -> None:
    process = sampled(name)
    x = np.random.default_rng(5).random((process.dimensions + process.spares, 2000))
    for channel in range(len(process.channels)):
        check(rows(lambda point, channel=channel: flat(process, channel, point)), *x)  # type: ignore[misc]
