"""Whole runs of coherent scattering: event files, interruptions, cuts, the command line."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import tridentgen as tg
from tests.command_line import CROSS_SECTION_KEYS, Command
from tests.run_cards import assert_same, columns_of
from tridentgen.analysis.summary import summary
from tridentgen.flux import stopped_pions
from tridentgen.processes.cevns.columns import CEVNS_COLUMNS
from tridentgen.processes.detected import DETECTOR_COLUMNS
from tridentgen.runs.run import Run, run

production = sys.modules["tridentgen.runs.production"]

CARD = """\
title = "Recoils"
[process]
kind = "cevns"
target = "CsI"
[flux]
kind = "pion-decay-at-rest"
distance_m = 19.3
pulse_fwhm_ns = 360
[detector]
quenching = "csi"
threshold_keVnr = 8
efficiency = 0.8
[detector.resolution]
a_keVee = 0.2
[exposure]
mass_t = 0.0146
pot = 3.2e23
[sampling]
events = 4000
seed = 3
engine = "numpy"
training_points = 20_000
[output]
path = "events.h5"
"""
COUNT = 4000
NUCLEI_OF_THE_EXPOSURE = 2 * 0.0146e6 / 259.8099 * 6.02214076e23  # both of Cs and I count
FLUX_OF_THE_EXPOSURE = 3 * 0.0848 / (4 * math.pi * 1930.0**2) * 3.2e23


@pytest.fixture
def card(tmp_path: Path) -> Path:
    path = tmp_path / "card.toml"
    path.write_text(CARD, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("recoils")
    (folder / "card.toml").write_text(CARD, encoding="utf-8")
    return run(folder / "card.toml", folder / "events.h5")


def attributes_of(path: Path) -> dict[str, Any]:
    with h5py.File(path) as file:
        return dict(file.attrs)


def test_the_file_of_a_detector(whole: Run) -> None:
    """Its share of the cross section, its columns with units, and what they were made from."""
    found, columns = attributes_of(whole.path), columns_of(whole.path)
    assert list(columns) == sorted(column.name for column in CEVNS_COLUMNS + DETECTOR_COLUMNS)
    weight, acceptance = columns["weight"], columns["acceptance"]
    share = float(np.sum(weight * acceptance) / np.sum(weight))
    assert 0.1 < share < 0.8
    assert found["acceptance"] == pytest.approx(share, rel=1e-12)
    assert whole.acceptance == found["acceptance"]
    np.testing.assert_array_equal(acceptance, np.where(columns["recoil_energy"] >= 8.0, 0.8, 0.0))
    exact = {
        "process": "cevns", "target": "CsI", "nuclides": "I127,Cs133", "neutrino": "numu,nue,numubar", "seed": 3,
        "n_trials": COUNT, "n_events": COUNT, "complete": 1, "card": CARD, "flux_total_units": "cm^-2 POT^-1",
        "beam_pdg": "14,12,-14", "target_pdg": "1000531270,1000551330", "form_factor": "helm",
    }  # fmt: skip
    assert {name: found[name] for name in exact} == exact
    assert found["sigma"] == pytest.approx(math.fsum(weight), rel=1e-13, abs=0.0)
    assert found["sigma"] == pytest.approx(189e-40, rel=0.0, abs=6e-40)
    with h5py.File(whole.path) as file:
        units = {name: data.attrs["units"] for name, data in file["events"].items()}
        assert file["sampling"].attrs["channels"] == found["channel_names"]
    assert units["recoil_energy"] == units["quenched_energy"] == units["observed_energy"] == "keV"
    assert (units["time"], units["weight"], units["e_nu"]) == ("ns", "cm2", "GeV")


def test_the_error_of_the_acceptance_is_that_of_a_weighted_mean(whole: Run) -> None:
    """sqrt(sum w^2 (a - A)^2)/sum w, and that of runs with other seeds within their own spread."""
    found = columns_of(whole.path)
    weight, accepted = found["weight"], found["acceptance"]
    mean = np.average(accepted, weights=weight)
    error = math.sqrt(np.sum(weight**2 * (accepted - mean) ** 2)) / np.sum(weight)
    about = summary(whole.path)
    assert about["attributes"]["acceptance_error"] == pytest.approx(error, rel=1e-9)
    assert whole.expected_events is not None
    assert whole.expected_events_error is not None
    relative = math.hypot(error / mean, whole.error / whole.sigma)
    assert whole.expected_events_error == pytest.approx(whole.expected_events * relative, rel=1e-9)
    assert about["expected_events_error"] == pytest.approx(whole.expected_events_error, rel=1e-12)


def test_expected_events_are_those_that_the_detector_keeps(whole: Run) -> None:
    assert whole.expected_events is not None
    assert whole.acceptance is not None
    all_of_them = whole.sigma * NUCLEI_OF_THE_EXPOSURE * FLUX_OF_THE_EXPOSURE
    assert whole.expected_events == pytest.approx(all_of_them * whole.acceptance, rel=1e-5)


def test_the_run_is_the_process_from_python(whole: Run) -> None:
    sampled = tg.Cevns("CsI").generate(flux=stopped_pions(19.3), events=50_000, engine="numpy")
    errors = math.hypot(whole.error, sampled.attributes["sigma_error"])
    assert abs(whole.sigma - sampled.attributes["sigma"]) < 4 * errors


def test_without_a_detector_there_is_nothing_seen(card: Path, tmp_path: Path) -> None:
    text = CARD[: CARD.index("[detector]")] + CARD[CARD.index("[sampling]") :]
    card.write_text(text, encoding="utf-8")
    bare = run(card, tmp_path / "a.h5")
    assert (bare.acceptance, bare.expected_events) == (None, None)
    assert "acceptance" not in attributes_of(bare.path)
    assert list(columns_of(bare.path)) == sorted(column.name for column in CEVNS_COLUMNS)


def test_the_detector_changes_no_recoil(whole: Run, card: Path, tmp_path: Path) -> None:
    """Another threshold: the same events, with another chance to be kept; the map fits."""
    other = run(card, tmp_path / "a.h5", overrides=["detector.threshold_keVnr=12"], map_file=whole.path)
    assert_same(columns_of(other.path), columns_of(whole.path), leave_out=("acceptance",))
    assert other.acceptance is not None
    assert whole.acceptance is not None
    assert other.acceptance < whole.acceptance
    assert other.sigma == whole.sigma


def test_a_map_of_another_model_is_refused(whole: Run, card: Path, tmp_path: Path) -> None:
    for override in ("process.recoil_min_keV=1", "model.nsi.eps_u.ee=0.1", "process.neutrino=nue"):
        with pytest.raises(tg.InputError, match="VEGAS map was trained for a different process or flux"):
            run(card, tmp_path / "a.h5", overrides=[override], map_file=whole.path)


CUTS = {
    "recoil_energy_min_keV=10": lambda c: c["recoil_energy"] >= 10.0,
    "recoil_energy_max_keV=10": lambda c: c["recoil_energy"] <= 10.0,
    "time_max_ns=500": lambda c: c["time"] <= 500.0,
    "time_min_ns=-50": lambda c: c["time"] >= -50.0,
    "e_nu_min_GeV=0.03": lambda c: c["e_nu"] >= 0.03,
    "cos_theta_min=0.5": lambda c: c["cos_theta"] >= 0.5,
    "quenched_energy_min_keV=0.8": lambda c: c["quenched_energy"] >= 0.8,
    "observed_energy_max_keV=1": lambda c: c["observed_energy"] <= 1.0,
}


@pytest.mark.parametrize("cut", CUTS)
def test_cuts_are_those_made_by_hand(whole: Run, card: Path, tmp_path: Path, cut: str) -> None:
    """The share that the detector keeps is then of what passes."""
    made = run(card, tmp_path / "a.h5", overrides=[f"cuts.{cut}"])
    uncut = columns_of(whole.path)
    kept = CUTS[cut](uncut)
    assert 50 < kept.sum() < COUNT - 50
    assert_same(columns_of(made.path), {name: values[kept] for name, values in uncut.items()})
    weight, acceptance = uncut["weight"][kept], uncut["acceptance"][kept]
    assert made.sigma == pytest.approx(np.sum(weight), rel=1e-13, abs=0.0)
    assert made.acceptance == pytest.approx(np.sum(weight * acceptance) / np.sum(weight), rel=1e-12)


def test_a_cut_on_what_no_detector_sees_is_refused_before_the_work(card: Path, tmp_path: Path) -> None:
    card.write_text(CARD[: CARD.index("[detector]")] + CARD[CARD.index("[sampling]") :], encoding="utf-8")
    with pytest.raises(tg.InputError, match=r"there is no 'observed_energy' without a detector"):
        run(card, tmp_path / "a.h5", overrides=["cuts.observed_energy_min_keV=1"])
    assert [path.name for path in tmp_path.iterdir()] == ["card.toml"]


@pytest.mark.usefixtures("small_batches")
def test_an_interrupted_run_rescales_weights_alone(card: Path, tmp_path: Path) -> None:
    long = ["sampling.events=20000"]
    unbroken = run(card, tmp_path / "unbroken.h5", overrides=long)
    reports: list[str] = []

    def ctrl_c(what: str, _share: float) -> None:
        reports.append(what)
        if reports.count("generating") == 2:
            raise KeyboardInterrupt

    broken = run(card, tmp_path / "broken.h5", overrides=long, progress=ctrl_c)
    assert (broken.events, broken.trials, broken.complete) == (8192, 8192, False)
    found, first = columns_of(broken.path), {n: v[:8192] for n, v in columns_of(unbroken.path).items()}
    assert_same(found, first, leave_out=("weight",))
    np.testing.assert_allclose(found["weight"], first["weight"] * (20000 / 8192), rtol=1e-14)
    attributes = attributes_of(broken.path)
    assert attributes["sigma"] == pytest.approx(math.fsum(found["weight"]), rel=1e-13, abs=0.0)
    share = np.sum(found["weight"] * found["acceptance"]) / np.sum(found["weight"])
    assert broken.acceptance == attributes["acceptance"] == pytest.approx(share, rel=1e-12)
    assert abs(broken.sigma - unbroken.sigma) < 4 * math.hypot(broken.error, unbroken.error)


def test_threads_and_engines_change_no_bit(whole: Run, card: Path, tmp_path: Path) -> None:
    for override in ("sampling.threads=2", "sampling.engine=native"):
        try:
            again = run(card, tmp_path / "a.h5", overrides=[override], force=True)
        except tg.InputError as error:
            assert "native" in override
            pytest.skip(str(error))
        assert_same(columns_of(again.path), columns_of(whole.path))


def test_files_are_read_back(whole: Run) -> None:
    events = tg.read(whole.path)
    assert events.sum_weights == pytest.approx(whole.sigma, rel=1e-13, abs=0.0)
    assert events.effective_share == pytest.approx(whole.effective_share, rel=1e-9)
    found = summary(whole.path)
    assert found["sum_weight_over_sigma"] == pytest.approx(1.0, rel=1e-13)
    assert found["events"] == COUNT


def test_generate_on_the_command_line(
    cli: Command, card: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: Run
) -> None:
    monkeypatch.chdir(tmp_path)
    found = cli("generate", card)
    assert (found.code, found.err) == (0, "")
    assert found.out.startswith("Recoils\n  process          nu CsI -> nu CsI (coherent scattering, helm)\n")
    assert f"  acceptance       {whole.acceptance:.2%} of the cross section\n" in found.out
    data = cli("generate", card, "--force", "--json").json
    assert data["acceptance"] == whole.acceptance
    assert data["sigma_cm2"] == whole.sigma
    assert data["expected_events"] == whole.expected_events
    assert_same(columns_of(tmp_path / "events.h5"), columns_of(whole.path))
    assert cli("info", "events.h5").code == 0
    assert cli("info", "events.h5", "--json").json["attributes"]["process"] == "cevns"


def test_xsec_of_options(cli: Command) -> None:
    """The command of the manual: an energy with its unit, and no neutrino needed."""
    words = ["--process", "cevns", "--target", "CsI", "--energy", "30MeV", "--engine", "numpy", "--json"]
    found = cli("xsec", *words)
    assert (found.code, found.err) == (0, "")
    assert list(found.json) == ["results", "warnings", "version"]
    (row,) = found.json["results"]
    assert list(row) == CROSS_SECTION_KEYS
    plain = {"process": "cevns", "nu": "numu", "leptons": [], "target": "CsI", "regime": "coherent", "energy_GeV": 0.03}
    assert {name: row[name] for name in plain} == plain
    direct = tg.Cevns("CsI").cross_section(0.03, rel_error=1e-4, engine="numpy")
    assert abs(row["sigma_cm2"] - direct.value) < 4 * math.hypot(row["error_cm2"], direct.error)
    assert row["error_cm2"] <= 1e-3 * row["sigma_cm2"]
    first, second = cli("xsec", *words, "--energy", "10MeV", "0.05").json["results"]
    assert (first["energy_GeV"], second["energy_GeV"]) == (0.01, 0.05)
    assert first["sigma_cm2"] < row["sigma_cm2"] < second["sigma_cm2"]


def test_xsec_of_a_card(cli: Command, card: Path, whole: Run) -> None:
    found = cli("xsec", card, "--json")
    assert (found.code, found.err) == (0, "")
    (row,) = found.json["results"]
    assert (row["energy_GeV"], row["nu"]) == (None, "numu,nue,numubar")
    assert "pi+ and mu+ decays at rest, 19.3 m away" in row["flux"]
    assert abs(row["sigma_cm2"] - whole.sigma) < 4 * math.hypot(row["error_cm2"], whole.error)
    assert cli("xsec", card).out.count("CsI") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--target", "CsI"], "xsec needs a card, or also --energy"),
        (["--target", "CsI", "--energy", "30keV"], "--energy 30keV: not an energy"),
        (["--target", "CsI", "--energy", "30"], "--energy 30: is 30 GeV, much for CEvNS; write 30GeV or 30MeV"),
        (["--target", "CsJ", "--energy", "0.03"], "--target CsJ: "),
        (["--target", "CsI", "--energy", "0.03", "--leptons", "mu-", "mu+"], "--leptons mu- mu+: unknown key"),
        (
            ["--target", "Ar40", "--energy", "5MeV", "--set", "process.recoil_min_keV=5"],
            "0.005 GeV is below the threshold of numu Ar40",
        ),
    ],
)
def test_mistakes_on_the_command_line(cli: Command, words: list[str], message: str) -> None:
    found = cli("xsec", "--process", "cevns", *words)
    assert found.code == 2
    assert found.out == ""
    assert found.err.count("\n") == 1
    assert message in found.err
