"""Progress in a log, with a clock that does not take the time."""

from __future__ import annotations

import itertools

import pytest

from tridentgen.cli import main
from tridentgen.commands.progress_bar import ProgressLines


class Log:
    """Lines, and a clock that is set by hand."""

    def __init__(self) -> None:
        self.now, self.lines = 1000.0, list[str]()
        self.progress = ProgressLines(self.lines.append, lambda: self.now)

    def run(self, what: str, seconds: float, reports: int) -> None:
        """Report `reports` times on something that takes so long."""
        for number in range(1, reports + 1):
            self.now += seconds / reports
            self.progress(what, number / reports)


def test_a_run_of_a_minute_is_silent() -> None:
    log = Log()
    log.run("training", 20.0, 10)
    log.run("generating", 39.9, 1000)
    assert log.lines == []


def test_a_run_of_an_hour_says_each_tenth() -> None:
    log = Log()
    log.run("generating", 3600.0, 1000)
    assert log.lines == [f"tridentgen: generating, {10 * n}% after {6 * n} min" for n in range(1, 11)]


def test_a_run_of_some_minutes_says_no_more_than_one_line_a_minute() -> None:
    log = Log()
    log.run("generating", 200.0, 1000)
    assert log.lines == [f"tridentgen: generating, {30 * n}% after {n} min" for n in range(1, 4)]


def test_each_stage_begins_anew() -> None:
    log = Log()
    log.run("training", 90.0, 4)
    log.run("generating", 600.0, 100)
    assert log.lines[0] == "tridentgen: training, 75% after 1 min"
    assert log.lines[1].startswith("tridentgen: generating, 10% after ")
    assert len(log.lines) == 11


def test_waiting_in_vain_is_said_once() -> None:
    log = Log()
    for _ in range(300):
        log.progress("waiting for workers of tcp://node:8786", 0.0)
        log.now += 1.0
    assert log.lines == ["tridentgen: waiting for workers of tcp://node:8786"]


@pytest.mark.usefixtures("folder")
def test_a_command_tells_the_time_by_the_clock_it_is_given(capsys: pytest.CaptureFixture[str]) -> None:
    minutes = itertools.count(step=60.0)
    assert main(["generate", "card.toml", "--engine", "numpy"], lambda: next(minutes)) == 0
    assert capsys.readouterr().err.startswith("tridentgen: training ")
