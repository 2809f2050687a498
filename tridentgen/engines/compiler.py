"""The host's C++ compiler, with the compiled kernels stored in the user's cache folder."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path

from tridentgen.engines.kernel_cache import CompilerError, KernelCache

_COMPILERS = ("c++", "g++", "clang++")
_FLAGS = ("-std=c++17", "-fPIC", "-shared", "-fno-math-errno", "-fno-trapping-math")
_EXACT = ("-ffp-contract=off",)
_FAST = ("-ffp-contract=fast",)
# GCC makes kernels as fast with -O2 as with -O3, and in half the time, once it vectorises as it does with -O3.
_LEVELS = (("-O2", "-ftree-vectorize", "-fvect-cost-model=dynamic"), ("-O3",))
# Tried in this order, each with every level: if the compiler rejects a set, the next is used. GCC's jump threading
# turns conditional expressions into branches, which it cannot vectorise.
_TUNING = (
    ("-march=native", "-fno-thread-jumps", "-mprefer-vector-width=512"),
    ("-march=native", "-fno-thread-jumps"),
    ("-march=native", "-mprefer-vector-width=512"),
    ("-march=native",),
    (),
)
_TIMEOUT_S = 60.0
# Uses the language extensions of the kernels, so that a compiler without them is rejected at once.
_PROBE = """
extern "C" long long tg_probe(double x) { return __builtin_bit_cast(long long, x); }
"""


class CompilerTimeoutError(CompilerError):
    """The compiler does not end."""


@dataclass(frozen=True)
class HostCompiler:
    """A C++ compiler of this machine.

    Attributes
    ----------
    path : Path
    fast : bool
        Allow fused multiply-add: faster, not bit-identical to numpy.
    cache : KernelCache
        The compiled kernels.
    """

    path: Path
    fast: bool
    cache: KernelCache

    @cached_property
    def identity(self) -> str:
        """What distinguishes the compiler from others: its file, and all it says of its version."""
        said = _run([str(self.path), "--version"])
        try:
            real = self.path.resolve(strict=True)
            status = real.stat()
        except OSError as error:
            raise CompilerError(f"'{self.path}' cannot be run: {error.strerror}") from None
        return "\0".join((str(real), str(status.st_size), str(status.st_mtime_ns), said))

    @property
    def version(self) -> str:
        """First line of the compiler's version text."""
        return self.identity.split("\0")[-1].partition("\n")[0]

    @cached_property
    def flags(self) -> tuple[str, ...]:
        """Flags that this compiler accepts."""
        contraction = _FAST if self.fast else _EXACT
        try:
            with tempfile.TemporaryDirectory() as folder:
                for tuning, level in product(_TUNING, _LEVELS):
                    flags = (*_FLAGS, *level, *contraction, *tuning)
                    try:
                        self._compiled(_PROBE, flags, Path(folder))
                    except CompilerTimeoutError:  # it would with every set of flags
                        raise
                    except CompilerError:
                        if (tuning, level) == (_TUNING[-1], _LEVELS[-1]):
                            raise
                        continue
                    return flags
        except OSError as error:
            raise CompilerError(f"no temporary folder for the compiler: {error.strerror}") from None
        raise CompilerError(f"'{self.path}' compiles no kernel with any set of flags")

    def library(self, source: str, check: Callable[[Path], None] | None = None) -> Path:
        """Return the shared library of `source`, compiled now unless it is in the cache.

        Parameters
        ----------
        source : str
        check : callable
            Is given a library that was just compiled, before it is kept, and raises `CompilerError` if it is wrong.

        Raises
        ------
        CompilerError
            It cannot be compiled or kept, or is wrong.
        """
        described = "\0".join((source, *self.flags, self.identity, _processor()))
        key = hashlib.sha256(described.encode(errors="surrogateescape")).hexdigest()[:32]
        found = self.cache.find(key)
        if found is not None:
            return found
        try:
            with self.cache.workshop() as folder:
                made = self._compiled(source, self.flags, folder)
                if check is not None:
                    check(made)
                return self.cache.keep(key, made)
        except OSError as error:
            where = self.cache.folder
            raise CompilerError(f"cannot write to the cache folder '{where}': {error.strerror}") from None

    def _compiled(self, source: str, flags: tuple[str, ...], folder: Path) -> Path:
        """Compile a source in a folder and return the shared library."""
        text, made = folder / "kernel.cpp", folder / "kernel.so"
        text.write_text(source, encoding="ascii")
        _run([str(self.path), *flags, str(text), "-o", str(made)])
        if not made.exists() or not made.stat().st_size:
            raise CompilerError(f"'{self.path}' compiles without an error but produces no library")
        return made


def find_compiler(*, fast: bool = False) -> HostCompiler:
    """Return the compiler named by the environment variable CXX, or the first of c++, g++ and clang++ on the path.

    Raise `CompilerError` if there is none or it does not work.
    """
    wanted = os.environ.get("CXX")
    names = (wanted,) if wanted else _COMPILERS
    found = next((path for path in map(shutil.which, names) if path), None)
    if found is None:
        raise CompilerError(f"no C++ compiler found ({', '.join(names)}); install one, or name it in the variable CXX")
    compiler = HostCompiler(Path(found), fast, KernelCache.of_user())
    _ = compiler.flags
    return compiler


def _processor() -> str:
    """Return a description of the processor, on which -march=native depends."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith(("flags", "Features")):
            return line
    return f"{platform.machine()} {platform.processor()}"


def _run(command: list[str]) -> str:
    """Return what a command prints; one that takes too long is ended with all processes that it started."""
    # HTCondor starts jobs without a PATH, and compilers do not find their linker without one.
    environment = {"PATH": os.defpath, **os.environ}
    try:
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            errors="replace", env=environment, start_new_session=True,
        ) as process:  # fmt: skip
            try:
                out, err = process.communicate(timeout=_TIMEOUT_S)
            except BaseException:  # also Ctrl-C, which does not reach a session of its own
                _end_session(process)
                raise
    except subprocess.TimeoutExpired:
        raise CompilerTimeoutError(f"'{command[0]}' has not ended after {_TIMEOUT_S:.0f} s") from None
    except OSError as error:
        raise CompilerError(f"'{command[0]}' cannot be run: {error}") from None
    if process.returncode != 0:
        said = [line.strip() for line in err.splitlines() if line.strip()]
        first = next(
            (line for line in said if "error" in line), said[0] if said else f"exit status {process.returncode}"
        )
        raise CompilerError(f"'{command[0]}' failed: {first}")
    return out


def _end_session(process: subprocess.Popen[str]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except OSError:
        process.kill()
