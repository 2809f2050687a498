"""That GCC puts the traced functions onto the vector units: what it does not vectorise takes three times as long."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.engines.cases import CASES, host_compiler, sampled
from tridentgen.engines.c_printer import PrintedFunction
from tridentgen.engines.kernel_source import host_source, trace_event, trace_integrand

LOOP = "static void tg_evaluate_chunk"
SAMPLE = tuple(CASES)[::2]


def gcc() -> tuple[str, ...]:
    """Return the command of GCC with the flags of the kernels, or skip the test with the reason why not."""
    compiler = host_compiler()
    said = subprocess.run([str(compiler.path), "--version"], capture_output=True, text=True, check=True).stdout
    if "Free Software Foundation" not in said:
        pytest.skip(f"only GCC reports what it vectorised this way, not {compiler.version}")
    return str(compiler.path), *compiler.flags


def vectorised(function: PrintedFunction, folder: Path) -> bool:
    """Return whether GCC says that the loop over the points of a chunk was vectorised."""
    source = host_source(function)
    (folder / "kernel.cpp").write_text(source)
    command = [*gcc(), "-fopt-info-vec-optimized", "kernel.cpp", "-o", "kernel.so"]
    report = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stderr
    lines = source.splitlines()
    begin = next(number for number, line in enumerate(lines, 1) if line.startswith(LOOP))
    end = next(number for number in range(begin, len(lines)) if lines[number - 1] == "}")
    return any(
        "loop vectorized" in line and begin <= int(line.split(":")[1]) <= end
        for line in report.splitlines()
        if line.startswith("kernel.cpp:")
    )


@pytest.mark.parametrize("name", SAMPLE)
def test_integrands_and_events_are_vectorised(tmp_path: Path, name: str) -> None:
    assert vectorised(trace_integrand(sampled(name), 0), tmp_path)
    assert vectorised(trace_event(sampled(name), 0).function, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_every_channel_is_vectorised(tmp_path: Path, name: str) -> None:
    for channel in range(len(sampled(name).channels)):
        assert vectorised(trace_integrand(sampled(name), channel), tmp_path)
        assert vectorised(trace_event(sampled(name), channel).function, tmp_path)
