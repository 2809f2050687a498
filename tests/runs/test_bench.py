"""`tridentgen bench`: figures that make sense, and kernels that compile for GPUs."""

from __future__ import annotations

import json

import pytest

from tridentgen.cards import read_card
from tridentgen.cli import main
from tridentgen.engines.nvrtc import NvrtcError, find_nvrtc
from tridentgen.processes.kinds import KINDS
from tridentgen.progress import silent
from tridentgen.runs import bench

EXAMPLES = [kind.name for kind in KINDS.values() if kind.example]


def test_example_cards_are_of_their_kind() -> None:
    assert EXAMPLES
    assert set(EXAMPLES) < set(bench.PROCESSES)
    assert all(read_card(kind.example).kind is kind for kind in KINDS.values() if kind.example)


def test_every_engine_has_a_row_of_consistent_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "_SECONDS", 0.0)
    monkeypatch.setattr(bench, "_EVENTS", 8192)
    monkeypatch.setattr(bench, "PROCESSES", {"CEvNS": bench.PROCESSES["CEvNS"]})
    rows = bench.measure(silent)
    assert [(row["engine"], row["threads"]) for row in rows] == [(e.name, n) for e, n in bench.engines()]
    figures = ("training_s", "points_per_s", "events_per_s", "events_to_hdf5_per_s", "unweighted_per_s")
    assert all(row[name] > 0.0 for row in rows for name in figures)
    assert all(row["engine"] in bench.table(bench.machine(), rows) for row in rows)


@pytest.mark.slow
def test_check_cuda_prints_what_every_kernel_needs(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        find_nvrtc()
    except NvrtcError as error:
        pytest.skip(str(error))
    assert main(["bench", "--check-cuda", "sm_90"]) == 0
    kernels = json.loads(capsys.readouterr().out)["kernels"]
    names = {"tg_integrate", "tg_histograms", "tg_draw", "tg_points"}
    channels = {f"{regime}_{lead}" for regime in ("coherent", "proton", "neutron") for lead in ("plus", "minus")}
    found = {(k["channel"], k["function"], k["kernel"]) for k in kernels}
    channels |= {"delayed-nue/Ar40", *(bench.PROCESSES[name]().channels[0] for name in EXAMPLES)}
    assert found == {(c, f, n) for c in channels for f in ("integrand", "event") for n in names}
    assert all(k["spill_bytes"] == 0 and k["stack_bytes"] == 0 and 0 < k["registers"] <= 255 for k in kernels)


def test_an_unknown_architecture_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        find_nvrtc()
    except NvrtcError as error:
        pytest.skip(str(error))
    assert main(["bench", "--check-cuda", "sm_1"]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
