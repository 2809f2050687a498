"""HTCondor: its own library expands the example of docs/production.md to jobs that make every event once."""

from __future__ import annotations

import argparse
import re

import pytest

from tests.production_runs import ROOT
from tridentgen.commands import generate

JOBS, EVENTS = 1000, 1_000_000


def test_the_jobs_make_every_event_once() -> None:
    htcondor = pytest.importorskip("htcondor2", reason="needs the package htcondor")
    text = (ROOT / "docs" / "production.md").read_text(encoding="utf-8")
    example = re.search(r"```\n(executable.*?)```", text, re.DOTALL)
    assert example is not None
    job = htcondor.Submit(example[1])
    assert job.getQArgs() == str(JOBS)
    parser = argparse.ArgumentParser()
    generate.add(parser.add_subparsers())
    outputs = set()
    for number in range(JOBS):
        job["Process"] = str(number)
        options = parser.parse_args(job.expand("arguments").split())
        assert (options.first, options.events) == (str(number * EVENTS), str(EVENTS))
        assert options.resume
        outputs.add(options.output)
    assert len(outputs) == JOBS
