"""Every kernel compiled for GPUs without one: no spilled registers, no stack, and nothing but exact arithmetic."""

from __future__ import annotations

import importlib.util
import re
from functools import cache

import numpy as np
import pytest

from tests.engines.cases import CASES, COHERENT, Case, channels_of
from tests.repeats import slow_if
from tridentgen.engines import nvrtc
from tridentgen.engines.kernel_source import device_source, trace_event, trace_integrand
from tridentgen.engines.nvrtc import Compiled, NvrtcError, compile_source, find_nvrtc
from tridentgen.flux import Flux, Monochromatic, MuonDecay, PowerLaw, TabulatedFlux, stopped_pions
from tridentgen.physics.trident_couplings import ZPrime
from tridentgen.processes.neutrino_electron.model import ElectronModel
from tridentgen.processes.neutrino_electron.neutrino_electron import NeutrinoElectron
from tridentgen.processes.trident.trident import Trident

ARCHITECTURES = ("sm_80", pytest.param("sm_90", marks=pytest.mark.slow))
KERNELS = {"tg_integrate", "tg_histograms", "tg_draw", "tg_points"}
MOST_REGISTERS = 255
MU_MU = ("numu", "mu-", "mu+")
ONE_ENERGY = Monochromatic(5.0)
FLUXES: dict[str, Flux] = {
    "table": TabulatedFlux(np.array([0.3, 1.0, 2.5, 9.0]), np.array([1.0, 3.0, 2.0])),
    "power law": PowerLaw(2.0, 1.0, 40.0),
    "muons": MuonDecay(30.0, -1, "numu", 50.0, 2.0, 0.3),
}
KINDS = {
    **{
        f"coherent, {name}": Case(Trident(*MU_MU, form_factor=name), ONE_ENERGY)
        for name in ("fermi", "helm", "klein-nystrand", "fourier-bessel", "unit")
    },
    **{f"coherent, {name}": Case(Trident(*MU_MU), flux) for name, flux in FLUXES.items()},
    "coherent, a light vector": Case(Trident(*MU_MU, zprime=ZPrime(0.02, strength=1e-6)), ONE_ENERGY),
    "coherent, the Z propagator": Case(Trident("numu", "e-", "e+", z_propagator=True), ONE_ENERGY),
    "nucleons, dipole": Case(Trident(*MU_MU, regime="diffractive"), ONE_ENERGY),
    "nucleons, kelly, mu e of antineutrinos, muons": Case(
        Trident("nuebar", "mu-", "e+", regime="diffractive", nucleon_form_factor="kelly"),
        MuonDecay(30.0, -1, "nuebar", 50.0, 2.0, 0.3),
    ),
    "free proton": Case(Trident(*MU_MU, target="H1", regime="proton"), FLUXES["power law"]),
    "nu e, radiative, stopped pions in a pulse": Case(
        NeutrinoElectron("Ar", model=ElectronModel(radiative=True)), stopped_pions(20.0)
    ),
    **COHERENT,
    "electrons, times from tables": CASES["electrons, times from tables"],
}
SAMPLE = (
    "coherent, fourier-bessel",
    "nucleons, kelly, mu e of antineutrinos, muons",
    "CsI, stopped pions in a pulse, detector",
    "dipole portal on caesium, fermi",
)
"""Those with the longest kernels of each kind."""


@cache
def compiled(source: str, architecture: str) -> Compiled:
    """Compile a source once, however many processes print it."""
    try:
        find_nvrtc()
    except NvrtcError as error:
        pytest.skip(str(error))
    return compile_source(source, architecture)


def sources(case: Case, *, every_channel: bool = False) -> list[str]:
    """Return the sources of a process's kernels, each once; of tridents with one lepton leading, or with both."""
    process = case.sampled()
    found: dict[str, None] = {}
    for channel in range(len(process.channels)) if every_channel else channels_of(process):
        for function in (trace_integrand(process, channel), trace_event(process, channel).function):
            found[device_source(function)] = None
    return list(found)


def check(architecture: str, texts: list[str]) -> None:
    for source in texts:
        found = compiled(source, architecture)
        assert {kernel.kernel for kernel in found.kernels} == KERNELS
        for kernel in found.kernels:
            assert (kernel.stack_bytes, kernel.spill_bytes) == (0, 0), kernel
            assert 0 < kernel.registers <= MOST_REGISTERS
        assert ".f64" in found.ptx
        assert re.findall(r"\b(?:fma|mad)\.\S*f\d+", found.ptx) == []
        assert re.findall(r"\.f(?:16|32)\b|\.approx|\.ftz", found.ptx) == []
        assert re.findall(r"\b(?:div|sqrt|add|sub|mul)\.(?!rn\.)\S*f64", found.ptx) == []
        assert ".local" not in found.ptx


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("kind", slow_if(lambda kind: kind not in SAMPLE, KINDS))
def test_kernels_spill_nothing_and_are_exact(kind: str, architecture: str) -> None:
    check(architecture, sources(KINDS[kind]))


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("name", CASES)
def test_kernels_of_every_case_do_so(name: str, architecture: str) -> None:
    check(architecture, sources(CASES[name], every_channel=True))


def test_a_build_with_fused_operations_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    source = sources(KINDS["coherent, unit"])[0]
    compiled(source, "sm_80")
    options = tuple(option.replace("-fmad=false", "-fmad=true") for option in nvrtc._OPTIONS)
    assert options != nvrtc._OPTIONS
    monkeypatch.setattr(nvrtc, "_OPTIONS", options)
    assert "fma.rn.f64" in compile_source(source, "sm_80").ptx


SPILLING = """
extern "C" __global__ void __launch_bounds__(1024, 2) spilling(const double *x, double *y) {
    double v[40];
    for (int i = 0; i < 40; ++i) v[i] = x[i * 1024 + threadIdx.x];
    for (int round = 0; round < 3; ++round)
        for (int i = 0; i < 40; ++i) v[i] = v[i] / v[(i * 7 + 3) % 40];
    for (int i = 0; i < 40; ++i) y[i * 1024 + threadIdx.x] = v[i];
}
extern "C" __global__ void small(double *y) { y[threadIdx.x] = 1.0; }
"""


def test_spilled_registers_are_counted_kernel_by_kernel() -> None:
    spilling, small = sorted(compiled(SPILLING, "sm_80").kernels, key=lambda kernel: kernel.kernel != "spilling")
    assert (spilling.kernel, small.kernel) == ("spilling", "small")
    assert spilling.registers == 32  # 65536 for 2 x 1024 threads
    assert spilling.stack_bytes > 0
    assert spilling.spill_bytes > 0
    assert (small.stack_bytes, small.spill_bytes) == (0, 0)


def test_an_error_is_one_line_with_its_place() -> None:
    with pytest.raises(NvrtcError) as caught:
        compiled('extern "C" __global__ void broken() { int x = y; int z = w; }\n', "sm_80")
    assert "\n" not in str(caught.value)
    assert "tridentgen.cu(1): error" in str(caught.value)
    assert '"y" is undefined' in str(caught.value)


def test_an_unknown_architecture_is_one_line() -> None:
    with pytest.raises(NvrtcError) as caught:
        compiled("", "sm_12")
    assert "\n" not in str(caught.value)


def test_without_nvrtc_one_line_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(NvrtcError, match="pip install nvidia-cuda-nvrtc"):
        find_nvrtc()
