"""The host's C++ compiler, with the compiled kernels stored in the user's cache folder."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path

from platformdirs import user_cache_path

from tridentgen.errors import TridentgenError

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
_TIMEOUT_S = 300
# Uses the language extensions of the kernels, so that a compiler without them is rejected at once.
_PROBE = """
extern "C" long long tg_probe(double x) { return __builtin_bit_cast(long long, x); }
"""


class CompilerError(TridentgenError):
    """No kernel can be compiled on this machine; the message gives the reason."""


@dataclass(frozen=True)
class HostCompiler:
    """A C++ compiler of this machine.

    Attributes
    ----------
    path : Path
    fast : bool
        Allow fused multiply-add: faster, not bit-identical to numpy.
    cache : Path
        Folder of compiled kernels.
    """

    path: Path
    fast: bool
    cache: Path

    @cached_property
    def version(self) -> str:
        """First line of the compiler's version text."""
        return _run([str(self.path), "--version"]).partition("\n")[0]

    @cached_property
    def flags(self) -> tuple[str, ...]:
        """Flags that this compiler accepts."""
        contraction = _FAST if self.fast else _EXACT
        with tempfile.TemporaryDirectory() as folder:
            for tuning, level in product(_TUNING, _LEVELS):
                flags = (*_FLAGS, *level, *contraction, *tuning)
                try:
                    self._compiled(_PROBE, flags, Path(folder))
                except CompilerError:
                    if (tuning, level) == (_TUNING[-1], _LEVELS[-1]):
                        raise
                    continue
                return flags
        raise CompilerError(f"'{self.path}' compiles no kernel with any set of flags")

    def library(self, source: str) -> Path:
        """Return the shared library of `source`, compiled now unless it is in the cache.

        The name is a hash of source, flags, compiler version and processor. The library is compiled under another name
        and then renamed, so that concurrent processes do not interfere.
        """
        described = "\0".join((source, *self.flags, self.version, _processor()))
        digest = hashlib.sha256(described.encode()).hexdigest()[:32]
        target = self.cache / f"{digest}.so"
        if target.exists():
            return target
        try:
            with tempfile.TemporaryDirectory(dir=self.cache) as folder:
                self._compiled(source, self.flags, Path(folder)).replace(target)
        except OSError as error:
            raise CompilerError(f"cannot write to the cache folder '{self.cache}': {error.strerror}") from None
        return target

    def _compiled(self, source: str, flags: tuple[str, ...], folder: Path) -> Path:
        """Compile a source in a folder and return the shared library."""
        text, made = folder / "kernel.cpp", folder / "kernel.so"
        text.write_text(source, encoding="ascii")
        _run([str(self.path), *flags, str(text), "-o", str(made)])
        if not made.exists():
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
    compiler = HostCompiler(Path(found), fast, _cache_folder())
    _ = compiler.flags
    return compiler


def _cache_folder() -> Path:
    folder = Path(os.environ.get("TRIDENTGEN_CACHE") or user_cache_path("tridentgen")) / "kernels"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise CompilerError(f"cannot write to the cache folder '{folder}': {error.strerror}") from None
    return folder


def _processor() -> str:
    """Return a description of the processor, on which -march=native depends."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith(("flags", "Features")):
                return line
    return f"{platform.machine()} {platform.processor()}"


def _run(command: list[str]) -> str:
    # HTCondor starts jobs without a PATH, and compilers do not find their linker without one.
    environment = {"PATH": os.defpath, **os.environ}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False, env=environment)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CompilerError(f"'{command[0]}' cannot be run: {error}") from None
    if done.returncode != 0:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        first = next((line for line in said if "error" in line), said[0] if said else f"exit status {done.returncode}")
        raise CompilerError(f"'{command[0]}' failed: {first}")
    return done.stdout
