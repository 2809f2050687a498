"""Damaged and malicious input: how it is made from good input, and what a reader may do with it.

The tests of tests/test_fuzz_*.py try a few hundred inputs each. For a long search set the number:

    TRIDENTGEN_FUZZ=100000 pytest tests/test_fuzz_*.py tests/exchange/importing/test_fuzz_*.py
"""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings

from tests.production_runs import ROOT
from tridentgen.errors import TridentgenError

EXAMPLES = int(os.environ.get("TRIDENTGEN_FUZZ", "0"))
MOST_SECONDS, MOST_BYTES = 30.0, 1 << 30  # of the processor: other work on the machine does not count

_BYTES = (b"\0", b"\xff", b"\n", b" ", b"-", b"9", b"1e999", b"nan", b'"', b"[", b"=", b"\xff\xff\xff\xff", b"\x7f" * 8)


def tries(few: int) -> Callable[[Any], Any]:
    """Return the settings of a test that makes `few` tries, or as many as the environment says."""
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
    return settings(
        max_examples=EXAMPLES or few, deadline=None, suppress_health_check=checks, database=None,
        derandomize=not EXAMPLES, print_blob=True,
    )  # fmt: skip


def damaged(seeds: Sequence[bytes], few: int) -> Iterator[bytes]:
    """Yield copies of `seeds` with up to eight changes each: `few`, or as many as the environment says.

    Bytes are flipped, replaced, put in, taken out, repeated, or the end is cut off, the same ones every time. Files are
    small, so drawing this from Hypothesis would take longer than to read them.
    """
    for number in range(EXAMPLES or few):
        yield _damaged(random.Random(number), seeds)


def _damaged(rng: random.Random, seeds: Sequence[bytes]) -> bytes:
    data = bytearray(rng.choice(seeds))
    for _ in range(rng.randint(1, 8)):
        at, size = rng.randrange(max(len(data), 1)), rng.choice((1, 1, 1, 2, 4, 8, 64, 700))
        new = rng.choice((*_BYTES, rng.randbytes(rng.randint(1, 8))))
        kind = rng.choice(("flip", "flip", "flip", "replace", "replace", "insert", "remove", "repeat", "cut"))
        if kind == "flip" and data:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == "replace":
            data[at : at + len(new)] = new
        elif kind == "insert":
            data[at:at] = new
        elif kind == "remove":
            del data[at : at + size]
        elif kind == "repeat":
            data[at:at] = data[at : at + size] * rng.randint(1, 4)
        elif kind == "cut":
            del data[at:]
    return bytes(data)


@contextmanager
def only_clean_errors() -> Iterator[None]:
    """Allow errors of the package, a line for each mistake; no other error, no warning, no long wait, little memory."""
    _forget_peak()
    before, start = peak_bytes(), time.process_time()
    message = "none"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            yield
        except TridentgenError as error:
            message = str(error)
    assert 0 < len(message) < 50_000
    assert all(message.split("\n"))
    assert time.process_time() - start < MOST_SECONDS
    assert peak_bytes() - before < MOST_BYTES


def in_a_process_of_its_own(module: str, function: str, *paths: Path) -> None:
    """Call ``module.function(*paths)`` where a crash of a library in C is a failure and not the end of the tests."""
    code = f"import sys, pathlib, {module} as tests; tests.{function}(*map(pathlib.Path, sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, paths)], cwd=ROOT, capture_output=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=300 + EXAMPLES,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:].decode(errors="replace")


def peak_bytes() -> int:
    """Return the most memory that this process has used.

    What getrusage(2) says begins with the peak of the process that started this one; proc(5) knows better.
    """
    with suppress(OSError):
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _forget_peak() -> None:
    """Let the peak count from now on, where the system can do that (proc(5))."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
