"""The host's compiler: which one is taken, what is cached, and one clear line for everything that goes wrong."""

from __future__ import annotations

import ctypes
import logging
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engines.cases import host_compiler
from tests.sampling.toys import flat_proposal, three_peaks
from tridentgen.engines import choose_engine
from tridentgen.engines.compiler import HostCompiler, find_compiler
from tridentgen.engines.kernel_cache import CompilerError
from tridentgen.engines.work import TILE

ANSWER = 'extern "C" int answer() { return 42; }\n'

pytestmark = pytest.mark.skipif(os.name != "posix", reason="stand-ins for compilers are shell scripts")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own."""
    monkeypatch.setenv("TRIDENTGEN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def script(path: Path, text: str) -> Path:
    """Write an executable shell script."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture
def logged(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:  # noqa: ARG001 - sets the variable
    """The log of a compiler that writes down what it is asked, and is named by CXX."""
    real, log = host_compiler().path, tmp_path / "log"
    log.touch()
    monkeypatch.setenv("CXX", str(script(tmp_path / "my-c++", f'echo "$@" >> {log}\nexec {real} "$@"')))
    return log


def compilations(log: Path) -> int:
    """Number of times the compiler made a library, its probes included."""
    return sum("-shared" in line for line in log.read_text().splitlines())


def answer(library: Path) -> int:
    return int(ctypes.CDLL(str(library)).answer())


def test_cxx_names_the_compiler(logged: Path) -> None:
    compiler = find_compiler()
    assert compiler.path.name == "my-c++"
    assert answer(compiler.library(ANSWER)) == 42
    assert compilations(logged) >= 2


def test_jobs_without_a_path_compile_too(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    if shutil.which("c++", path=os.defpath) is None:
        pytest.skip("needs a compiler in one of the system's own folders")
    for name in ("PATH", "CXX"):
        monkeypatch.delenv(name, raising=False)
    assert answer(find_compiler().library(ANSWER)) == 42


def test_what_was_compiled_is_not_compiled_again(logged: Path) -> None:
    first = find_compiler().library(ANSWER)
    again = find_compiler()
    before = compilations(logged)
    assert again.library(ANSWER) == first
    assert compilations(logged) == before
    other = again.library(ANSWER.replace("42", "43"))
    assert compilations(logged) == before + 1
    assert (answer(first), answer(other)) == (42, 43)


def test_the_cache_keeps_flags_and_compilers_apart(logged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exact = find_compiler().library(ANSWER)
    fast = find_compiler(fast=True)
    assert fast.library(ANSWER) != exact
    assert "-ffp-contract=fast" in fast.flags
    assert "-ffp-contract=off" in find_compiler().flags
    newer = logged.parent / "newer-c++"
    real = host_compiler().path
    script(newer, f'[ "$1" = --version ] && echo "newer 99.0" || exec {real} "$@"')
    monkeypatch.setenv("CXX", str(newer))
    assert find_compiler().version == "newer 99.0"
    assert find_compiler().library(ANSWER) not in (exact, fast.library(ANSWER))


@pytest.mark.parametrize(("unknown", "level", "native"), [("-march", "-O2", False), ("-fvect-cost-model", "-O3", True)])
def test_flags_that_a_compiler_does_not_know_are_left_out(
    logged: Path, monkeypatch: pytest.MonkeyPatch, unknown: str, level: str, native: bool
) -> None:
    plain = logged.parent / "plain-c++"
    real = host_compiler().path
    script(plain, f'case "$*" in *{unknown}*) echo "error: unknown {unknown}" >&2; exit 1;; esac\nexec {real} "$@"')
    monkeypatch.setenv("CXX", str(plain))
    compiler = find_compiler()
    assert not any(unknown in flag for flag in compiler.flags)
    assert level in compiler.flags
    assert ("-march=native" in compiler.flags) is native
    assert answer(compiler.library(ANSWER)) == 42


def test_the_variable_names_the_cache_folder(cache: Path) -> None:
    host_compiler()
    library = find_compiler().library(ANSWER)
    assert library.parent == cache / "kernels"
    assert [path.name for path in library.parent.iterdir()] == [library.name]


def test_an_empty_variable_means_the_users_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    host_compiler()
    monkeypatch.setenv("TRIDENTGEN_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    folder = find_compiler().cache.folder
    assert folder.name == "kernels"
    assert "tridentgen" in folder.parts
    assert tmp_path in folder.parents


COMPILE = """
import sys
from tridentgen.engines.compiler import find_compiler
compiler = find_compiler()
print("ready", flush=True)
sys.stdin.readline()
import ctypes
library = compiler.library(sys.argv[1])
print(library, ctypes.CDLL(str(library)).answer())
"""


def test_processes_that_compile_the_same_at_once_all_succeed(cache: Path) -> None:
    """Three processes wait for each other, then compile a source that takes a while."""
    host_compiler()
    slow = "#include <algorithm>\n#include <map>\n#include <regex>\n#include <string>\n" + ANSWER
    running = [
        subprocess.Popen(
            [sys.executable, "-c", COMPILE, slow],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], said
    assert len({out for out, _ in said}) == 1
    library, value = said[0][0].rsplit(maxsplit=1)
    assert value == "42"
    assert [path.name for path in (cache / "kernels").iterdir()] == [Path(library).name]


def message(trouble: pytest.ExceptionInfo[CompilerError]) -> str:
    text = str(trouble.value)
    assert "\n" not in text
    return text


@pytest.mark.usefixtures("cache")
def test_no_compiler_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CompilerError) as caught:
        find_compiler()
    assert message(caught).startswith("no C++ compiler found (c++, g++, clang++)")
    assert "CXX" in message(caught)


@pytest.mark.usefixtures("cache")
def test_a_cxx_that_does_not_exist_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "/nowhere/c++")
    with pytest.raises(CompilerError, match="no C\\+\\+ compiler found \\(/nowhere/c\\+\\+\\)"):
        find_compiler()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("exit 1", "failed: exit status 1"),
        (
            'echo "c++: internal error: segmentation fault" >&2\necho more >&2\nexit 4',
            "internal error: segmentation",
        ),
        ('printf "\\nno licence\\nask someone\\n" >&2\nexit 3', "failed: no licence"),
        ("exit 0", "produces no library"),
        ('case "$*" in *--version*) exit 0;; esac\nexit 1', "failed: exit status 1"),
    ],
    ids=["silent", "error", "no error named", "makes nothing", "knows its version"],
)
@pytest.mark.usefixtures("cache")
def test_a_broken_compiler_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, words: str) -> None:
    broken = script(tmp_path / "broken-c++", text)
    monkeypatch.setenv("CXX", str(broken))
    with pytest.raises(CompilerError) as caught:
        find_compiler()
    assert words in message(caught)
    assert str(broken) in message(caught)


@pytest.mark.usefixtures("cache")
def test_a_program_that_is_none_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wrong = tmp_path / "c++"
    wrong.write_bytes(b"\x7fELF no program")
    wrong.chmod(0o755)
    monkeypatch.setenv("CXX", str(wrong))
    with pytest.raises(CompilerError, match="cannot be run"):
        find_compiler()


def test_a_source_that_does_not_compile_says_why(cache: Path) -> None:
    host_compiler()
    with pytest.raises(CompilerError) as caught:
        find_compiler().library("int broken( { return 1; }\n")
    assert "error" in message(caught)
    assert list((cache / "kernels").iterdir()) == []


def test_a_cache_that_cannot_be_made_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    host_compiler()
    (tmp_path / "file").touch()
    monkeypatch.setenv("TRIDENTGEN_CACHE", str(tmp_path / "file"))
    with pytest.raises(CompilerError) as caught:
        find_compiler()
    assert f"cannot write to the cache folder '{tmp_path / 'file' / 'kernels'}'" in message(caught)


def test_a_cache_without_permission_is_one_line(cache: Path) -> None:
    host_compiler()
    (cache / "kernels").mkdir(parents=True)
    (cache / "kernels").chmod(0o555)
    if os.access(cache / "kernels", os.W_OK):
        pytest.skip("this user may write everywhere")
    with pytest.raises(CompilerError, match="cannot write to the cache folder"):
        find_compiler()


def test_a_cache_that_goes_away_is_one_line(cache: Path) -> None:
    host_compiler()
    compiler = find_compiler()
    shutil.rmtree(cache)
    with pytest.raises(CompilerError) as caught:
        compiler.library(ANSWER)
    assert "cannot write to the cache folder" in message(caught)


@pytest.mark.usefixtures("cache")
def test_auto_without_a_compiler_is_numpy_and_says_so_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("CXX", str(script(tmp_path / "broken-c++", "exit 1")))
    monkeypatch.setitem(sys.modules, "cupy", None)
    with caplog.at_level(logging.INFO, "tridentgen"):
        engine = choose_engine("auto", 1)
    assert engine.name == "numpy"
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "\n" not in caplog.records[0].getMessage()
    assert "numpy engine" in caplog.records[0].getMessage()
    assert engine.integrate(three_peaks(), 0, flat_proposal(4).channels[0], 1, 2, TILE).points == TILE


@pytest.mark.usefixtures("cache")
def test_native_without_a_compiler_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CXX", str(script(tmp_path / "broken-c++", "exit 1")))
    with pytest.raises(CompilerError):
        choose_engine("native", 1)


@pytest.mark.usefixtures("cache")
def test_auto_with_a_compiler_is_native(monkeypatch: pytest.MonkeyPatch) -> None:
    host_compiler()
    monkeypatch.setitem(sys.modules, "cupy", None)
    assert choose_engine("auto", 1).name == "native"


def test_a_compiler_is_a_value() -> None:
    """Two that are alike are equal, whatever has been found out about them."""
    compiler = host_compiler()
    assert HostCompiler(compiler.path, compiler.fast, compiler.cache) == compiler
