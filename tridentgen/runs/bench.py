"""Speed of this machine: the measurements of `tridentgen bench`."""

from __future__ import annotations

import platform
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tridentgen._version import __version__
from tridentgen.engines import choose_engine
from tridentgen.engines.cuda_engine import CudaError
from tridentgen.engines.kernel_cache import CompilerError
from tridentgen.engines.kernel_source import device_source, trace_event, trace_integrand
from tridentgen.engines.nvrtc import compile_source
from tridentgen.engines.process import Process
from tridentgen.engines.proposal import Proposal
from tridentgen.engines.work import TILE, Engine, available_cores
from tridentgen.events.hdf5 import EventWriter
from tridentgen.flux import Monochromatic, halo, stopped_pions
from tridentgen.processes.cevns.cevns import Cevns
from tridentgen.processes.trident.trident import Trident
from tridentgen.processes.wimp.wimp import Wimp
from tridentgen.progress import Progress
from tridentgen.sampling.generate import event_batches
from tridentgen.sampling.train import train

_ENERGY_GeV = 5.0


def _trident(lepton: str) -> Process:
    pair = Trident("numu", f"{lepton}-", f"{lepton}+", target="Ar40", regime="coherent")
    return pair.sampled(Monochromatic(_ENERGY_GeV))


def _stopped_pions() -> Process:
    return Cevns("CsI").sampled(stopped_pions(20.0))


def _dark_matter() -> Process:
    return Wimp("Xe132", 1e-46).sampled(halo(30.0))


PROCESSES: Mapping[str, Callable[[], Process]] = MappingProxyType(
    {"mu mu": lambda: _trident("mu"), "e e": lambda: _trident("e"), "CEvNS": _stopped_pions, "WIMP": _dark_matter}
)
"""Processes measured: coherent tridents of numu on Ar40 at 5 GeV; CEvNS of neutrinos from stopped pions on CsI;
WIMPs of 30 GeV on Xe132."""

_SECONDS = 1.0
_EVENTS = 1 << 18

Json = dict[str, Any]


@dataclass(frozen=True)
class _Case:
    """A process with its proposal, on an engine."""

    engine: Engine
    process: Process
    proposal: Proposal


def machine() -> Json:
    """Return the machine and software of the measurement."""
    return {
        "version": __version__,
        "processor": _processor(),
        "cores": available_cores(),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def engines() -> list[tuple[Engine, int]]:
    """Return the engines of this machine with their numbers of threads: one and all cores."""
    found: list[tuple[Engine, int]] = []
    for name in ("numpy", "native"):
        for threads in sorted({1, available_cores()}):
            try:
                found.append((choose_engine(name, threads), threads))
            except CompilerError:
                break
    with suppress(CudaError):  # without a GPU
        found.append((choose_engine("cuda"), 0))
    return found


def measure(progress: Progress) -> list[Json]:
    """Return a row of results for every engine and process."""
    cases = [(engine, threads, name) for engine, threads in engines() for name in PROCESSES]
    rows = []
    for number, (engine, threads, name) in enumerate(cases):
        progress(f"{engine.name} {name}", number / len(cases))
        rows.append({"engine": engine.name, "threads": threads, "process": name, **figures(engine, PROCESSES[name]())})
    return rows


def figures(engine: Engine, process: Process) -> Json:
    """Return the rates of an engine for a process, per second."""
    train(process, engine, 1, points=TILE)  # compiles the kernels
    start = time.perf_counter()
    proposal = train(process, engine, 1)
    training = time.perf_counter() - start
    case = _Case(engine, process, proposal)
    events = _rate(lambda: _made(case))
    return {
        "training_s": training,
        "points_per_s": _rate(lambda: engine.integrate(process, 0, proposal.channels[0], 1, 1, 1 << 20).points),
        "events_per_s": events,
        "events_to_hdf5_per_s": _rate(lambda: _written(case)),
        "unweighted_per_s": _rate(lambda: _made(case, proposal.max_weight)),
    }


def _rate(work: Callable[[], int]) -> float:
    """Return items per second of `work`, repeated for about a second after a warm-up run."""
    work()
    start = time.perf_counter()
    done = 0
    while True:
        done += work()
        seconds = time.perf_counter() - start
        if seconds > _SECONDS:
            return done / seconds


def _made(case: _Case, max_weight: float | None = None) -> int:
    return len(case.engine.events(case.process, case.proposal, 1, 0, 0, _EVENTS, max_weight)["weight"])


def _written(case: _Case) -> int:
    with (
        tempfile.TemporaryDirectory() as folder,
        EventWriter(Path(folder) / "bench.h5", case.process.columns, {}) as writer,
    ):
        for events in event_batches(case.process, case.proposal, case.engine, 1, first=0, count=4 * _EVENTS):
            del events["accept"]
            writer.append(events)
        writer.close(complete=True)
    return 4 * _EVENTS


def table(machine: Json, rows: list[Json]) -> str:
    """Return the results as text, in millions per second."""
    header = "engine  threads  process  training/s  Mpoints/s  Mevents/s  to HDF5  unweighted"
    lines = [
        f"{r['engine']:<7} {r['threads'] or '-':>7}  {r['process']:<7}  {r['training_s']:>10.2f}  "
        f"{r['points_per_s'] / 1e6:>9.2f}  {r['events_per_s'] / 1e6:>9.2f}  {r['events_to_hdf5_per_s'] / 1e6:>7.2f}  "
        f"{r['unweighted_per_s'] / 1e6:>10.2f}"
        for r in rows
    ]
    on = f"# {machine['processor']}, {machine['cores']} cores, tridentgen {machine['version']}"
    what = "# mu mu, e e: numu Ar40, coherent, 5 GeV; CEvNS: stopped pions on CsI"
    return "\n".join([on, what, header, *lines])


def check_cuda(architectures: list[str]) -> list[Json]:
    """Compile the kernels of every kind of target for GPU architectures; return the resources of each.

    This needs NVRTC but no GPU. Raise `NvrtcError` if NVRTC is not installed.
    """
    tridents = Trident("numu", "mu-", "mu+", target="Ar40", regime="total").sampled(Monochromatic(_ENERGY_GeV))
    recoils = Cevns("Ar40", neutrino="nue").sampled(stopped_pions(20.0))
    return [
        row
        for process in (tridents, recoils)
        for channel in range(len(process.channels))
        for architecture in architectures
        for row in _kernels(process, channel, architecture)
    ]


def _kernels(process: Process, channel: int, architecture: str) -> list[Json]:
    functions = {"integrand": trace_integrand(process, channel), "event": trace_event(process, channel).function}
    rows = []
    for what, function in functions.items():
        compiled = compile_source(device_source(function), architecture)
        rows += [
            {
                "channel": process.channels[channel],
                "function": what,
                "architecture": architecture,
                "kernel": kernel.kernel,
                "registers": kernel.registers,
                "stack_bytes": kernel.stack_bytes,
                "spill_bytes": kernel.spill_bytes,
                "compile_s": compiled.seconds,
            }
            for kernel in compiled.kernels
        ]
    return rows


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
