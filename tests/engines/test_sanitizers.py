"""The kernels under the address and undefined-behaviour sanitizers: no complaint, and the bits of the native engine.

They run in a program of their own, which reads its arrays from a file, each into its own piece of the heap so that a
step beyond its end is seen, and writes them back.
"""

from __future__ import annotations

import math
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.engines.cases import host_compiler, proposal, same_bits, same_histograms, sampled
from tridentgen.engines.c_printer import PrintedFunction
from tridentgen.engines.kernel_source import device_source, host_source, trace_event, trace_integrand
from tridentgen.engines.native_engine import NativeEngine
from tridentgen.engines.proposal import ChannelProposal
from tridentgen.engines.uniforms import uniforms
from tridentgen.engines.work import TILE, Histograms, Words, draw_channels, empty_columns

Arrays = dict[str, NDArray[Any]]

FLAGS = (
    "-std=c++17", "-O1", "-g1", "-ffp-contract=off", "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
)  # fmt: skip
C_TYPES = {"f8": "double", "i8": "int64_t", "i4": "int32_t"}
INPUT_OUTPUT = """
#include <stdio.h>
#include <stdlib.h>
template <class T> static T *tg_read(FILE *file, size_t bytes) {
    void *memory = malloc(bytes);
    if (fread(memory, 1, bytes, file) != bytes) exit(3);
    return (T *)memory;
}
static void tg_write(FILE *file, void *memory, size_t bytes) {
    if (fwrite(memory, 1, bytes, file) != bytes) exit(4);
    free(memory);
}
"""

COHERENT, NUCLEONS = "mu mu, one energy, fermi", "mu e on nucleons, kelly, histogram"
RECOILS = "CsI, stopped pions in a pulse, detector"
SAMPLE = {"coherent": (COHERENT, 0), "proton": (NUCLEONS, 1), "recoils": (RECOILS, 2)}
SEED, STREAM = 3, 4
TILES = 3
FIRST, COUNT = 12_345, 1001


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder; skips where no program can be made and run with the sanitizers."""
    made = tmp_path_factory.mktemp("sanitized")
    compiler = host_compiler()
    (made / "empty.cpp").write_text("int main() { return 0; }\n")
    for command in ([str(compiler.path), *FLAGS, "empty.cpp", "-o", "empty"], ["./empty"]):
        ran = subprocess.run(command, cwd=made, capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            pytest.skip(f"no sanitizers here: {(ran.stderr.splitlines() or ['it does not run'])[0]}")
    return made


def run(folder: Path, source: str, arrays: Arrays, statements: list[str]) -> Arrays:
    """Run C statements on arrays after `source`, sanitized; return what is in the arrays then."""
    read = [f"{c_type(a)} *{name} = tg_read<{c_type(a)}>(in, {a.nbytes});" for name, a in arrays.items()]
    write = [f"tg_write(out, {name}, {a.nbytes});" for name, a in arrays.items()]
    files = (
        ['FILE *in = fopen("in", "rb"), *out = fopen("out", "wb");'],
        ["fclose(in);", "return fclose(out);"],
    )
    body = "\n".join([*files[0], *read, *statements, *write, *files[1]])
    (folder / "kernel.cpp").write_text(f"{source}\n{INPUT_OUTPUT}\nint main() {{\n{body}\n}}\n")
    (folder / "in").write_bytes(b"".join(array.tobytes() for array in arrays.values()))
    for command in ([str(host_compiler().path), *FLAGS, "kernel.cpp", "-o", "kernel"], ["./kernel"]):
        ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert (ran.returncode, ran.stderr) == (0, ""), ran.stderr[:2000]
    data, at = (folder / "out").read_bytes(), 0
    found: Arrays = {}
    for name, array in arrays.items():
        found[name] = np.frombuffer(data, array.dtype, array.size, at).reshape(array.shape)
        at += array.nbytes
    assert at == len(data)
    return found


def c_type(array: NDArray[Any]) -> str:
    return C_TYPES[array.dtype.str[1:]]


def prepared(function: PrintedFunction, density: ChannelProposal, device: bool) -> tuple[Arrays, list[str]]:
    """Return the arrays of a function and a density, and the statements that set them up for the kernels."""
    tables = {f"table{i}": np.asarray(table, dtype=float) for i, table in enumerate(function.tables)}
    arrays = {
        "grid": density.grid, "steps": density.steps, "inverse": density.inverse_cell_density,
        "cumulative": density.cumulative, "c": function.constants, **tables,
    }  # fmt: skip
    sizes = f"{len(density.strata)}, {density.steps.shape[1]}, {len(density.cell_share)}"
    factors = ", ".join(f"{{{', '.join(value.hex() for value in row)}}}" for row in density.strata_factors.tolist())
    statements = [f"struct tg_density d = {{grid, steps, inverse, cumulative, {sizes}, {factors}}};"]
    if device:
        statements += [
            f"for (int i = 0; i < {len(function.constants)}; ++i) tg_constants[i] = c[i];",
            "tg_proposal = d;",
        ]
        statements += [f"tg_tables[{i}] = {name};" for i, name in enumerate(tables)]
    else:
        statements.append(f"const double *t[] = {{{', '.join(tables) or 'nullptr'}}};")
    return {name: np.ascontiguousarray(array) for name, array in arrays.items()}, statements


def kernels(function: PrintedFunction, device: bool) -> tuple[str, str]:
    """Return the source of the kernels and the arguments that the host's have before the others."""
    return (device_source(function), "") if device else (host_source(function), "c, t, &d, ")


@pytest.mark.parametrize("device", [False, True], ids=["host", "device"])
@pytest.mark.parametrize(("name", "channel"), SAMPLE.values(), ids=SAMPLE)
def test_sums_and_histograms(folder: Path, name: str, channel: int, device: bool) -> None:
    process, density = sampled(name), proposal(name).channels[channel]
    native = NativeEngine(host_compiler(), 1)
    expected = native.integrate(process, channel, density, SEED, STREAM, TILES * TILE)
    scale = expected.weight / expected.points
    function = trace_integrand(process, channel)
    arrays, statements = prepared(function, density, device)
    source, head = kernels(function, device)
    shape, cells = density.steps.shape, len(density.cell_share)
    arrays |= {name: np.zeros(TILES) for name in ("sums", "pairs", "weights")}
    arrays |= {name: np.zeros(shape, dtype=np.int64) for name in ("bins", "bin_points")}
    arrays |= {name: np.zeros(cells, dtype=np.int64) for name in ("cells", "cell_points")}
    tiles = f"{head}{SEED}, {STREAM}, 0, {TILES}"
    statements += [
        f"tg_integrate({tiles}, {TILES * TILE}, sums, pairs);",
        f"tg_histograms({tiles}, {(1.0 / scale).hex()}, weights, bins, bin_points, cells, cell_points);",
    ]
    found = run(folder, source, arrays, statements)
    assert math.fsum(found["sums"]) == expected.weight
    assert math.fsum(found["pairs"]) == expected.pair_difference2
    counts = (found[name].astype(float) for name in ("bins", "bin_points", "cells", "cell_points"))
    same_histograms(
        Histograms(TILES * TILE, math.fsum(found["weights"]), *counts),
        native.histograms(process, channel, density, SEED, STREAM, TILES * TILE, scale),
    )


@pytest.mark.parametrize("device", [False, True], ids=["host", "device"])
@pytest.mark.parametrize(("name", "channel"), SAMPLE.values(), ids=SAMPLE)
def test_events(folder: Path, name: str, channel: int, device: bool) -> None:
    process, density = sampled(name), proposal(name).channels[channel]
    expected = NativeEngine(host_compiler(), 1).events(process, proposal(name), SEED, STREAM, FIRST, COUNT)
    words = Words.of(process)
    u = uniforms(SEED, STREAM, FIRST, COUNT, words.event)
    drawn = next(part for part in draw_channels(proposal(name), u[words.table])[1] if part.channel == channel)
    cells = np.zeros(COUNT, dtype=np.int64)
    cells[drawn.which] = drawn.cells
    event = trace_event(process, channel)
    arrays, statements = prepared(event.function, density, device)
    source, head = kernels(event.function, device)
    columns = {f"column_{n}": a for n, a in empty_columns(process, COUNT).items() if n not in ("event_id", "accept")}
    arrays |= columns | {"u": u, "cells": cells, "rows": np.arange(COUNT)}
    outputs = [columns[f"column_{output.column}"] for output in event.outputs]
    places = [f"column_{output.column} + {output.component}" for output in event.outputs]
    arrays["strides"] = np.array([array.strides[0] // array.itemsize for array in outputs])
    arrays["is_int"] = np.array([int(array.dtype == np.int32) for array in outputs])
    arrays["which"] = drawn.which if device else drawn.which.astype(np.int32)
    share = float(proposal(name).channel_share[channel]).hex()
    statements += [
        f"void *columns[] = {{{', '.join(places)}}};",
        f"tg_points({head}{len(drawn.which)}, which, rows, cells, u, {COUNT}, {share}, {event.weighted}, columns, "
        "strides, is_int);",
    ]
    found = run(folder, source, arrays, statements)
    for column in {output.column for output in event.outputs}:
        same_bits(found[f"column_{column}"][drawn.which], expected[column][drawn.which], column)


def test_the_sanitizers_would_see_a_fault(folder: Path) -> None:
    """A density whose last cell is missing, and an overflow of integers."""
    name = COHERENT
    process, density = sampled(name), proposal(name).channels[0]
    function = trace_integrand(process, 0)
    arrays, statements = prepared(function, density, device=False)
    arrays |= {"sums": np.zeros(1), "pairs": np.zeros(1)}
    arrays["steps"] = arrays["steps"].reshape(-1)[:-1].copy()
    statements.append(f"tg_integrate(c, t, &d, {SEED}, {STREAM}, 0, 1, {TILE}, sums, pairs);")
    with pytest.raises(AssertionError, match="heap-buffer-overflow"):
        run(folder, host_source(function), arrays, statements)
    overflow = ["volatile int64_t largest = INT64_MAX;", "largest = largest + 1;"]
    with pytest.raises(AssertionError, match="signed integer overflow"):
        run(folder, host_source(function), {}, overflow)
