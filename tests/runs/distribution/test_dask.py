"""Dask: the same bits with four workers, with two of them killed on the way; clear words where it cannot work."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import Command
from tests.production_runs import command, content, production_card, whole_run
from tridentgen.analysis.verify import verify
from tridentgen.errors import InputError, TridentgenError
from tridentgen.runs.distribution import DistributionError
from tridentgen.runs.distribution.dask_workers import dask_executor
from tridentgen.runs.run import run

needs_dask = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason='needs Dask: pip install "tridentgen[dask]"'
)
WORKERS = 4
CTRL_C = "import os, signal; os.setsid(); signal.signal(signal.SIGINT, signal.default_int_handler)"
"""A process group of its own, as on a terminal."""


@needs_dask
@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize("kind", ["trident", pytest.param("cevns", marks=pytest.mark.slow)])
def test_four_workers_of_which_two_are_killed(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tridentgen.runs.production.BATCH", 1 << 14)
    whole = whole_run(tmp_path, kind, cuts=True, events=120_000)
    with dask_executor(WORKERS) as executor:
        unharmed = run(tmp_path / "card.toml", tmp_path / "unharmed.h5", executor=executor)
        victims = list(executor._client.run(os.getpid).values())[:2]  # type: ignore[attr-defined]
        killed: list[int] = []

        def progress(what: str, share: float) -> None:
            if what == "generating" and share > 0.2 * (len(killed) + 1) and victims:
                os.kill(victims[0], signal.SIGKILL)
                killed.append(victims.pop(0))

        harmed = run(tmp_path / "card.toml", tmp_path / "harmed.h5", executor=executor, progress=progress)
    assert len(killed) == 2
    print(f"{kind}: {content(whole.path)}")
    assert content(unharmed.path) == content(harmed.path) == content(whole.path)


@needs_dask
@pytest.mark.skipif(sys.platform == "win32", reason="needs process groups")
def test_ctrl_c_ends_run_and_workers(tmp_path: Path) -> None:
    production_card(tmp_path, "cevns", events=100_000_000)
    part = tmp_path / "a.h5.part"
    process = command(tmp_path, "generate", "card.toml", "-o", "a.h5", "--workers", "2", before=CTRL_C)
    try:
        deadline = time.monotonic() + 60.0
        while not (part.exists() and part.stat().st_size > 3_000_000):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        _, error = process.communicate(timeout=30)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 130
    assert error.startswith("tridentgen: interrupted after ")
    assert error.count("\n") == 1
    assert not part.exists()
    assert {check.name for check in verify(tmp_path / "a.h5") if not check.passed} == {"completeness"}


@needs_dask
def test_the_command_line_starts_workers(tmp_path: Path, cli: Command) -> None:
    whole = whole_run(tmp_path, "cevns")
    found = cli("generate", tmp_path / "card.toml", "-o", tmp_path / "a.h5", "--workers", "1")
    assert (found.code, found.err) == (0, "")
    assert content(tmp_path / "a.h5") == content(whole.path)


@needs_dask
def test_nobody_else_can_use_the_workers_of_a_run() -> None:
    """A client without the key of the run is not let in, by TCP or TLS, and there are no web pages."""
    distributed: Any = importlib.import_module("distributed")
    with dask_executor(1) as executor:
        scheduler = executor._client.cluster.scheduler  # type: ignore[attr-defined]
        address = scheduler.address
        assert address.startswith("tls://127.0.0.1:")
        strangers = [(address.replace("tls", "tcp"), None), (address, distributed.Security.temporary())]
        for where, security in strangers:
            with pytest.raises((OSError, TypeError, TimeoutError)):
                distributed.Client(where, security=security, timeout=1)
        port = scheduler.http_server.port
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/status", timeout=5)
        assert port != 8787


@needs_dask
def test_a_scheduler_with_tls(tmp_path: Path) -> None:
    distributed: Any = importlib.import_module("distributed")
    pytest.importorskip("cryptography")
    key = distributed.Security.temporary()
    for name, text in (("ca.pem", key.tls_ca_file), ("c.pem", key.tls_client_cert), ("k.pem", key.tls_client_key)):
        (tmp_path / name).write_text(text)
    tls = tmp_path / "tls.toml"
    tls.write_text('ca_file = "ca.pem"\ncert_file = "c.pem"\nkey_file = "k.pem"\n')
    whole = whole_run(tmp_path, "cevns")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None, security=key
    ) as cluster:
        address = cluster.scheduler_address
        with dask_executor(scheduler=address, security=tls) as executor:
            made = run(tmp_path / "card.toml", tmp_path / "a.h5", executor=executor)
    assert content(made.path) == content(whole.path)


@needs_dask
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('ca_file = "ca.pem"\n', "tls.toml:1: key 'cert_file' is missing"),
        ('ca_file = "a"\ncert_file = "b"\nkey_file = "c"\n', "tls.toml:1: ca_file: there is no file"),
        (None, "--security .*tls.toml: cannot be read"),
    ],
)
def test_mistakes_in_the_file_of_keys(tmp_path: Path, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / "tls.toml").write_text(text)
    with (
        pytest.raises(TridentgenError, match=message),
        dask_executor(scheduler="tls://127.0.0.1:9", security=tmp_path / "tls.toml"),
    ):
        pass


@needs_dask
def test_a_scheduler_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tridentgen.runs.distribution.dask_workers._CONNECT_S", 0.3)
    for address in ("tcp://127.0.0.1:9", "nonsense://x", ""):
        with pytest.raises(DistributionError, match="cannot reach the scheduler"), dask_executor(scheduler=address):
            pass


@needs_dask
def test_a_scheduler_elsewhere_is_used(tmp_path: Path) -> None:
    distributed: Any = importlib.import_module("distributed")
    whole = whole_run(tmp_path, "cevns")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None
    ) as cluster:
        with dask_executor(scheduler=cluster.scheduler_address) as executor:
            made = run(tmp_path / "card.toml", tmp_path / "a.h5", executor=executor)
        assert cluster.scheduler_info["workers"]  # still there for others
    assert content(made.path) == content(whole.path)


@needs_dask
def test_a_scheduler_without_workers_is_named_and_waited_for(
    tmp_path: Path, cli: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed: Any = importlib.import_module("distributed")
    card = production_card(tmp_path, "cevns")
    monkeypatch.setattr("tridentgen.commands.progress_bar._STUCK_S", 0.0)
    with distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=None) as cluster:
        address = cluster.scheduler_address
        words = ("generate", card, "-o", tmp_path / "a.h5", "--scheduler", address, "--patience", "0.1")
        found = cli(*words)
    assert found.code == 2
    waiting, reason = found.err.splitlines()
    assert waiting == f"tridentgen: waiting for workers of {address}"
    assert reason.startswith("tridentgen: no worker has finished anything for 0.1 s; ")


def test_without_dask_one_line_says_so(folder: Path, cli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    found = cli("generate", "card.toml", "--workers", "2")
    assert found.code == 2
    assert found.err == 'tridentgen: --workers and --scheduler need Dask: pip install "tridentgen[dask]"\n'
    assert [path.name for path in folder.iterdir()] == ["card.toml"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--workers", "two"], "--workers two: must be a whole number from 1 to 10000, not 'two'"),
        (["--patience", "60"], "--patience 60 goes with --workers or --scheduler; leave it out"),
        (["--workers", "2", "--patience", "soon"], "--patience soon: not a number; give seconds"),
        (["--workers", "2", "--patience", "0"], "--patience 0 must be more than 0 seconds"),
        (["--workers", "2", "--security", "tls.toml"], "--security tls.toml goes with --scheduler; leave it out"),
        (["--workers", "2", "--scheduler", "tcp://x:1"], "--workers starts processes here and --scheduler uses those "),
    ],
)
@pytest.mark.usefixtures("folder")
def test_options_that_make_no_sense(cli: Command, words: list[str], message: str) -> None:
    found = cli("generate", "card.toml", *words)
    assert found.code == 2
    assert message in found.err


@needs_dask
def test_there_must_be_workers() -> None:
    with pytest.raises(InputError, match="--workers 0 must be at least 1"), dask_executor(0):
        pass
