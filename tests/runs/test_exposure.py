"""How much is in a file: expected events, what its events stand for, and runs for the exposure of a card."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tridentgen as tg
from tests.command_line import Command
from tests.production_runs import attributes, content, production_card, shards
from tests.run_cards import columns_of
from tests.runs.test_resume import broken_off
from tridentgen.analysis.summary import summary
from tridentgen.analysis.verify import require_sound, verify
from tridentgen.errors import FileError, InputError
from tridentgen.events.hdf5 import EventWriter
from tridentgen.events.merge import merge
from tridentgen.reports.event_files import events_text
from tridentgen.runs.run import run

POT, MASS_T, COUNT = 3e23, 0.0146, 3000
CS133, I127, AVOGADRO, POSITIVE_PIONS = 132.905451961, 126.9044719, 6.02214076e23, 0.0848
"""Atomic masses of AME2020 in u; neutrinos of each kind per proton, the default of the card's flux."""


def card_of(folder: Path, *, events: int = COUNT, cuts: bool = False, pot: float = POT, name: str = "cevns") -> Path:
    """Write the card of CEvNS in CsI with an exposure."""
    folder.mkdir(exist_ok=True)
    path = production_card(folder, name, events=events, cuts=cuts)
    path.write_text(path.read_text() + f"[exposure]\nmass_t = {MASS_T}\npot = {pot!r}\n")
    return path


def independent_rate(known: dict[str, Any]) -> float:
    """Return flux x nuclei x protons per cm^2 of cross section: an isotropic source at 19.3 m."""
    flux = known["flux_total"]
    assert flux == pytest.approx(3.0 * POSITIVE_PIONS / (4.0 * math.pi * 1930.0**2), rel=1e-9)
    nuclei = 2.0 * MASS_T * 1e6 / (CS133 + I127) * AVOGADRO  # of both nuclides, with sigma per nucleus
    return float(flux * nuclei * POT)


@pytest.fixture(scope="module")
def weighted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weighted run."""
    folder = tmp_path_factory.mktemp("weighted")
    return run(card_of(folder), folder / "w.h5").path


@pytest.fixture(scope="module")
def unweighted(weighted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An unweighted run of the same card and map."""
    folder = tmp_path_factory.mktemp("unweighted")
    return run(card_of(folder), folder / "u.h5", unweight=True, map_file=weighted).path


def test_a_weighted_run_stands_for_the_exposure_of_its_card(weighted: Path) -> None:
    known = attributes(weighted)
    assert known["exposure"] == "14.6 kg of CsI, 3e+23 protons on target"
    assert (known["exposure_mass_t"], known["exposure_pot"], known["pot_equivalent"]) == (MASS_T, POT, POT)
    assert known["events_per_cm2"] == pytest.approx(independent_rate(known), rel=1e-6)
    columns = columns_of(weighted)
    accepted = float(np.sum(columns["weight"] * columns["acceptance"]))
    assert known["expected_events"] == pytest.approx(known["events_per_cm2"] * accepted, rel=1e-12)


def test_unweighted_events_stand_for_their_number_over_the_expected_one(unweighted: Path) -> None:
    known, weight = attributes(unweighted), columns_of(unweighted)["weight"]
    interactions = known["events_per_cm2"] * known["sigma"]
    counted = float(np.sum(weight)) / float(np.min(weight))  # an overweight event counts with its weight
    assert counted == pytest.approx(COUNT, rel=1e-3)
    assert known["pot_equivalent"] == pytest.approx(POT * counted / interactions, rel=1e-12)


def test_without_an_exposure_nothing_is_stated(tmp_path: Path) -> None:
    found = run(production_card(tmp_path, "cevns", events=100), tmp_path / "a.h5")
    known = attributes(found.path)
    assert not [name for name in known if "exposure" in name or "equivalent" in name or "expected" in name]
    assert summary(found.path)["exposure"] is None


@pytest.mark.parametrize(
    ("flux", "exposure", "name", "amount"),
    [
        ('kind = "solar"\ncomponents = ["8B"]', "years = 2.0",
         "livetime_equivalent_s", 2.0 * 31_557_600.0),
        ('kind = "supernova"\ndistance_kpc = 10.0', "", "bursts_equivalent", 1.0),
    ],
    ids=["seconds", "burst"],
)  # fmt: skip
def test_units_of_the_exposure_are_those_of_the_flux(
    tmp_path: Path, flux: str, exposure: str, name: str, amount: float
) -> None:
    text = f'[process]\nkind = "cevns"\ntarget = "Xe"\n[flux]\n{flux}\n[exposure]\nmass_t = 1.0\n{exposure}\n'
    sampling = '[sampling]\nevents = 100\nengine = "numpy"\ntraining_points = 5000\n'
    (tmp_path / "card.toml").write_text(text + sampling)
    found = run(tmp_path / "card.toml", tmp_path / "a.h5")
    assert attributes(found.path)[name] == amount
    assert f"{amount:.4g}" in events_text(summary(found.path))
    assert "1 bursts" not in events_text(summary(found.path))


def test_shards_add_up_to_their_run(weighted: Path, tmp_path: Path) -> None:
    parts = shards(card_of(tmp_path), tmp_path, [0, 500, 1800, COUNT], map_file=weighted)
    found = [attributes(part)["pot_equivalent"] for part in parts]
    assert found == pytest.approx([POT * share for share in (500 / COUNT, 1300 / COUNT, 1200 / COUNT)], rel=1e-15)
    for virtual in (False, True):
        merged = attributes(merge(parts, tmp_path / "merged.h5", virtual=virtual, force=True))
        assert {name: merged[name] for name in ("pot_equivalent", "expected_events", "exposure")} == {
            name: attributes(weighted)[name] for name in ("pot_equivalent", "expected_events", "exposure")
        }


def test_shards_with_different_exposures_state_none(
    weighted: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one = shards(card_of(tmp_path / "one"), tmp_path / "one", [0, 1000], map_file=weighted)
    two = shards(card_of(tmp_path / "two", pot=2.0 * POT), tmp_path / "two", [1000, COUNT], map_file=weighted)
    merged = attributes(merge([*one, *two], tmp_path / "merged.h5"))
    assert "states another exposure than" in caplog.text
    assert not [name for name in merged if "exposure" in name or "equivalent" in name or "expected" in name]


def test_cuts_lower_the_expected_events_and_not_the_exposure(weighted: Path, unweighted: Path, tmp_path: Path) -> None:
    for path in (weighted, unweighted):
        before, output = attributes(path), tmp_path / "cut.h5"
        tg.cut(path, {"recoil_energy_min_keV": 10.0}, output, force=True)
        after, columns = attributes(output), columns_of(output)
        assert after["pot_equivalent"] == before["pot_equivalent"]
        accepted = float(np.sum(columns["weight"] * columns["acceptance"]))
        assert after["expected_events"] == pytest.approx(after["events_per_cm2"] * accepted, rel=1e-12)
        assert 0.5 < after["expected_events"] / before["expected_events"] < 1.0


@pytest.mark.usefixtures("small_batches")
def test_an_interrupted_run_stands_for_the_exposure_by_its_weights(tmp_path: Path) -> None:
    def interrupt(what: str, share: float) -> None:
        if what == "generating" and share < 1.0:
            raise KeyboardInterrupt

    found = run(card_of(tmp_path, events=9000), tmp_path / "a.h5", progress=interrupt)
    known = attributes(found.path)
    assert (found.complete, found.trials, known["pot_equivalent"]) == (False, 4096, POT)
    found = run(card_of(tmp_path, events=9000), tmp_path / "b.h5", progress=interrupt, unweight=True)
    known = attributes(found.path)
    assert not found.complete
    unit = float(np.min(columns_of(found.path)["weight"]))
    assert known["pot_equivalent"] == pytest.approx(POT / (known["events_per_cm2"] * unit), rel=1e-12)


def test_reweighted_events_stand_for_the_exposure_of_the_card(tmp_path: Path) -> None:
    card = production_card(tmp_path, "trident", events=300)
    text = card.read_text().replace("values = [1.0, 3.0, 0.5]", 'values = [1.0, 3.0, 0.5]\narea = "cm2"')
    card.write_text(text + "[exposure]\nmass_t = 1.0\npot = 1e21\n")
    events = tg.read(run(card, tmp_path / "u.h5", unweight=True).path)
    found = events.reweight(0.3, 0.7)
    assert found.attributes["pot_equivalent"] == 1e21 != events.attributes["pot_equivalent"]
    ratio = found.attributes["expected_events"] / events.attributes["expected_events"]
    assert ratio == pytest.approx(found.attributes["sigma"] / events.attributes["sigma"], rel=1e-12)
    assert found.attributes["unweighted"] == 0
    found.to_hdf5(tmp_path / "r.h5")
    assert summary(tmp_path / "r.h5")["unweighting_efficiency"] == pytest.approx(found.unweighting_efficiency())


def test_efficiency_is_the_same_in_generate_and_info(cli: Command, tmp_path: Path) -> None:
    card = card_of(tmp_path, events=1000)
    for options in ([], ["--unweight"], ["--exposure"]):
        made = json.loads(cli("generate", card, "-o", tmp_path / "a.h5", "--force", "--json", *options).out)
        told = json.loads(cli("info", tmp_path / "a.h5", "--json").out)
        assert told["unweighting_efficiency"] == made["unweighting_efficiency"]
        assert told["unweighted"] == bool(options)
        assert told["overweight_events"] == made["overweight_events"]
        assert told["exposure"]["share"] == (pytest.approx(1.0) if options != ["--unweight"] else pytest.approx(
            1000 / (made["sigma_cm2"] * told["exposure"]["events_per_cm2"]), rel=1e-2))  # fmt: skip
        text = cli("info", tmp_path / "a.h5").out
        assert f"efficiency {made['unweighting_efficiency']:.1%}" in text
        assert ("unweighted events of" in text) == bool(options)
        assert ("effective (Kish)" in text) != bool(options)  # per trial it would be the efficiency once more


def test_info_tells_volume_beam_and_spill(tmp_path: Path) -> None:
    card = production_card(tmp_path, "trident", events=100)
    card.write_text(
        card.read_text() + '[detector.volume]\nshape = "box"\nsize_cm = [500.0, 300.0, 300.0]\n'
        "[detector.beam]\nsource_distance_m = 574.0\ndivergence_mrad = 0.5\n"
        '[detector.spill]\nkind = "bunches"\nbunches = 504\nspacing_ns = 18.8\n'
    )
    path = run(card, tmp_path / "a.h5").path
    text = " ".join(events_text(summary(path)).split())
    assert " volume box: size_cm (500, 300, 300), centre_cm (0, 0, 0) " in text
    assert " beam source_cm (0, 0, -57400), divergence_rad 0.0005 " in text
    assert " spill bunched: bunches 504, spacing_ns 18.8, sigma_ns 0, start_ns 0 " in text
    events = tg.read(path)
    for placement in ("{", "[]", '{"volumes": []}', '{"volumes": [1], "beam": {}, "spill": null}',
                      '{"volumes": [], "beam": {}, "spill": 3}'):  # fmt: skip
        replace(events, attributes={**events.attributes, "placement": placement}).to_hdf5(tmp_path / "b.h5", force=True)
        with pytest.raises(FileError, match=r"b\.h5': the attribute placement does not give"):
            summary(tmp_path / "b.h5")


@pytest.mark.parametrize("value", ["many", math.nan, 0.0, -1.0])
def test_an_exposure_that_is_no_number_is_refused(weighted: Path, tmp_path: Path, value: object) -> None:
    events = tg.read(weighted)
    replace(events, attributes={**events.attributes, "exposure_pot": value}).to_hdf5(tmp_path / "b.h5")
    with pytest.raises(FileError, match=r"b\.h5': the attribute exposure_pot = .* must be a positive number"):
        summary(tmp_path / "b.h5")


@pytest.mark.parametrize("value", ["many", math.nan, -1.0])
@pytest.mark.parametrize("name", ["expected_events", "poisson_mean", "n_before_cuts", "max_weight"])
def test_numbers_that_cannot_be_are_refused(weighted: Path, tmp_path: Path, name: str, value: object) -> None:
    events = tg.read(weighted)
    replace(events, attributes={**events.attributes, name: value}).to_hdf5(tmp_path / "b.h5")
    with pytest.raises(FileError, match=rf"b\.h5': attribute '{name}' = .* is not a (whole )?number from 0"):
        summary(tmp_path / "b.h5")


def test_the_words_of_an_exposure_are_escaped(weighted: Path, tmp_path: Path) -> None:
    events = tg.read(weighted)
    replace(events, attributes={**events.attributes, "exposure": "1 t\n\x1b[31m"}).to_hdf5(tmp_path / "b.h5")
    done = tg.convert(tmp_path / "b.h5", tmp_path / "o.hepmc3")
    assert done is not None
    assert done.exposure.endswith(r"(1 t\n\x1b[31m)")
    assert "\x1b" not in (tmp_path / "o.hepmc3").read_text()


# Runs with a Poisson number of events


def test_a_poisson_number_of_events_for_the_exposure(tmp_path: Path, weighted: Path) -> None:
    found = run(card_of(tmp_path), tmp_path / "a.h5", exposure=True, map_file=weighted)
    known = attributes(found.path)
    mean = known["events_per_cm2"] * known["sigma"]  # of interactions: the acceptance is a column
    assert found.poisson_mean == known["poisson_mean"] == pytest.approx(mean, rel=1e-14)
    assert 0 < abs(found.events - mean) < 5.0 * math.sqrt(mean)
    assert known["n_before_cuts"] == known["n_requested"] == found.events
    assert known["pot_equivalent"] == POT
    assert known["unweighted"] == 1
    require_sound(found.path)
    plain = run(card_of(tmp_path, events=found.events), tmp_path / "b.h5", unweight=True, map_file=weighted)
    assert content(plain.path) == content(found.path)


def test_cuts_leave_a_poisson_number(tmp_path: Path, weighted: Path) -> None:
    whole = run(card_of(tmp_path), tmp_path / "a.h5", exposure=True, map_file=weighted)
    found = run(card_of(tmp_path, cuts=True), tmp_path / "c.h5", exposure=True, map_file=weighted)
    known, before = attributes(found.path), columns_of(whole.path)
    assert found.poisson_mean == whole.poisson_mean
    assert known["n_before_cuts"] == whole.events
    passes = before["recoil_energy"] >= 5.0
    assert columns_of(found.path)["event_id"].tolist() == before["event_id"][passes].tolist()  # the same events
    assert 0 < found.events == known["n_requested"] < whole.events
    assert known["pot_equivalent"] == POT
    require_sound(found.path)


@pytest.mark.parametrize("cuts", [False, True])
def test_a_run_for_the_exposure_is_resumed(tmp_path: Path, cuts: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tridentgen.runs.production.BATCH", 512)
    card, output = card_of(tmp_path, cuts=cuts), tmp_path / "a.h5"
    expected = run(card, tmp_path / "expected.h5", exposure=True)
    for batches in (0, 2):
        broken_off(card, output, monkeypatch, batches, exposure=True, resume=True)
    found = run(card, output, exposure=True, resume=True)
    assert content(found.path) == content(expected.path)
    assert (found.trials, found.sigma, found.poisson_mean) == (expected.trials, expected.sigma, expected.poisson_mean)
    again = run(card, output, exposure=True, resume=True)  # complete: nothing to do
    assert replace(again, seconds=0.0) == replace(found, seconds=0.0)
    other = card_of(tmp_path / "other", cuts=cuts, pot=2.0 * POT)
    with pytest.raises(FileError, match=r"exposure\.pot is 3e\+23 there and 6e\+23 here"):
        run(other, output, exposure=True, resume=True)


@pytest.mark.usefixtures("small_batches")
def test_an_interrupted_run_for_the_exposure_stands_for_its_share(tmp_path: Path) -> None:
    def interrupt(what: str, share: float) -> None:
        if what == "generating" and share < 1.0:
            raise KeyboardInterrupt

    found = run(card_of(tmp_path, pot=10.0 * POT), tmp_path / "a.h5", exposure=True, progress=interrupt)
    known = attributes(found.path)
    assert not found.complete
    share = known["n_before_cuts"] / known["n_requested"]
    assert 0.0 < share < 1.0
    assert known["pot_equivalent"] == pytest.approx(10.0 * POT * share, rel=1e-14)


def test_no_event_is_a_result(cli: Command, tmp_path: Path) -> None:
    found = cli("generate", card_of(tmp_path, pot=1e18), "--exposure", "-o", tmp_path / "a.h5")
    assert found.code == 0
    assert "the Poisson number of events is 0" in found.err
    known = attributes(tmp_path / "a.h5")
    assert (known["n_events"], known["complete"], known["pot_equivalent"]) == (0, 1, 1e18)
    assert known["sigma"] > 0.0
    assert all(check.passed is not False for check in verify(tmp_path / "a.h5"))
    assert cli("info", tmp_path / "a.h5").code == 0
    for command in (["cut", "--cut", "recoil_energy_min_keV=5"], ["convert", tmp_path / "o.lhe"]):
        told = cli(command[0], tmp_path / "a.h5", *command[1:])
        assert (told.code, "their Poisson number is 0; take it as that result" in told.err) == (2, True)


def test_what_does_not_go_with_the_exposure(cli: Command, tmp_path: Path) -> None:
    card = card_of(tmp_path)
    for option in ("--events", "--first"):
        found = cli("generate", card, "--exposure", option, "10", "-o", tmp_path / "a.h5")
        assert (found.code, f"leave {option} out" in found.err) == (2, True)
    with pytest.raises(InputError, match="leave --first and --events out"):
        run(card, tmp_path / "a.h5", exposure=True, count=10)
    found = cli("generate", production_card(tmp_path, "cevns"), "--exposure", "-o", tmp_path / "a.h5")
    assert (found.code, "--exposure needs the table [exposure]" in found.err) == (2, True)
    found = cli("generate", card_of(tmp_path, pot=1e35), "--exposure", "-o", tmp_path / "a.h5")
    assert (found.code, "more than 1e+09" in found.err) == (2, True)
    assert not list(tmp_path.glob("a.h5*"))


# Files whose weights do not sum to their cross section


def test_partial_files_with_weights_of_the_whole_are_named(
    weighted: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, events = tmp_path / "part.h5", tg.read(weighted)
    some = {name: values[:1000] for name, values in events.columns.items()}
    replace(events, columns=some, attributes={**events.attributes, "complete": 0}).to_hdf5(path)
    readers: dict[str, Callable[[], object]] = {
        "read": lambda: tg.read(path),
        "columns": lambda: tg.read(path, ["recoil_energy"]),
        "info": lambda: summary(path),
        "cut": lambda: tg.cut(path, {"recoil_energy_min_keV": 10.0}),
        "convert": lambda: tg.convert(path, tmp_path / "o.hepevt"),
    }
    caplog.set_level(logging.WARNING)
    for name, read in readers.items():
        caplog.clear()
        read()
        assert [f"'{path}' is not complete, and its weights sum to" in each.message for each in caplog.records] == [
            True
        ], name
    assert any(check.name == "sum of weights" and check.passed is False for check in verify(path))
    with pytest.raises(FileError, match=r"part\.h5' belongs to an interrupted run"):
        merge([path], tmp_path / "m.h5")


@pytest.mark.slow
def test_pictures_of_a_partial_file_name_it(weighted: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path, events = tmp_path / "part.h5", tg.read(weighted)
    some = {name: values[:1000] for name, values in events.columns.items()}
    replace(events, columns=some, attributes={**events.attributes, "complete": 0}).to_hdf5(path)
    tg.plot(path, tmp_path / "pictures")
    assert caplog.text.count("is not complete, and its weights sum to") == 1


def test_an_unfinished_file_is_named(weighted: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    events = tg.read(weighted)
    known = {name: value for name, value in events.attributes.items() if name not in ("sigma", "weight_rule")}
    writer = EventWriter(tmp_path / "a.h5", events.schema, known)
    writer.append(dict(events.columns))
    writer.abandon()
    tg.read(tmp_path / "a.h5.part")
    assert "is the file of an unfinished run" in caplog.text


# The error of unweighted cross sections


@pytest.mark.slow
@pytest.mark.parametrize("cuts", [False, True])
def test_the_pull_of_unweighted_cross_sections_has_unit_width(tmp_path: Path, cuts: bool) -> None:
    """Over 50 seeds: its standard deviation has a relative error of 1/sqrt(100), its mean one of 1/sqrt(50)."""
    card, pulls = card_of(tmp_path, cuts=cuts), []
    for seed in range(1, 51):
        settings = [f"sampling.seed={seed}", "sampling.training_points=5000", "sampling.rel_error=0.005"]
        pair = [run(card, tmp_path / "a.h5", overrides=settings, unweight=unweight, force=True)
                for unweight in (True, False)]  # fmt: skip
        pulls.append((pair[0].sigma - pair[1].sigma) / math.hypot(pair[0].error, pair[1].error))
    assert 0.7 < np.std(pulls, ddof=1) < 1.3
    assert abs(np.mean(pulls)) < 3.0 / math.sqrt(50)
