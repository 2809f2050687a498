"""`tridentgen candle`: numbers of electrons, the precision of the flux, and backgrounds that the user brings."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import tridentgen as tg
from tests.command_line import Command
from tests.test_cut_candidates import hepevt

FloatArray = NDArray[np.float64]
CARD = """
[process]
kind = "nu-e"
target = "Ar"
[flux]
kind = "facility"
name = "dune-nd-fhc"
[exposure]
mass_t = 50.0
pot = 1.1e21
[sampling]
events = 20000
seed = 4
engine = "numpy"
training_points = 20000
rel_error = 0.02
"""
M_E = 0.51099895e-3
NEUTRINO_EDGES = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 20.0, 30.0, 50.0, 100.0)


@pytest.fixture(scope="module")
def signal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("candle")
    (folder / "nue.toml").write_text(CARD)
    return tg.run(folder / "nue.toml", output=folder / "nue.h5").path


def columns(path: Path) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Energy of the electron in GeV, E theta^2, expected events and energy of the neutrino, from the momenta."""
    events = tg.read(path)
    p4 = events["p4_lepton"]
    theta = np.arctan2(np.hypot(p4[:, 1], p4[:, 2]), p4[:, 3])
    number = events["weight"] * (float(events.attributes["expected_events"]) / events["weight"].sum())
    return p4[:, 0], p4[:, 0] * theta**2, number, events["e_nu"]


def table(path: Path, rows: list[tuple[float, float, float]], head: str = "") -> Path:
    head = head or "electron_energy_GeV,theta_mrad,events"
    path.write_text("# of another program\n" + head + "\n" + "".join(",".join(map(repr, row)) + "\n" for row in rows))
    return path


def test_counts_and_precision_are_those_of_the_events(signal: Path, tmp_path: Path) -> None:
    """One background of 300 events within the cut, 60 beyond, and one below the smallest energy."""
    rows = [(2.0, 10.0, 100.0), (1.0, 30.0, 200.0), (3.0, 100.0, 60.0), (0.4, 1.0, 1000.0)]
    noise = table(tmp_path / "noise.csv", rows)
    found = tg.candle(
        signal, noise, selection=tg.CandleSelection(min_energy_GeV=0.5, max_e_theta2_GeV=0.0009123),
        errors=tg.CandleErrors(background=0.2, cross_section=0.01),
    )  # fmt: skip
    energy, e_theta2, number, _ = columns(signal)
    left = number[(energy >= 0.5) & (e_theta2 <= 0.0009123)].sum()
    assert found.made == pytest.approx(number.sum(), rel=1e-12)
    assert found.counted == pytest.approx(number[energy >= 0.5].sum(), rel=1e-12)
    assert found.chosen.max_e_theta2_GeV == pytest.approx(0.0009123, rel=1e-12)
    assert found.chosen.signal == pytest.approx(left, rel=1e-9)
    assert found.chosen.background == pytest.approx(300.0)
    assert found.chosen.purity == pytest.approx(left / (left + 300.0))
    assert found.chosen.precision == pytest.approx(math.hypot(math.sqrt(left + 300.0 + 60.0**2) / left, 0.01))
    assert found.cuts[-1].background == pytest.approx(300.0)  # the other lies beyond the last edge


def test_the_best_cut_is_the_best(signal: Path, tmp_path: Path) -> None:
    """Of a background that is flat, with precise angles, all of the signal is taken: it ends at 2m."""
    rows = [(2.0, 1e3 * math.sqrt(0.5e-3 * (i + 0.5) * 0.1 / 2.0), 3.0) for i in range(200)]
    found = tg.candle(signal, table(tmp_path / "flat.csv", rows))
    assert found.chosen.precision == min(cut.precision for cut in found.cuts)
    assert 0.9 * 2.0 * M_E < found.chosen.max_e_theta2_GeV <= 2.0 * M_E + found.edges_GeV[1]


def test_resolution_widens_the_peak_as_it_must(signal: Path) -> None:
    """<E theta'^2> = <E theta^2> + 2 sigma^2 <E>, with the error of the events."""
    sigma = 0.006
    found = tg.candle(signal, selection=tg.CandleSelection(min_energy_GeV=0.5, angle_resolution_mrad=1e3 * sigma))
    energy, e_theta2, number, _ = columns(signal)
    seen = energy >= 0.5
    mean = np.average((e_theta2 + 2.0 * sigma**2 * energy)[seen], weights=number[seen])
    middle = 0.5 * (found.edges_GeV[1:] + found.edges_GeV[:-1])
    measured = np.average(middle, weights=found.signal)
    spread = math.sqrt(np.average((middle - measured) ** 2, weights=found.signal) / seen.sum())
    assert found.signal.sum() == pytest.approx(number[seen].sum(), rel=5e-3)  # some are beyond the last edge
    assert abs(measured - mean) < 4.0 * spread + 5e-3 * mean
    again = tg.candle(signal, selection=tg.CandleSelection(min_energy_GeV=0.5, angle_resolution_mrad=1e3 * sigma))
    assert np.array_equal(found.signal, again.signal)


def test_energy_resolution_moves_electrons_across_the_smallest_energy(signal: Path) -> None:
    """The number above it is that of the normal distribution, within the error of drawing."""
    relative, least = 0.3, 1.0
    found = tg.candle(signal, selection=tg.CandleSelection(min_energy_GeV=least, energy_resolution=relative))
    energy, _, number, _ = columns(signal)
    passing = np.array([0.5 * math.erfc((least - e) / (relative * math.sqrt(2.0 * e))) for e in energy])
    error = math.sqrt(float(np.sum(number**2 * passing * (1.0 - passing))))
    assert abs(found.counted - float(number @ passing)) < 4.0 * error


def test_the_fit_is_that_with_all_errors_as_parameters(signal: Path, tmp_path: Path) -> None:
    """The same posterior from the Hessian of chi2 in flux, cross section and background, on bins made here."""
    noise = table(tmp_path / "noise.csv", [(0.6 * 1.3**i, 12.0 / math.sqrt(0.6 * 1.3**i), 40.0) for i in range(12)])
    errors = tg.CandleErrors(background=0.15, cross_section=0.005, flux=0.07, flux_shape=0.04)
    found = tg.candle(signal, noise, selection=tg.CandleSelection(max_e_theta2_GeV=0.0012), errors=errors)
    energy, e_theta2, number, e_nu = columns(signal)
    edges = [found.flux[0].low_GeV, *(each.high_GeV for each in found.flux)]
    assert set(edges[:-1]) <= set(NEUTRINO_EDGES)
    bins = round(found.chosen.max_e_theta2_GeV / found.edges_GeV[1])
    starts = np.unique(np.linspace(0, bins, 6, endpoint=False).astype(int))
    angles = np.append(found.edges_GeV[starts], found.chosen.max_e_theta2_GeV)
    energies = np.append(np.geomspace(0.5, 20.0, 13)[:-1], np.inf)
    response, _ = np.histogramdd(
        np.column_stack([energy, e_theta2, e_nu]), [energies, angles, np.array(edges)], weights=number
    )
    response = response.reshape(-1, len(edges) - 1)
    rows = np.array([(0.6 * 1.3**i, 0.6 * 1.3**i * (0.012**2 / (0.6 * 1.3**i)), 40.0) for i in range(12)])
    other = np.histogram2d(rows[:, 0], rows[:, 1], (energies, angles), weights=rows[:, 2])[0].ravel()
    total = response.sum(axis=1)
    kept = total > 0.0
    slopes = np.column_stack([response, total, other])[kept]  # by the flux, the cross section and the background
    variance = (total + other)[kept]
    size = response.shape[1]
    prior = np.zeros((size + 2, size + 2))
    prior[:size, :size] = np.linalg.inv(errors.flux**2 + errors.flux_shape**2 * np.eye(size))
    prior[size, size], prior[-1, -1] = errors.cross_section**-2, errors.background**-2
    covariance = np.linalg.inv(slopes.T @ (slopes / variance[:, None]) + prior)[:size, :size]
    share = response.sum(axis=0) / response.sum()
    assert [each.after for each in found.flux] == pytest.approx(np.sqrt(np.diag(covariance)), rel=1e-6)
    assert found.after == pytest.approx(math.sqrt(share @ covariance @ share), rel=1e-6)
    assert found.before == pytest.approx(math.sqrt(errors.flux**2 + errors.flux_shape**2 * float(share @ share)))
    assert sum(each.signal for each in found.flux) == pytest.approx(found.chosen.signal)


def test_flux_of_dune_as_published(signal: Path) -> None:
    """C. Marshall et al., Phys. Rev. D 101 (2020) 032002: from 8 % to about 2 % in argon, the shape by 20 to 30 %."""
    found = tg.candle(signal, selection=tg.CandleSelection(angle_resolution_mrad=10.0, energy_resolution=0.05))
    assert 0.08 < found.before < 0.085
    assert 0.01 < found.after < 0.02


def test_electrons_of_another_generator(signal: Path, cli: Command, tmp_path: Path) -> None:
    """Events with a photon or two electrons do not pass, nor those with a fast proton."""
    electron, beam = (11, (0.02, 0.0, 1.0), M_E), (0.0, 0.0, 3.0)
    proton, slow = (2212, (0.4, 0.0, 0.5), 0.93827209), (2212, (0.05, 0.0, 0.05), 0.93827209)
    events = [[electron], [electron, electron], [electron, proton], [electron, slow], [(22, (0.0, 0.02, 1.0), 0.0)]]
    (tmp_path / "other.hepevt").write_text(hepevt([list(event) for event in events], beam))
    words = ["candle", signal, "--background", f"{tmp_path / 'other.hepevt'}=500", "--json"]
    assert cli(*words).json["cuts"][99]["background"] == pytest.approx(300.0)
    assert cli(*words, "--veto-kinetic", "20MeV").json["cuts"][99]["background"] == pytest.approx(200.0)
    with_photons = cli(*words, "--electron", "e-", "gamma").json
    assert with_photons["cuts"][99]["background"] == pytest.approx(400.0)
    # E theta^2 is 1 GeV (0.02)^2 = 0.4 MeV
    edges, (counts,) = with_photons["spectrum"]["e_theta2_GeV"], with_photons["spectrum"]["backgrounds"].values()
    assert [edge for edge, count in zip(edges, counts, strict=False) if count] == pytest.approx([0.0004], abs=6e-5)


def test_the_picture_and_the_table(signal: Path, cli: Command, tmp_path: Path) -> None:
    pytest.importorskip("mplhep")
    noise = table(tmp_path / "n.csv", [(2.0, 0.5, 8.0)], "electron_energy_GeV,e_theta2_GeV,events")
    found = cli("candle", signal, "--background", noise, "-o", tmp_path / "c.png", "--max-e-theta2", "1MeV")
    assert found.code == 0, found.err
    assert (tmp_path / "c.png").stat().st_size > 10_000
    assert "E theta^2 <= 1 MeV, asked for" in found.out
    assert "  all       " in found.out


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("", "is empty; give a head"),
        ("1 2 3\n", "the head must name the columns"),
        ("electron_energy_GeV theta_mrad e_theta2_GeV events\n1 2 3 4\n", "the head must name the columns"),
        ("electron_energy_GeV theta_mrad events\n1 2 x\n", ":2: '1 2 x' is not a row of numbers"),
        ("electron_energy_GeV theta_mrad events\n1 2\n", ":2: 2 numbers, but the head has 3"),
        ("electron_energy_GeV theta_mrad events\n1 2 -3\n", "events = -3 cannot be"),
        ("electron_energy_GeV theta_mrad events\n1 nan 3\n", "theta_mrad = nan cannot be"),
        ("electron_energy_GeV theta_mrad events\n0 2 3\n", "electron_energy_GeV = 0 cannot be"),
        ("electron_energy_GeV theta_mrad events\n1_0 2 3\n", "is not a row of numbers"),
    ],
)
def test_bad_tables_are_one_line(signal: Path, cli: Command, tmp_path: Path, rows: str, says: str) -> None:
    (tmp_path / "bad.txt").write_text(rows)
    found = cli("candle", signal, "--background", tmp_path / "bad.txt")
    assert found.code == 2
    assert "bad.txt" in found.err
    assert says in found.err
    assert len(found.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--background", "no.csv"], "no.csv"),
        (["--background", "x.h5"], "neither a table"),
        (["--background", "x.hepmc3"], "does not say for how many events"),
        (["--background", "x.csv=3"], "has a column 'events'"),
        (["--background", "x.hepmc3=-3"], "must be a positive number"),
        (["--background", "x.hepmc3=0"], "give a positive number"),
        (["--min-energy", "0"], "--min-energy"),
        (["--min-energy", "3TeV"], "no electron above 3000 GeV"),
        (["--max-e-theta2", "nan"], "--max-e-theta2"),
        (["--flux-error", "0"], "flux and flux_shape must be positive"),
        (["--background-error", "-1"], "--background-error -1"),
        (["--seed", "1.5"], "--seed 1.5"),
        (["--electron", "pi-"], "begin with the lepton"),
        (["-o", "c.jpg"], "unknown picture format"),
    ],
)
def test_mistakes_are_one_line(signal: Path, cli: Command, words: list[str], says: str) -> None:
    found = cli("candle", signal, *words)
    assert found.code == 2
    assert says in found.err
    assert len(found.err.splitlines()) == 1


def test_files_that_do_not_measure_a_flux(cli: Command, tmp_path: Path) -> None:
    (tmp_path / "bare.toml").write_text(CARD.replace("[exposure]\nmass_t = 50.0\npot = 1.1e21\n", ""))
    bare = tg.run(tmp_path / "bare.toml", output=tmp_path / "bare.h5").path
    assert "does not say how many events are expected" in cli("candle", bare).err
    (tmp_path / "ibd.toml").write_text(
        CARD.replace('"nu-e"', '"inverse-beta-decay"').replace('"Ar"', '"water"').split("[flux]")[0]
        + '[flux]\nkind = "supernova"\ndistance_kpc = 10\n[exposure]\nmass_t = 1.0\n[sampling]\nevents = 500\n'
        'training_points = 20000\nengine = "numpy"\n'
    )
    other = tg.run(tmp_path / "ibd.toml", output=tmp_path / "ibd.h5").path
    assert "holds inverse beta decays" in cli("candle", other).err
    assert cli("candle", other).code == 2
