"""Measurements of the user's, from text files."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

import tridentgen as tg
from tests.command_line import Command

CARD = """
title = "Mine"
[process]
kind = "cevns"
target = "Ge74"
[flux]
kind = "pion-decay-at-rest"
distance_m = 20.0
pulse_width_ns = 500.0
[detector]
quenching = "ge"
threshold_keVee = 0.3
[detector.resolution]
a_keVee = 0.1
[exposure]
mass_t = 0.01
pot = 1e23
[fit]
data = "counts.txt"
axes = ["keVee"]
[fit.systematics]
flux = 0.10
[[fit.background]]
name = "flat"
path = "flat.txt"
sigma = 0.05
"""
EDGES = np.array([0.3, 0.6, 1.0, 1.5, 2.0, 3.0, 5.0])


def write(
    folder: Path, text: str = CARD, factor: float = 1.0, columns: str = "", *, expected_counts: bool = True
) -> Path:
    """Write a card with counts that are as expected, or zero, and return its path."""
    path = folder / "mine.toml"
    path.write_text(text)
    bins = list(itertools.pairwise(EDGES))
    (folder / "flat.txt").write_text("\n".join(f"{40.0 * (high - low)}" for low, high in bins))
    (folder / "counts.txt").write_text("\n".join(f"{low} {high} 0{columns}" for low, high in bins))
    if not expected_counts:
        return path
    expected = np.sum(list(tg.measurement(path).expected().values()), axis=0)
    rows = [f"{low} {high} {factor * n:.8f}{columns}" for (low, high), n in zip(bins, expected, strict=True)]
    (folder / "counts.txt").write_text("# keVee keVee counts\n" + "\n".join(rows))
    return path


def test_a_file_of_counts_is_fitted(tmp_path: Path) -> None:
    fit = tg.fit(write(tmp_path), free="model.sin2_theta_w")
    assert fit.best["model.sin2_theta_w"] == pytest.approx(0.23863, rel=1e-4)
    assert fit.chi2 == pytest.approx(0.0, abs=1e-6)
    assert fit.dof == 5
    assert set(fit.nuisances) == {"flux", "flat"}


def test_gaussian_errors_give_the_number_of_their_weighted_mean(tmp_path: Path) -> None:
    # Without background and with counts 1.1 s_i +- 10: the strength is 1.1, its error 1/sqrt(sum s_i^2/100).
    text = CARD[: CARD.index("[[fit.background]]")].replace('axes = ["keVee"]', 'axes = ["keVee"]\nstatistic = "gauss"')
    measurement = tg.measurement(write(tmp_path, text, 1.1, " 10"))
    fit = tg.fit(measurement)
    signal = measurement.expected()["CEvNS"]
    ((low, high),) = fit.interval(0.6827)
    assert fit.best["signal"] == pytest.approx(1.1, rel=1e-6)
    assert 0.5 * (high - low) == pytest.approx(10.0 / np.sqrt(np.sum(signal**2)), rel=1e-3)


def test_a_free_background_costs_a_degree_of_freedom_and_no_penalty(tmp_path: Path) -> None:
    path = write(tmp_path, CARD.replace("sigma = 0.05\n", ""))
    flat = tmp_path / "flat.txt"
    flat.write_text("\n".join(f"{2.0 * float(line)}" for line in flat.read_text().splitlines()))
    fit = tg.fit(path, free="model.sin2_theta_w")
    assert fit.nuisances["flat"][0] == pytest.approx(-0.5, abs=1e-3)  # half of the doubled background
    assert fit.chi2 == pytest.approx(0.0, abs=1e-4)
    assert fit.dof == 4


def test_shapes_change_signal_and_background(tmp_path: Path) -> None:
    more = '[[fit.systematic]]\nname = "tilt"\nplus = "up.txt"\nminus = "down.txt"\n'
    (tmp_path / "up.txt").write_text("\n".join(str(1.0 + 0.1 * i) for i in range(6)))
    (tmp_path / "down.txt").write_text("\n".join(str(1.0 - 0.1 * i) for i in range(6)))
    measurement = tg.measurement(write(tmp_path, CARD + more + more.replace("tilt", "slope") + 'of = "flat"\n'))
    plain, tilted = measurement.expected(), measurement.expected(nuisances={"tilt": 1.0, "slope": -1.0})
    assert tilted["CEvNS"] / plain["CEvNS"] == pytest.approx(1.0 + 0.1 * np.arange(6))
    assert tilted["flat"] / plain["flat"] == pytest.approx(1.0 - 0.1 * np.arange(6))


def test_two_axes_and_left_out_bins(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    text = CARD[: CARD.index("[[fit.background]]")].replace('axes = ["keVee"]', 'axes = ["keVee", "time_us"]')
    path.write_text(text)
    rows = [(0.3, 0.6, 0.0, 1.0), (0.3, 0.6, 1.0, 4.0), (0.6, 2.0, 1.0, 4.0)]
    (tmp_path / "counts.txt").write_text("\n".join(" ".join(map(str, (*row, 5))) for row in rows))
    measurement = tg.measurement(path)
    assert measurement.data.bins == 3
    expected = measurement.expected()["CEvNS"]
    first = tg.measurement(write(tmp_path, CARD)).expected()["CEvNS"][0]
    assert 0.5 * first < expected[0] + expected[1] < first  # times after 4 us are not there


@pytest.mark.parametrize(
    ("change", "counts", "message"),
    [
        (("counts.txt", "none.txt"), None, "none.txt: no such"),
        (("", ""), "0.3 0.6\n0.6 1.0", "2 columns, but fit.axes needs 3"),
        (("", ""), "0.3 0.6 -2\n0.6 1.0 3", "counts cannot be negative"),
        (("", ""), "0.3 0.7 2\n0.6 1.0 3", "overlaps"),
        (("", ""), "0.3 0.6 2\n0.3 0.6 3", "given twice"),
        (("", ""), "0.3 0.6 2\n0.6 1.0 3", "flat.txt: 6 rows; give one for each bin"),
        (('"keVee"]', '"keVnr"]'), None, "a card with [detector] has bins in keVee or PE"),
        (('"keVee"]', '"PE"]'), None, "bins in PE need detector.light_yield"),
        (('"keVee"]', '"time_us"]'), None, "must be one of PE, keVee, keVnr"),
        (("counts.txt", "csi-2021"), None, "has its own: leave it out"),
        (("flux = 0.10", "flx = 0.10"), None, "'counts' has no such error"),
        (("flat.txt", "zero.txt"), None, "expect no events, the first with E from 3 to 5 keVee"),
    ],
)
def test_mistakes_are_told_in_one_line(
    cli: Command, tmp_path: Path, change: tuple[str, str], counts: str | None, message: str
) -> None:
    write(tmp_path, expected_counts=False)
    (tmp_path / "zero.txt").write_text("1\n1\n1\n1\n1\n0")
    text = CARD.replace(*change)
    if change[1] == "zero.txt":
        text = text.replace("[exposure]", '[detector.time_efficiency]\nkind = "window"\nmin_ns = 1e7\n[exposure]')
    (tmp_path / "mine.toml").write_text(text)
    if counts is not None:
        (tmp_path / "counts.txt").write_text(counts)
    outcome = cli("fit", tmp_path / "mine.toml")
    assert outcome.code == 2
    assert message in outcome.err
    assert "Traceback" not in outcome.err
