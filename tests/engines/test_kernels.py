"""The hand-written kernels: the random numbers, the map and the cells, and the GPU's text compiled for the host."""

from __future__ import annotations

import ctypes
import platform
from typing import Any

import numpy as np
import pytest
import vegas
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.engines.cases import (
    ONE,
    host_compiler,
    proposal,
    same_bits,
    same_columns,
    same_histograms,
    sampled,
)
from tests.engines.device_on_host import fake_cupy
from tests.sampling.toys import random_density
from tridentgen.engines.cuda_engine import CudaEngine
from tridentgen.engines.native_engine import NativeEngine
from tridentgen.engines.uniforms import uniforms
from tridentgen.engines.work import TILE
from tridentgen.resources import kernels_dir

FloatArray = NDArray[np.float64]

SHIM = """
extern "C" {
void philox(uint64_t block, uint64_t key0, uint64_t key1, uint64_t *out) { tg_philox(block, key0, key1, out); }

void uniform(const uint64_t *bits, double *u, int64_t n) {
    for (int64_t i = 0; i < n; ++i) u[i] = tg_uniform(bits[i]);
}

void place(const double *grid, const double *steps, const double *along, double strata, double increments,
           const double *u, double *x, double *factor, int32_t *increment, int64_t n) {
    for (int64_t i = 0; i < n; ++i)
        x[i] = tg_place(grid, steps, along[i], increments / strata, increments, u[i], factor + i, increment + i);
}

void digits(int64_t cells, const int64_t *strata, int64_t dimensions, double *along) {
    for (int64_t cell = 0; cell < cells; ++cell) {
        double rest = (double)cell;
        for (int64_t dim = dimensions - 1; dim >= 0; --dim) {
            const double n = (double)strata[dim];
            along[dim * cells + cell] = tg_along(&rest, n, 1.0 / n);
        }
    }
}

void find_cells(const double *cumulative, int64_t cells, const double *position, int64_t *found, int64_t n) {
    for (int64_t i = 0; i < n; ++i) found[i] = tg_find_cell(cumulative, cells, position[i]);
}
}
"""

LARGEST = 2**64 - 1
WORDS = st.one_of(st.integers(0, LARGEST), st.sampled_from([0, 1, 2**32, 2**63, LARGEST - 1, LARGEST]))


@pytest.fixture(scope="module")
def shim() -> ctypes.CDLL:
    headers = [(kernels_dir() / name).read_text() for name in ("base.h", "philox.h", "density.h")]
    return ctypes.CDLL(str(host_compiler().library("\n".join([*headers, SHIM]))))


def call(function: Any, *arguments: Any) -> None:
    """Call a C function with pointers to arrays, 64-bit integers and doubles; uint64 are handed over ready-made."""
    passed: list[Any] = []
    for value in arguments:
        if isinstance(value, np.ndarray):
            passed.append(ctypes.c_void_p(value.ctypes.data))
        elif isinstance(value, float):
            passed.append(ctypes.c_double(value))
        else:
            passed.append(ctypes.c_int64(value) if isinstance(value, int) else value)
    function.restype = None
    function(*passed)


def philox(shim: ctypes.CDLL, block: int, key: tuple[int, int]) -> NDArray[np.uint64]:
    out = np.zeros(4, dtype=np.uint64)
    call(shim.philox, ctypes.c_uint64(block), ctypes.c_uint64(key[0]), ctypes.c_uint64(key[1]), out)
    return out


@settings(max_examples=300, deadline=None)
@given(block=WORDS, key=st.tuples(WORDS, WORDS))
def test_philox_is_numpys(shim: ctypes.CDLL, block: int, key: tuple[int, int]) -> None:
    generator = np.random.Philox(key=np.array(key, dtype=np.uint64), counter=block)
    np.testing.assert_array_equal(philox(shim, block, key), generator.random_raw(4))


def test_philox_of_consecutive_blocks_is_the_stream_of_one_generator(shim: ctypes.CDLL) -> None:
    raw = np.random.Philox(key=np.array([5, 6], dtype=np.uint64)).random_raw(400)
    np.testing.assert_array_equal(np.concatenate([philox(shim, block, (5, 6)) for block in range(100)]), raw)


def test_uniform_numbers_are_those_of_the_sampling(shim: ctypes.CDLL) -> None:
    raw = np.random.Philox(key=np.array([5, 6], dtype=np.uint64), counter=3 * 21).random_raw(12 * 1000)
    u = np.empty(len(raw))
    call(shim.uniform, raw, u, len(raw))
    same_bits(u.reshape(1000, 12).T.copy(), uniforms(5, 6, 21, 1000, 12))


def test_uniform_numbers_stay_inside_their_interval(shim: ctypes.CDLL) -> None:
    raw = np.array([0, (1 << 12) - 1, 1 << 12, 1 << 63, LARGEST - (1 << 12), LARGEST], dtype=np.uint64)
    u = np.empty(6)
    call(shim.uniform, raw, u, 6)
    assert u.tolist() == [
        2.0**-53,
        2.0**-53,
        3 * 2.0**-53,
        0.5 + 2.0**-53,
        1.0 - 3 * 2.0**-53,
        1.0 - 2.0**-53,
    ]


def placed(
    shim: ctypes.CDLL, grid: FloatArray, along: FloatArray, strata: int, u: FloatArray
) -> tuple[FloatArray, FloatArray, NDArray[np.int32]]:
    x, factor, increment = np.empty_like(u), np.empty_like(u), np.empty(len(u), dtype=np.int32)
    increments = float(len(grid) - 1)
    call(
        shim.place, grid, np.diff(grid), along, float(strata), increments, u, x, factor, increment, len(u)
    )  # fmt: skip
    return x, factor, increment


def coordinates(rng: np.random.Generator, count: int = 20_000) -> FloatArray:
    """Uniform numbers of the sampling, the smallest and largest there are, and the ends of increments."""
    edges = np.arange(1, 512) / 512.0
    ends = 50 * [2.0**-53, 1.0 - 2.0**-53, 0.5]  # the largest is rounded up to the end of a later stratum
    return np.concatenate([rng.integers(0, 1 << 52, count) * 2.0**-52 + 2.0**-53, edges, ends])


@pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"),
    reason="where it may, vegas is built with fused multiply-add",
)
@pytest.mark.parametrize("increments", [1, 2, 7, 512, 1000])
def test_a_place_is_that_of_the_map_of_vegas(shim: ctypes.CDLL, increments: int) -> None:
    rng = np.random.default_rng(increments)
    adaptive = vegas.AdaptiveMap([[0.0, 1.0]], ninc=increments)
    training = rng.random((5000, 1))
    for _ in range(4):
        adaptive.add_training_data(training, 1.0 / (0.01 + training[:, 0]) ** 2)
        adaptive.adapt(alpha=0.7)
    grid = np.array(adaptive.extract_grid()[0], dtype=float)
    u = coordinates(rng)
    x, jacobian = np.empty((len(u), 1)), np.empty(len(u))
    adaptive.map(u[:, None].copy(), x, jacobian)
    found_x, factor, increment = placed(shim, grid, np.zeros_like(u), 1, u)
    same_bits(found_x, x[:, 0].copy(), "place")
    same_bits(factor, jacobian, "Jacobian")
    np.testing.assert_array_equal(increment, np.minimum((u * increments).astype(int), increments - 1))


@pytest.mark.parametrize("strata", [1, 2, 3, 5, 7])
def test_a_place_within_strata_is_that_of_the_proposal(shim: ctypes.CDLL, strata: int) -> None:
    rng = np.random.default_rng(strata)
    density = random_density(rng, (strata,), 37)
    u = coordinates(rng)
    cell = rng.integers(0, strata, len(u))
    expected = density.place(cell, u[None, :])
    x, factor, increment = placed(shim, density.grid[0], cell.astype(float), strata, u)
    same_bits(x, expected.x[0], "place")
    same_bits(density.inverse_cell_density[cell] * factor, expected.inverse_density, "density")
    np.testing.assert_array_equal(increment, expected.increments[0])


@pytest.mark.parametrize("strata", [(1,), (7, 1, 3), (49, 41, 3, 11), (1000, 1, 999)], ids=str)
def test_the_strata_of_a_cell_are_the_digits_of_its_number(shim: ctypes.CDLL, strata: tuple[int, ...]) -> None:
    cells = int(np.prod(strata))
    along = np.empty((len(strata), cells))
    call(shim.digits, cells, np.array(strata, dtype=np.int64), len(strata), along)
    np.testing.assert_array_equal(along, np.array(np.unravel_index(np.arange(cells), strata)))


@pytest.mark.parametrize("cells", [1, 2, 3, 1000, 4096])
def test_a_cell_is_found_as_by_searchsorted(shim: ctypes.CDLL, cells: int) -> None:
    rng = np.random.default_rng(cells)
    cumulative = random_density(rng, (cells,)).cumulative
    position = np.concatenate([
        rng.random(10_000), cumulative, np.nextafter(cumulative, 0.0), np.nextafter(cumulative, 2.0), [0.0, 1.0]
    ])  # fmt: skip
    found = np.empty(len(position), dtype=np.int64)
    call(shim.find_cells, cumulative, cells, position, found, len(position))
    expected = np.minimum(np.searchsorted(cumulative, position, side="right"), cells - 1)
    np.testing.assert_array_equal(found, expected)


def test_the_device_text_draws_the_events_of_the_sampling() -> None:
    """`tg_draw` for words and first events of every size: random numbers, and the channels and cells they pick."""
    host_compiler()
    name = "e e of antineutrinos on everything, power law"
    cupy = fake_cupy()
    kernels, table = CudaEngine(cupy=cupy)._integrand(sampled(name), 0), proposal(name)
    arrays = [cupy.asarray(array) for array in (*table.alias, table.offsets)]
    for first, count, words in ((0, 1000, 8), (5_000_000_000, 257, 12), (17, 1, 4), (2**52, 300, 12)):
        u, channel, cell = cupy.empty((words, count)), cupy.empty(count, np.int32), cupy.empty(count, np.int64)
        numbers = (np.uint64(7), np.uint64(2**63 + 1), *(np.int64(n) for n in (first, count, words, 3)))
        kernels.launch("tg_draw", 1, *numbers, *arrays, np.int64(len(table.channels)), u, channel, cell)
        expected = uniforms(7, 2**63 + 1, first, count, words)
        same_bits(u.get(), expected)
        channels, cells = table.pick(expected[3])
        np.testing.assert_array_equal(channel.get(), channels)
        np.testing.assert_array_equal(cell.get(), cells)


def test_shards_of_tiles_are_the_whole_on_the_device() -> None:
    """Tiles 0 to 2 and 3 to 6 of seven: the sums of each tile, and histograms that add up."""
    host_compiler()
    name, cupy = "mu mu, one energy, fermi", fake_cupy()
    density = proposal(name).channels[0]
    kernels = CudaEngine(cupy=cupy)._integrand(sampled(name), 0)
    kernels.prepare(density)
    shapes = (density.steps.shape, density.steps.shape, density.cell_share.shape, density.cell_share.shape)

    def shard(first: int, tiles: int) -> tuple[list[FloatArray], list[NDArray[np.int64]]]:
        sums = [cupy.empty(tiles) for _ in range(3)]
        counts = [cupy.zeros(shape, dtype=np.int64) for shape in shapes]
        numbers = (np.uint64(3), np.uint64(4), np.int64(first), np.int64(tiles))
        kernels.launch("tg_integrate", tiles, *numbers, np.int64(7 * TILE), *sums[:2])
        kernels.launch("tg_histograms", tiles, *numbers, np.float64(1e40), sums[2], *counts)
        return [array.get() for array in sums], [array.get() for array in counts]

    whole, first, last = shard(0, 7), shard(0, 3), shard(3, 4)
    for i in range(3):
        same_bits(np.concatenate([first[0][i], last[0][i]]), whole[0][i])
    for i in range(4):
        same_bits(first[1][i] + last[1][i], whole[1][i])
        assert whole[1][i].any()
    assert whole[1][1].sum(axis=1).tolist() == [7 * TILE] * len(density.strata)


@pytest.mark.parametrize("name", ["mu mu, one energy, fermi", "mu e on nucleons, kelly, histogram"])
def test_the_device_text_gives_the_bits_of_the_host_text(name: str) -> None:
    """`tg_integrate`, `tg_histograms` and `tg_points` of both, coherent and on protons."""
    native, device = NativeEngine(host_compiler(), 1), CudaEngine(cupy=fake_cupy())
    process, density = sampled(name), proposal(name).channels[0]
    points = 9 * TILE
    sums = native.integrate(process, 0, density, 11, 12, points)
    assert device.integrate(process, 0, density, 11, 12, points) == sums
    arguments = (process, 0, density, 11, 12, points, sums.weight / points)
    same_histograms(device.histograms(*arguments), native.histograms(*arguments))
    same_columns(
        device.events(process, proposal(name), 11, 12, 100, 20_000),
        native.events(process, proposal(name), 11, 12, 100, 20_000),
    )
    same_bits(
        device.weights(process, proposal(name), 11, 12, 20_000)[1],
        ONE.weights(process, proposal(name), 11, 12, 20_000)[1],
    )
