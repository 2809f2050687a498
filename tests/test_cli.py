from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import tridentgen
from tests.command_line import CROSS_SECTION_KEYS, XSEC, Command
from tests.run_cards import assert_same, columns_of
from tridentgen.cli import main
from tridentgen.commands.common import energy_GeV
from tridentgen.errors import InputError
from tridentgen.reports import cross_sections
from tridentgen.resources import builtin_cards
from tridentgen.runs import production
from tridentgen.runs.production import Plan
from tridentgen.sampling.integrate import CrossSection


def test_generate_writes_the_file_and_says_what_is_in_it(cli: Command, folder: Path, event_file: Path) -> None:
    found = cli("generate", "card.toml")
    assert (found.code, found.err) == (0, "")
    assert found.out.startswith("Dimuons\n  process        numu Ar40 -> numu mu- mu+ (coherent, diffractive)\n")
    assert found.out.endswith("  file           events.h5\n")
    assert sorted(path.name for path in folder.iterdir()) == ["card.toml", "events.h5"]
    assert_same(columns_of(folder / "events.h5"), columns_of(event_file))


def test_generate_as_json(cli: Command, folder: Path) -> None:
    found = cli("generate", "card.toml", "-o", "a.h5", "--json")
    assert (found.code, found.err) == (0, "")
    assert (found.json["path"], found.json["events"], found.json["complete"]) == ("a.h5", 4000, True)
    weight = columns_of(folder / "a.h5")["weight"]
    assert found.json["sigma_cm2"] == pytest.approx(np.sum(weight), rel=1e-13, abs=0.0)


def test_options_stand_for_keys_of_the_card(cli: Command, folder: Path) -> None:
    options = ["--seed", "8", "--engine", "numpy", "--threads", "1", "--events", "300"]
    keys = ["sampling.seed=8", "sampling.engine=numpy", "sampling.threads=1", "sampling.events=300"]
    assert cli("generate", "card.toml", "-o", "options.h5", *options).code == 0
    assert cli("generate", "card.toml", "-o", "keys.h5", *(word for key in keys for word in ("--set", key))).code == 0
    assert_same(columns_of(folder / "options.h5"), columns_of(folder / "keys.h5"))
    with h5py.File("options.h5") as first, h5py.File("keys.h5") as second:
        assert (first.attrs["seed"], first.attrs["n_events"]) == (8, 300)
        assert first.attrs["card"] == second.attrs["card"]


@pytest.mark.parametrize(
    ("override", "attribute", "value"),
    [
        ("title=Other", "title", "Other"),
        ("process.target=C12", "target_pdg", 1000060120),
        ("process.neutrino=numubar", "beam_pdg", -14),
        ("process.leptons=['e-', 'e+']", "lepton_minus", "e-"),
        ("process.regimes=['coherent']", "recoil_pdg", "1000180400"),
        ("process.form_factor=helm", "form_factor", "helm"),
        ("flux.energy_GeV=7", "flux", "single energy, 7 GeV"),
        ("model.sin2_theta_w=0.25", "vector_coupling", 1.0),
        ("sampling.events=50", "n_trials", 50),
    ],
)
def test_any_key_can_be_set(cli: Command, folder: Path, override: str, attribute: str, value: object) -> None:
    found = cli("generate", "card.toml", "-o", "a.h5", "--events", "60", "--set", override)
    if override.startswith("sampling.events"):  # --events comes after --set, however they are typed
        value = 60
    assert (found.code, found.complaints) == (0, "")
    with h5py.File(folder / "a.h5") as file:
        assert file.attrs[attribute] == value


def test_a_card_with_the_output_named_by_set(cli: Command, folder: Path) -> None:
    assert cli("generate", "card.toml", "--events", "5", "--set", "output.path=b.h5").code == 0
    assert (folder / "b.h5").exists()


def test_a_map_is_used_again(cli: Command, folder: Path, event_file: Path) -> None:
    assert cli("generate", "card.toml", "--map", event_file).code == 0
    assert_same(columns_of(folder / "events.h5"), columns_of(event_file))


def test_force_overwrites(cli: Command, folder: Path) -> None:
    (folder / "a.h5").write_text("precious")
    assert cli("generate", "card.toml", "-o", "a.h5").code == 2
    assert (folder / "a.h5").read_text() == "precious"
    assert cli("generate", "card.toml", "-o", "a.h5", "--force").code == 0
    assert len(columns_of(folder / "a.h5")["weight"]) == 4000


@pytest.mark.usefixtures("folder")
def test_cuts_that_nothing_passes_are_said(cli: Command) -> None:
    found = cli("generate", "card.toml", "-o", "a.h5", "--set", "cuts.q2_min_GeV2=1e9")
    assert found.code == 0
    assert "events         0 of 4000 trials" in found.out
    assert found.err == (
        "tridentgen: warning: none of 4000 trials passed the cuts, 'a.h5' holds no event; "
        "loosen [cuts] or ask for more events\n"
    )
    assert cli("info", "a.h5").code == 0
    plotted = cli("plot", "a.h5", "-o", "pictures")
    assert (plotted.code, plotted.err.count("\n")) == (2, 1)


@pytest.mark.usefixtures("folder")
def test_info_of_events(cli: Command, event_file: Path) -> None:
    found = cli("info", event_file)
    assert (found.code, found.err) == (0, "")
    assert "  process         numu Ar40 -> numu mu- mu+ (coherent, diffractive)\n" in found.out
    data = cli("info", event_file, "--json").json
    assert (data["events"], data["attributes"]["n_trials"], data["attributes"]["seed"]) == (4000, 4000, 3)
    assert data["sum_weight_over_sigma"] == pytest.approx(1.0, rel=1e-13)
    assert [column["name"] for column in data["columns"]][:2] == ["event_id", "weight"]
    assert set(data["regimes"]) == {"coherent", "proton", "neutron"}


@pytest.mark.usefixtures("folder")
def test_info_of_a_card(cli: Command) -> None:
    found = cli("info", "card.toml")
    assert (found.code, found.err) == (0, "")
    assert "  flux       single energy, 5 GeV\n" in found.out
    assert cli("info", "card.toml", "--json").json["flux"] == {"kind": "monochromatic", "energy_GeV": 5.0}
    assert cli("info", "quickstart").out.startswith("Dimuon tridents on argon")


@pytest.mark.usefixtures("folder")
def test_cards_are_listed_and_printed(cli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = cli("cards")
    assert (listed.code, listed.err) == (0, "")
    assert listed.out.split() == list(builtin_cards())  # in a pipe
    titles = cli("cards", "--json").json
    assert list(titles) == list(builtin_cards())
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert [line.split("  ")[0] for line in cli("cards").out.splitlines()] == list(builtin_cards())
    assert f"  {titles['quickstart']}\n" in cli("cards").out
    for name, path in builtin_cards().items():
        assert cli("cards", name).out == path.read_text(encoding="utf-8")
        assert cli("cards", name, "--json").json["title"] == titles[name]
    assert cli("cards", "dune_nd_ee", "--json").json["flux_problem"] is None


def test_a_printed_card_runs(cli: Command, folder: Path) -> None:
    (folder / "mine.toml").write_text(cli("cards", "quickstart").out, encoding="utf-8")
    settings = ["--events", "500", "--set", "sampling.training_points=5000"]
    assert cli("generate", "mine.toml", "-o", "a.h5", *settings).code == 0
    assert cli("generate", "quickstart", "-o", "b.h5", *settings).code == 0
    assert_same(columns_of(folder / "a.h5"), columns_of(folder / "b.h5"))


@pytest.mark.parametrize("name", ["quickstart", "nustorm_emu", "icarus", "ccfr"])
def test_cards_run_as_they_are(cli: Command, folder: Path, name: str) -> None:
    found = cli("generate", name, "--events", "200", "--set", "sampling.training_points=5000", "--json")
    assert (found.code, found.complaints) == (0, "")
    assert (folder / f"{name}.h5").exists()
    assert (found.json["expected_events"] is None) == (name == "quickstart")


@pytest.mark.parametrize("name", ["dune_nd_emu", "charm2", "nutev"])
def test_cards_with_a_flux_file(cli: Command, folder: Path, name: str) -> None:
    missing = cli("generate", name, "--set", "flux.path=nowhere.dat")
    assert (missing.code, missing.err.count("\n")) == (2, 1)
    assert "no such flux file; such files are published at https://" in missing.err
    assert sorted(path.name for path in folder.iterdir()) == ["card.toml"]
    flux = "\n".join(f"{energy} 0 1e-9 0 0 0 0" for energy in np.arange(0.125, 50.0, 0.25))
    (folder / "flux.dat").write_text(flux)
    settings = ["--events", "100", "--set", "sampling.training_points=5000", "--set", "flux.path=flux.dat"]
    found = cli("generate", name, *settings, "--json")
    assert (found.code, found.complaints) == (0, "")
    assert found.json["expected_events"] > 0.0


def test_plot_draws_pictures(cli: Command, folder: Path, event_file: Path) -> None:
    pytest.importorskip("matplotlib")
    found = cli("plot", event_file, "-o", "pictures", "--json")
    assert (found.code, found.err) == (0, "")
    paths = [Path(path) for path in found.json]
    assert {"m2_ll.png", "delta_theta.png", "q2.png"} <= {path.name for path in paths}
    assert all((folder / path).read_bytes().startswith(b"\x89PNG") for path in paths)


QUICK = ["--rel-error", "0.01", "--set", "sampling.training_points=20000", "--engine", "numpy"]


@pytest.mark.usefixtures("folder")
def test_xsec_from_options_has_exactly_the_promised_json(cli: Command) -> None:
    found = cli("xsec", *XSEC, "--energy", "1", "5", "10", *QUICK, "--json")
    assert (found.code, found.err) == (0, "")
    assert list(found.json) == ["results", "warnings", "version"]
    assert found.json["version"] == tridentgen.__version__
    results = found.json["results"]
    assert [list(row) for row in results] == [CROSS_SECTION_KEYS] * 3
    for row, energy in zip(results, (1.0, 5.0, 10.0), strict=True):
        fixed = ("process", "nu", "leptons", "target", "regime", "energy_GeV", "engine")
        assert [row[key] for key in fixed] == ["trident", "numu", ["mu-", "mu+"], "Ar40", "coherent", energy, "numpy"]
        assert 0.0 < row["error_cm2"] <= 0.01 * row["sigma_cm2"]
        assert isinstance(row["points"], int)
    again = cli("xsec", *XSEC, "--energy", "5GeV", "0.005TeV", "5000MeV", *QUICK, "--json").json["results"]
    assert {row["sigma_cm2"] for row in again} == {results[1]["sigma_cm2"]}


@pytest.mark.usefixtures("folder")
def test_xsec_without_process_and_regime_is_coherent_tridents(cli: Command) -> None:
    found = cli("xsec", "--nu", "nue", "--leptons", "mu+", "e-", "--target", "C12", "--energy", "5", *QUICK, "--json")
    (row,) = found.json["results"]
    assert [row[key] for key in ("process", "regime", "leptons")] == ["trident", "coherent", ["e-", "mu+"]]


def test_xsec_of_a_card(cli: Command, folder: Path) -> None:
    found = cli("xsec", "card.toml", *QUICK)
    assert (found.code, found.err) == (0, "")
    rows = found.out.splitlines()
    assert len(rows) == 3
    assert re.match(r"numu  mu- mu\+  Ar40    coherent     5           \(1\.\d+ \+- 0\.\d+\)e-42 ", rows[1])
    other = cli("xsec", "card.toml", "--energy", "7", *QUICK, "--json").json["results"]
    assert [(row["energy_GeV"], row["regime"]) for row in other] == [(7.0, "coherent"), (7.0, "diffractive")]
    assert not (folder / "events.h5").exists()


@pytest.mark.usefixtures("folder")
def test_xsec_and_generate_agree(cli: Command, event_file: Path) -> None:
    rows = cli("xsec", "card.toml", *QUICK, "--json").json["results"]
    weight = columns_of(event_file)["weight"]
    error = np.sqrt(len(weight)) * np.std(weight)
    total, total_error = sum(row["sigma_cm2"] for row in rows), np.hypot(*(row["error_cm2"] for row in rows))
    assert abs(np.sum(weight) - total) < 4.0 * np.hypot(error, total_error)


@pytest.mark.usefixtures("folder")
def test_energies_on_the_command_line_need_no_flux_file(cli: Command) -> None:
    found = cli("xsec", "dune_nd_ee", "--energy", "5", *QUICK, "--json")
    assert (found.code, len(found.json["results"])) == (0, 2)


@pytest.mark.usefixtures("folder")
def test_xsec_says_that_it_makes_no_cuts(cli: Command) -> None:
    found = cli("xsec", "card.toml", "--set", "cuts.q2_max_GeV2=0.1", *QUICK)
    assert found.code == 0
    assert found.err == ("tridentgen: warning: the cuts of the card are not applied here; use generate to apply them\n")


def replaced(monkeypatch: pytest.MonkeyPatch, results: list[CrossSection]) -> None:
    """Let `xsec` find these results, and a Ctrl-C after them."""
    remaining = iter(results)

    def found(*_arguments: Any, **_options: Any) -> CrossSection:
        try:
            return next(remaining)
        except StopIteration:
            raise KeyboardInterrupt from None

    monkeypatch.setattr(cross_sections, "trained_cross_section", found)


GOOD_RESULT = CrossSection(1.3e-42, 1e-45, 1.1, 5, 1000, "numpy", 0.1, True)


@pytest.mark.usefixtures("folder")
def test_warnings_say_which_cross_section_is_meant(cli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    replaced(monkeypatch, [GOOD_RESULT, replace(GOOD_RESULT, chi2_dof=30.0)])
    found = cli("xsec", "card.toml", "--json")
    assert (found.code, len(found.json["results"])) == (0, 2)
    assert found.err.startswith(
        "tridentgen: warning: numu Ar40 -> numu mu- mu+ (diffractive), single energy, 5 GeV: chi2/dof = 30.0: the "
    )
    assert found.err.count("\n") == 1


@pytest.mark.usefixtures("folder")
def test_ctrl_c_keeps_the_cross_sections_there_are(cli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    replaced(monkeypatch, [GOOD_RESULT])
    found = cli("xsec", "card.toml", "--json")
    assert (found.code, found.err) == (130, "tridentgen: interrupted after 1 cross section\n")
    assert [row["sigma_cm2"] for row in found.json["results"]] == [1.3e-42]
    replaced(monkeypatch, [])
    assert cli("xsec", "card.toml") == (130, "", "tridentgen: interrupted\n")


@pytest.mark.parametrize(
    ("text", "value"),
    [("5", 5.0), ("5GeV", 5.0), ("30MeV", 0.03), ("1e3", 1e3), ("1TeV", 1e3), ("2.5e2MeV", 0.25), (" 5 GeV", 5.0)],
)
def test_energies_have_units(text: str, value: float) -> None:
    assert energy_GeV(text) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize("text", ["", "GeV", "5 keV", "5Gev", "x", "nan", "inf", "0", "-5", "-5MeV"])
def test_what_is_no_energy(text: str) -> None:
    with pytest.raises(InputError, match=f"^--energy {re.escape(text)}: "):
        energy_GeV(text)


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, beginning in (
        (["--help"], "usage: tridentgen "),
        (["generate", "--help"], "usage: tridentgen generate "),
        (["--version"], f"tridentgen {tridentgen.__version__}"),
    ):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 0
        assert capsys.readouterr().out.startswith(beginning)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (MemoryError(), "there is not enough memory"),
        (RuntimeError("can't start new thread"), "the system starts no more threads; use --threads 1"),
        (OSError(5, "Input/output error", "x.h5"), "the system refuses: [Errno 5] Input/output error: 'x.h5'"),
        (OSError(24, "Too many open files"), "the system refuses: [Errno 24] Too many open files"),
    ],
    ids=["memory", "threads", "disk", "descriptors"],
)
def test_a_system_that_has_no_more_is_one_line(
    cli: Command, folder: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, message: str
) -> None:
    """Whatever fails in the middle of a run, it can be resumed to the same events."""
    assert cli("generate", "card.toml", "-o", "whole.h5").code == 0
    monkeypatch.setattr(production, "BATCH", 1024)
    placed, seen = Plan.placed, []

    def failing(plan: Plan, columns: dict[str, Any]) -> dict[str, Any]:
        seen.append(1)
        if len(seen) == 3:
            raise error
        return placed(plan, columns)

    monkeypatch.setattr(Plan, "placed", failing)
    found = cli("generate", "card.toml", "-o", "e.h5")
    assert (found.code, found.err.count("\n")) == (2, 1), found
    assert message in found.err
    assert found.err.endswith("what was written can be gone on with by --resume\n")
    assert (folder / "e.h5.part").exists()
    assert cli("generate", "card.toml", "-o", "e.h5", "--resume").code == 0
    assert_same(columns_of(folder / "e.h5"), columns_of(folder / "whole.h5"))
