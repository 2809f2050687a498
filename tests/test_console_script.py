"""Ctrl-C in the first second of the console script, while the package is being imported: one line, exit code 130."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.production_runs import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")

IMPORTING = """
import signal, sys
signal.signal(signal.SIGINT, {handler})
import tridentgen_command

class Interrupt:
    def find_spec(self, name, *_):
        if name == {module!r}:
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Interrupt())
sys.argv = ["tridentgen", "--version"]
sys.exit(tridentgen_command.main())
"""


def started(module: str, handler: str) -> subprocess.CompletedProcess[str]:
    """Run the script with a Ctrl-C that comes when a module is looked for."""
    code = IMPORTING.format(module=module, handler=handler)
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


@pytest.mark.parametrize("module", ["tridentgen", "numpy", "h5py", "vegas", "tridentgen.cli"])
def test_ctrl_c_while_importing_is_one_line(module: str) -> None:
    found = started(module, "signal.default_int_handler")
    assert (found.returncode, found.stdout, found.stderr) == (130, "", "tridentgen: interrupted\n")


def test_where_ctrl_c_is_ignored_it_stays_so() -> None:
    found = started("numpy", "signal.SIG_IGN")
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.startswith("tridentgen ")


def test_the_command_line_has_pythons_handler_again() -> None:
    code = (
        "import signal, sys, tridentgen.cli, tridentgen_command\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "tridentgen.cli.main = lambda: print(signal.getsignal(signal.SIGINT) is signal.default_int_handler) or 0\n"
        "sys.exit(tridentgen_command.main())"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert found.stdout == "True\n"


@pytest.mark.parametrize(
    "error", ["ImportError('failed to map segment\\nof libhdf5')", "MemoryError()", "OSError(24, 'x')"]
)
def test_what_cannot_be_imported_is_one_line(error: str) -> None:
    code = IMPORTING.format(module="h5py", handler="signal.SIG_DFL").replace(
        "signal.raise_signal(signal.SIGINT)", f"raise {error}"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (found.returncode, found.stdout, found.stderr.count("\n")) == (2, "", 1)
    assert found.stderr.startswith("tridentgen: cannot start (")
