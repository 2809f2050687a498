"""The folder of compiled kernels, whatever is done to it, and compilers that are not to be believed."""

from __future__ import annotations

import ctypes
import logging
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engines.cases import ONE, host_compiler, proposal, same_bits, sampled
from tests.repeats import slow_if
from tridentgen.engines import choose_engine, compiler
from tridentgen.engines.compiler import find_compiler
from tridentgen.engines.kernel_cache import CompilerError, KernelCache
from tridentgen.engines.kernel_source import trace_integrand
from tridentgen.engines.native_engine import Kernel, NativeEngine
from tridentgen.engines.work import Engine
from tridentgen.typing import FloatArray, IntArray

ANSWER = 'extern "C" int answer() { return 42; }\n'
CASE = "one energy"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs the permissions of Unix")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of kernels."""
    host_compiler()
    monkeypatch.setenv("TRIDENTGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(sys.modules, "cupy", None)
    return tmp_path / "cache" / "kernels"


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def wrapper(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Let CXX be a script that ends with the real compiler, ``$CC "$@"``."""
    real = shutil.which("c++") or str(host_compiler().path)
    monkeypatch.setenv("CXX", str(script(folder / "wrapped-c++", text.replace("$CC", real))))


def answer(library: Path) -> int:
    return int(ctypes.CDLL(str(library)).answer())


def weights(engine: Engine, case: str = CASE) -> tuple[IntArray, FloatArray]:
    return engine.weights(sampled(case), proposal(case), 3, 4, 5000)


def right(found: tuple[IntArray, FloatArray], case: str = CASE) -> None:
    for mine, theirs in zip(found, weights(ONE, case), strict=True):
        same_bits(mine, theirs)


# Entries


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "truncated": lambda data: data[: len(data) // 2],
    "zeros": lambda data: bytes(len(data)),
    "foreign": lambda _: b"#!/bin/sh\n",
    "a byte": lambda data: data[:5000] + bytes([data[5000] ^ 1]) + data[5001:],
}


@pytest.mark.parametrize("damage", slow_if(lambda damage: damage not in ("zeros", "a byte"), DAMAGES))
def test_damaged_kernels_are_compiled_again(cache: Path, damage: str) -> None:
    """In processes of their own: what is loaded once stays loaded."""
    script = (
        "from tests.engines.cases import ONE, host_compiler, proposal, sampled\n"
        "from tridentgen.engines.compiler import find_compiler\n"
        "from tridentgen.engines.native_engine import NativeEngine\n"
        "import numpy as np\n"
        f"case = {CASE!r}\n"
        "mine = NativeEngine(find_compiler(), 1).weights(sampled(case), proposal(case), 3, 4, 5000)\n"
        "theirs = ONE.weights(sampled(case), proposal(case), 3, 4, 5000)\n"
        "assert all(np.array_equal(a, b) for a, b in zip(mine, theirs))\n"
    )
    command = [sys.executable, "-c", script]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])}
    subprocess.run(command, check=True, env=environment, timeout=300)
    libraries = sorted(cache.glob("*.so"))
    assert len(libraries) == 2  # the kernel and the event loop
    for path in libraries:
        path.write_bytes(DAMAGES[damage](path.read_bytes()))
    subprocess.run(command, check=True, env=environment, timeout=300)
    assert sorted(cache.glob("*.so")) == libraries


@pytest.mark.parametrize("mode", [0o666, 0o620, 0o602])
def test_a_library_that_others_can_write_is_not_loaded(cache: Path, mode: int) -> None:
    library = find_compiler().library(ANSWER)
    library.chmod(mode)
    assert find_compiler().cache.find(library.name.split(".")[0]) is None
    assert not library.exists()
    assert answer(find_compiler().library(ANSWER)) == 42
    assert (cache / library.name).stat().st_mode & 0o777 == 0o600


def test_a_link_is_not_loaded(cache: Path, tmp_path: Path) -> None:
    library = find_compiler().library(ANSWER)
    library.rename(tmp_path / "planted.so")
    library.symlink_to(tmp_path / "planted.so")
    assert find_compiler().cache.find(library.name.split(".")[0]) is None
    assert (tmp_path / "planted.so").exists()
    assert not any(cache.iterdir())


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_what_belongs_to_somebody_else_is_not_loaded(cache: Path) -> None:
    library = find_compiler().library(ANSWER)
    os.chown(library, 12345, 12345)
    assert find_compiler().cache.find(library.name.split(".")[0]) is None
    os.chown(cache, 12345, 12345)
    with pytest.raises(CompilerError, match=r"belongs to another user \(uid 12345\), who could run code through it"):
        find_compiler()


def test_a_folder_that_others_can_write_is_not_used(cache: Path, caplog: pytest.LogCaptureFixture) -> None:
    find_compiler()
    assert cache.stat().st_mode & 0o777 == 0o700
    cache.chmod(0o777)
    with pytest.raises(CompilerError, match="can be written by other users, who could run code through it; make it"):
        find_compiler()
    with caplog.at_level(logging.WARNING, "tridentgen"):
        assert choose_engine("auto", 1).name == "numpy"
    assert len(caplog.records) == 1


def test_a_warm_cache_that_is_read_only_is_used(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = find_compiler().library(ANSWER)
    cache.chmod(0o500)

    def read_only(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tridentgen.engines.kernel_cache.tempfile.mkdtemp", read_only)  # root may write all the same
    assert find_compiler_without_probes(monkeypatch).library(ANSWER) == library
    with pytest.raises(CompilerError, match=r"cannot write to the cache folder .*: Permission denied"):
        find_compiler_without_probes(monkeypatch).library(ANSWER.replace("42", "43"))
    cache.chmod(0o700)


def find_compiler_without_probes(monkeypatch: pytest.MonkeyPatch) -> compiler.HostCompiler:
    known = host_compiler()
    monkeypatch.setattr(compiler.HostCompiler, "flags", known.flags)
    return compiler.HostCompiler(known.path, known.fast, KernelCache.of_user())


def test_what_killed_processes_left_is_removed(cache: Path) -> None:
    find_compiler()
    for name, age_s in (("new-old", 7200.0), ("new-young", 60.0)):
        (cache / name).mkdir()
        (cache / name / "kernel.cpp").touch()
        os.utime(cache / name, (time.time() - age_s,) * 2)
    find_compiler()
    assert [path.name for path in cache.iterdir()] == ["new-young"]


# Compilers


@pytest.mark.usefixtures("cache")
def test_a_compiler_with_other_bits_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A wrapper with -ffast-math; and the honest compiler does not get its kernels afterwards."""
    wrapper(tmp_path, monkeypatch, 'exec $CC "$@" -ffast-math -ffp-contract=fast')
    case = "mu mu, one energy, fermi"
    with pytest.raises(CompilerError, match=r"makes wrong kernels: of 256 points \d+ have other results than"):
        weights(NativeEngine(find_compiler(), 1), case)
    with caplog.at_level(logging.WARNING, "tridentgen"):
        auto = choose_engine("auto", 1)
        right(weights(auto, case), case)
    assert auto.name == "numpy"
    assert [record.getMessage().count("makes wrong kernels") for record in caplog.records] == [1]
    monkeypatch.delenv("CXX")
    right(weights(NativeEngine(find_compiler(), 1), case), case)


@pytest.mark.parametrize(
    "trouble",
    [
        'case "$*" in *new-*) echo "fatal error: Killed signal terminated program cc1plus" >&2; exit 1;; esac',
        'case "$*" in *new-*) for last; do :; done; : > "$last"; exit 0;; esac',
        'case "$*" in *new-*) echo "cannot write: No space left on device: error" >&2; exit 1;; esac',
    ],
    ids=["out of memory", "an empty result", "full disk"],
)
@pytest.mark.usefixtures("cache")
def test_auto_goes_on_with_numpy_where_a_kernel_cannot_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, trouble: str
) -> None:
    """The compiler passes its probes, and fails in the middle of a run."""
    wrapper(tmp_path, monkeypatch, f'{trouble}\nexec $CC "$@"')
    with caplog.at_level(logging.WARNING, "tridentgen"):
        auto = choose_engine("auto", 2)
        assert auto.name == "native"
        right(weights(auto))
        right(weights(auto))
    assert auto.name == "numpy"
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "using the numpy engine, which is slower" in caplog.records[0].getMessage()
    with pytest.raises(CompilerError):
        weights(choose_engine("native", 1))


DESCRIPTORS = """
import logging, os, resource, sys
from tests.engines.cases import ONE, proposal, sampled
from tridentgen.engines import choose_engine
import numpy as np
logging.basicConfig(format="%(message)s")
auto = choose_engine("auto", 1)
case = "one energy"
theirs = ONE.weights(sampled(case), proposal(case), 3, 4, 5000)
taken = []
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
try:
    while True:
        taken.append(os.open(os.devnull, os.O_RDONLY))
except OSError:
    pass
mine = auto.weights(sampled(case), proposal(case), 3, 4, 5000)
for number in taken:
    os.close(number)
assert all(np.array_equal(a, b) for a, b in zip(mine, theirs))
print(auto.name)
"""


@pytest.mark.parametrize("warm", [False, True])
def test_too_few_descriptors(cache: Path, warm: bool) -> None:
    """With one line that says so, and nothing is lost of what was compiled before."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])}
    if warm:
        right(weights(choose_engine("auto", 1)))
    before = sorted(cache.glob("*.so"))
    command = [sys.executable, "-c", DESCRIPTORS]
    found = subprocess.run(command, check=False, env=environment, timeout=300, capture_output=True, text=True)
    assert (found.returncode, found.stdout, found.stderr.count("\n")) == (0, "numpy\n", 1), found
    assert "using the numpy engine, which is slower: " in found.stderr
    assert sorted(cache.glob("*.so")) == before


@pytest.mark.usefixtures("cache")
def test_a_compiler_that_hangs_is_ended_with_its_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler, "_TIMEOUT_S", 1.0)
    monkeypatch.setenv("CXX", str(script(tmp_path / "c++", f"sleep 300 &\necho $! > {tmp_path}/child\nwait")))
    with pytest.raises(CompilerError, match="has not ended after 1 s"):
        find_compiler()
    child = int((tmp_path / "child").read_text())
    for _ in range(100):
        try:
            state = Path(f"/proc/{child}/stat").read_text().split()[2]
        except OSError:
            return
        if state == "Z":
            return
        time.sleep(0.05)
    pytest.fail("the child is still there")


def test_a_library_that_cannot_be_loaded_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "kernel.so"
    path.write_bytes(b"\x7fELF no library")
    with pytest.raises(CompilerError, match="cannot be loaded"):
        Kernel(trace_integrand(sampled(CASE), 0), path)
