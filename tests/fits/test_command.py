"""tridentgen fit on the command line: reports, tables, pictures and messages."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

import tridentgen as tg
from tests.command_line import Command
from tridentgen.plots.fits import plot_fit

KEY = "model.sin2_theta_w"


def test_json_has_best_values_intervals_chi2_and_pulls(cli: Command) -> None:
    found = json.loads(cli("fit", "csi-2021", "--free", KEY, "--json").out)
    number = found["free"][KEY]
    assert set(number["intervals"]) == {"0.6827", "0.9"}
    ((low, high),) = number["intervals"]["0.9"]
    assert low < number["best"] < high
    assert found["dof"] == 87
    assert 50.0 < found["chi2"] < 90.0
    assert set(found["nuisances"]) >= {"flux", "brn", "steady_state", "time"}
    assert "PRL" in found["cite"][0] or "Phys. Rev. Lett." in found["cite"][0]


def test_without_free_keys_it_gives_events_and_significance(cli: Command) -> None:
    outcome = cli("fit", "csi_2017")
    assert "events of csi-2017" in outcome.out
    assert "significance" in outcome.out
    found = json.loads(cli("fit", "csi-2017", "--json", "--cl", "0.95").out)
    assert found["free"] == {}
    assert set(found["events"]["csi-2017"]["intervals"]) == {"0.95"}
    assert 3.0 < found["significance"] < 6.0


def test_a_scan_is_a_table_with_all_intervals(cli: Command, tmp_path: Path) -> None:
    path = tmp_path / "limit.csv"
    scan = "model.vector.mass_MeV=100,1000"
    outcome = cli("fit", "csi-2021", "--free", "model.vector.strength", "--scan", scan, "--cl", "0.9", "-o", path)
    assert outcome.code == 0
    rows = [line.split(",") for line in path.read_text().splitlines() if not line.startswith("#")]
    assert rows[0] == ["model.vector.mass_MeV", "key", "best", "level", "interval", "low", "high"]
    assert [row[0] for row in rows[1:]] == ["100", "100", "1000", "1000"]  # two intervals for each mass
    assert float(rows[2][5]) == pytest.approx(3.76e-8, rel=0.05)  # of the band in which the amplitude changes its sign
    found = json.loads(cli("fit", "csi-2021", "--free", "model.vector.strength", "--scan", scan, "--json").out)
    assert [row["model.vector.mass_MeV"] for row in found["fits"]] == [100.0, 1000.0]


@pytest.mark.parametrize(("cards", "options"), [(["csi-2017"], ["--free", KEY]), (["xenonnt-8b"], [])])
def test_pictures_and_tables_are_written(cli: Command, tmp_path: Path, cards: list[str], options: list[str]) -> None:
    for suffix in ("png", "csv"):
        path = tmp_path / f"fit.{suffix}"
        assert cli("fit", *cards, *options, "-o", path).code == 0
        assert path.stat().st_size > 200


@pytest.mark.slow
def test_contours_are_drawn(tmp_path: Path) -> None:
    keys = {"model.nsi.eps_u.ee": (-0.2, 0.6), "model.nsi.eps_u.mumu": (-0.2, 0.6)}
    fit = tg.fit("csi-2017", free=keys)
    assert plot_fit(fit, tmp_path / "contour.png", fit.contour(points=9)).stat().st_size > 10_000


def test_limits_are_drawn(cli: Command, tmp_path: Path) -> None:
    picture = tmp_path / "limit.pdf"
    scan = "model.scalar.mass_MeV=1:100:2log"
    assert cli("fit", "csi-2017", "--free", "model.scalar.strength", "--scan", scan, "-o", picture).code == 0
    assert picture.read_bytes().startswith(b"%PDF")


def test_cards_without_data_are_fitted_to_what_they_expect(cli: Command) -> None:
    found = json.loads(cli("fit", "coherent_csi", "--free", KEY, "--json").out)
    assert found["data"] == ["expected"]
    assert found["free"][KEY]["best"] == pytest.approx(0.23863, rel=1e-5)
    ((low, high),) = found["free"][KEY]["intervals"]["0.6827"]
    wider = json.loads(cli("fit", "coherent_csi", "--free", KEY, "--json", "--set", "fit.systematics.flux=0.1").out)
    ((lower, higher),) = wider["free"][KEY]["intervals"]["0.6827"]
    assert higher - lower > 1.5 * (high - low)


def test_errors_of_a_measurement_may_be_changed(cli: Command) -> None:
    widths = []
    for error in ("0", "0.3"):
        found = json.loads(
            cli("fit", "csi-2017", "--free", KEY, "--json", "--set", f"fit.systematics.rate={error}").out
        )
        ((low, high),) = found["free"][KEY]["intervals"]["0.6827"]
        widths.append(high - low)
    assert widths == sorted(widths)
    assert widths[1] > 1.5 * widths[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["csi-2017", "--free", "model.sin2_theta"], "unknown key 'model.sin2_theta', did you mean 'sin2_theta_w'"),
        (["csi-2017", "--free", "sin2_theta_w"], "must be a key of a card with its table"),
        (["csi-2017", "--free", "process.target"], "not a number of CEvNS that can vary"),
        (["csi-2017", "--free", "model.nsi.eps_u.tautau"], "the expected events do not depend on it"),
        (["csi-2017", "--free", f"{KEY}=0.5:0.6"], "the best value is at the limit 0.5; give a wider range"),
        (["csi-2017", "--free", f"{KEY}=0.4:0.25"], "from a lower to a higher number"),
        (["csi-2017", "--free", f"{KEY}=high"], "must be KEY or KEY=LOW:HIGH"),
        (["csi-2017", "--free", KEY, KEY], "is given twice"),
        (["csi-2017", "--free", "model.vector.strength"], "key 'model.vector.mass_GeV' is missing"),
        (["csi-2017", "--free", f"lar-2020:{KEY}"], "no data set is called 'lar-2020'"),
        (["csi-2021", "lar-2020", "--free", "process.neutron_radius_fm"], "write csi-2021:process.neutron_radius_fm"),
        (["csi-2021", "csi-2017"], "the events of 'csi-2017' are part of 'csi-2021'"),
        (["csi-2021", "csi_2021"], "'csi-2021' is given twice"),
        (["csi-2017", "--cl", "90"], "--cl 90: must be a number between 0 and 1"),
        (["csi-2021", "--scan", "model.vector.mass_MeV=1:10:5"], "needs a free key"),
        (["csi-2021", "--free", KEY, "--scan", "model.vector.mass_MeV"], "must be KEY=LOW:HIGH:N"),
        (["csi-2021", "--free", KEY, "--scan", f"{KEY}=0.1:0.3:3"], "is scanned too"),
        (["csi-2021", "--set", "fit.systematics.brm=0.1"], "did you mean 'brn'"),
        (["csi-2021", "--set", "fit.data=csi-2020"], "unknown measurement 'csi-2020', did you mean 'csi-2021'"),
        (["dune_nd_mumu"], "fits are made of CEvNS"),
        (["csi-2021", "--free", KEY, "--scan", "model.foo=1,2"], "unknown key 'model.foo'"),
        (["csi-2017", "--set", "process.recoil_min_keV=1000"], "no CEvNS events are expected"),
        (["csi-2022"], "did you mean 'csi_2021'"),
        (["csi-2021", "-o", "fit.txt"], "unknown picture format"),
    ],
)
def test_mistakes_are_told_in_one_line(cli: Command, arguments: list[str], message: str) -> None:
    outcome = cli("fit", *arguments)
    assert outcome.code == 2
    assert message in outcome.err
    assert outcome.err.count("\n") == 1
    assert outcome.out == ""


def test_a_fit_without_iminuit_says_how_to_install_it(cli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "iminuit", None)
    outcome = cli("fit", "csi-2017")
    assert outcome.code == 2
    assert outcome.err == 'tridentgen: fits need iminuit: pip install "tridentgen[fit]"\n'
