"""The CUDA engine: what it says without a GPU, its launches on a stand-in for CuPy, and its bits on a GPU."""

from __future__ import annotations

import sys
from itertools import pairwise
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.engines.cases import (
    CASES,
    ONE,
    host_compiler,
    joined,
    proposal,
    same_bits,
    same_columns,
    same_histograms,
    sampled,
)
from tests.engines.device_on_host import HostModule, fake_cupy
from tests.sampling.toys import Function, flat_proposal
from tridentgen.engines import choose_engine
from tridentgen.engines.cuda_engine import CudaEngine, CudaError, require_gpu
from tridentgen.engines.work import TILE
from tridentgen.physics.elementary import Value, Values
from tridentgen.sampling.train import train

POINTS = 5 * TILE + 1
FIRST = 5_000_000_000
EVENTS = 10_001
SAMPLE = (
    "mu mu, one energy, fermi",
    "mu e on nucleons, kelly, histogram",
    "CsI, stopped pions in a pulse, detector",
)
EVERY = [
    pytest.param(device, name, marks=[pytest.mark.slow] if device == "stand-in" and name not in SAMPLE else [])
    for device in ("stand-in", "GPU")
    for name in CASES
]
"""The stand-in has the host's compiler do much of what the native engine has it do; a GPU is fast."""


def gpu() -> Any:
    """Return CuPy, or skip the test with the reason why no GPU can be used."""
    try:
        return require_gpu()
    except CudaError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module", params=["stand-in", "GPU"])
def cuda(request: pytest.FixtureRequest) -> CudaEngine:
    if request.param == "GPU":
        return CudaEngine(cupy=gpu())
    host_compiler()
    return CudaEngine(cupy=fake_cupy())


@pytest.mark.parametrize(("cuda", "name"), EVERY, indirect=["cuda"])
def test_sums_and_histograms_are_the_same(cuda: CudaEngine, name: str) -> None:
    process = sampled(name)
    for channel, density in enumerate(proposal(name).channels):
        expected = ONE.integrate(process, channel, density, 3, 4, POINTS)
        assert cuda.integrate(process, channel, density, 3, 4, POINTS) == expected
        scale = expected.weight / expected.points
        same_histograms(
            cuda.histograms(process, channel, density, 3, 4, POINTS, scale),
            ONE.histograms(process, channel, density, 3, 4, POINTS, scale),
        )


@pytest.mark.parametrize(("cuda", "name"), EVERY, indirect=["cuda"])
def test_weights_and_events_are_the_same(cuda: CudaEngine, name: str) -> None:
    found = cuda.weights(sampled(name), proposal(name), 3, 4, EVENTS)
    for got, wanted in zip(found, ONE.weights(sampled(name), proposal(name), 3, 4, EVENTS), strict=True):
        same_bits(got, wanted)
    same_columns(
        cuda.events(sampled(name), proposal(name), 3, 4, FIRST, EVENTS),
        ONE.events(sampled(name), proposal(name), 3, 4, FIRST, EVENTS),
    )


def test_training_gives_the_same_density(cuda: CudaEngine) -> None:
    name = SAMPLE[0]
    found = train(sampled(name), cuda, 1, points=60_000)
    assert (found.digest, found.max_weight) == (proposal(name).digest, proposal(name).max_weight)


@pytest.mark.parametrize(
    ("cuda", "names"),
    [("stand-in", SAMPLE), pytest.param("stand-in", tuple(CASES), marks=pytest.mark.slow), ("GPU", tuple(CASES))],
    ids=["stand-in, some", "stand-in, every case", "GPU, every case"],
    indirect=["cuda"],
)
def test_processes_in_turn_do_not_mix_their_numbers(cuda: CudaEngine, names: tuple[str, ...]) -> None:
    """Constants, tables and densities are put where the kernels read them before every launch."""
    expected = [ONE.integrate(sampled(name), 0, proposal(name).channels[0], 3, 4, TILE) for name in names]
    for _ in range(2):
        assert [cuda.integrate(sampled(name), 0, proposal(name).channels[0], 3, 4, TILE) for name in names] == expected


def test_pieces_that_fit_the_memory_are_the_whole() -> None:
    """A device with room for little more than a tile of events."""
    host_compiler()
    name = SAMPLE[2]
    small = CudaEngine(cupy=fake_cupy(free_bytes=TILE * 4200))
    same_columns(
        small.events(sampled(name), proposal(name), 3, 4, 7, 3 * TILE),
        ONE.events(sampled(name), proposal(name), 3, 4, 7, 3 * TILE),
    )


@pytest.mark.parametrize("name", SAMPLE)
def test_kept_events_are_the_same(cuda: CudaEngine, name: str) -> None:
    most = proposal(name).max_weight
    same_columns(
        cuda.events(sampled(name), proposal(name), 3, 4, FIRST, EVENTS, most),
        ONE.events(sampled(name), proposal(name), 3, 4, FIRST, EVENTS, most),
    )


@pytest.mark.parametrize("count", [2, 3])
def test_several_devices_are_one(count: int) -> None:
    """Tiles and events shared out by their numbers, also in more pieces than devices."""
    host_compiler()
    name = SAMPLE[1]
    process, density = sampled(name), proposal(name)
    several = CudaEngine(cupy=fake_cupy(free_bytes=TILE * 4200, count=count))
    assert several.devices == tuple(range(count))
    sums = ONE.integrate(process, 1, density.channels[1], 3, 4, POINTS)
    assert several.integrate(process, 1, density.channels[1], 3, 4, POINTS) == sums
    arguments = (process, 1, density.channels[1], 3, 4, POINTS, sums.weight / sums.points)
    same_histograms(several.histograms(*arguments), ONE.histograms(*arguments))
    for most in (None, density.max_weight):
        same_columns(
            several.events(process, density, 3, 4, FIRST, 5 * TILE + 7, most),
            ONE.events(process, density, 3, 4, FIRST, 5 * TILE + 7, most),
        )


def test_event_ranges_of_several_devices_are_the_whole(cuda: CudaEngine) -> None:
    name = SAMPLE[1]
    ends = [0, 1, 255, 4096, 9_999, EVENTS]
    pieces = [
        cuda.events(sampled(name), proposal(name), 3, 4, FIRST + begin, end - begin) for begin, end in pairwise(ends)
    ]
    same_columns(joined(pieces), ONE.events(sampled(name), proposal(name), 3, 4, FIRST, EVENTS))


@pytest.mark.parametrize("fast", [False, True])
def test_fast_alone_allows_fused_operations(fast: bool) -> None:
    cupy = fake_cupy()
    given: list[str] = []

    def module(code: str, options: tuple[str, ...], backend: str) -> Any:
        given.extend(options)
        return HostModule(code, ("-fmad=false",), backend)

    cupy.RawModule = module
    host_compiler()
    CudaEngine(fast, cupy=cupy).integrate(sampled(SAMPLE[0]), 0, proposal(SAMPLE[0]).channels[0], 3, 4, TILE)
    assert f"-fmad={str(fast).lower()}" in given
    assert len([option for option in given if "fmad" in option]) == 1


def too_many_constants(x: Values) -> Value:
    total = x[0]
    for n in range(600):
        total = total * (1.0 + 1.0 / (n + 2.0)) + x[1]
    return total


def test_a_process_with_too_many_constants_is_refused() -> None:
    engine = CudaEngine(cupy=fake_cupy())
    with pytest.raises(CudaError, match="600 constants is too large"):
        engine.integrate(Function(too_many_constants), 0, flat_proposal(2).channels[0], 3, 4, TILE)


def message_without(monkeypatch: pytest.MonkeyPatch, module: Any) -> str:
    monkeypatch.setitem(sys.modules, "cupy", module)
    with pytest.raises(CudaError) as caught:
        choose_engine("cuda")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_without_cupy_one_line_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    message = message_without(monkeypatch, None)
    assert "engine 'cuda' needs CuPy" in message
    assert "pip install" in message
    assert "tridentgen[cuda12]" in message


def module_named_cupy(is_available: Any) -> ModuleType:
    module = ModuleType("cupy")
    module.cuda = SimpleNamespace(is_available=is_available)  # type: ignore[attr-defined]
    return module


def test_without_a_gpu_one_line_says_what_to_use_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    message = message_without(monkeypatch, module_named_cupy(lambda: False))
    assert "needs an NVIDIA GPU" in message
    assert "'native' or 'numpy'" in message


def test_a_driver_too_old_is_one_line_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """CuPy raises an error of its own where the driver does not fit."""

    def is_available() -> bool:
        raise RuntimeError("cudaErrorInsufficientDriver: CUDA driver version is insufficient for CUDA runtime version")

    assert "driver version is insufficient" in message_without(monkeypatch, module_named_cupy(is_available))
