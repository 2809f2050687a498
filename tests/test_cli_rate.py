"""`tridentgen rate`: what it prints, draws and refuses."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest

from tests.command_line import Command
from tests.detector.test_card import COHERENT as RESPONSE
from tests.run_cards import write_card

HISTOGRAM = """\
[flux]
kind = "histogram"
edges_GeV = [1.0, 2.0, 4.0, 8.0]
values = [3e-10, 5e-10, 1e-10]
area = "cm2"
"""
CSI = f"""\
title = "Caesium iodide"
[process]
kind = "cevns"
target = "CsI"
[flux]
kind = "pion-decay-at-rest"
distance_m = 19.3
pulse_width_ns = 700.0
time_offset_ns = 350.0
[exposure]
mass_t = 0.0146
pot = 3.198e23
[sampling]
events = 20_000
engine = "numpy"
training_points = 20_000
{RESPONSE.replace("threshold_keVee = 0.4", "").replace("threshold_keVnr = 5", "")}
[detector.time_efficiency]
kind = "exponential"
flat_until_ns = 520.0
decay_ns = 20243.0
max_ns = 6000.0
"""


@pytest.fixture
def trident(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    changes = (('[flux]\nkind = "monochromatic"\nenergy_GeV = 5.0\n', HISTOGRAM), ("events = 4000", "rel_error = 1e-2"))
    return write_card(tmp_path, *changes)


@pytest.fixture
def csi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "csi.toml"
    path.write_text(CSI, encoding="utf-8")
    return path


def test_tridents_as_text(trident: Path, cli: Command) -> None:
    found = cli("rate", trident.name)
    assert (found.code, found.err) == (0, "")
    lines = found.out.split("\n")
    assert lines[:5] == [
        "Dimuons",
        "  process   numu Ar40 -> numu mu- mu+",
        "  flux      numu, histogram of 3 bins, 1 to 8 GeV",
        "  exposure  1 t of Ar40, 1e+20 protons on target (unit exposure; the card gives none)",
        "",
    ]
    assert [line.split()[0] for line in lines[5:-1]] == [
        "regime", "coherent", "proton", "neutron", "incoherent", "total",
    ]  # fmt: skip


def test_tridents_as_json(trident: Path, cli: Command) -> None:
    """Sums, and cross sections that `xsec` finds with another seed."""
    given = ["rate", trident.name, "--set", "exposure.mass_t=2", "--set", "exposure.pot=5e20", "--json"]
    found = cli(*given).json
    assert found["exposure"] == {"mass_t": 2.0, "pot": 5e20, "years": None, "material": "Ar40", "from_card": True}
    assert found["flux_units"] == "cm^-2 POT^-1"
    rows = {row["regime"]: row for row in found["by_regime"]}
    parts = {row["regime"]: row for row in found["by_nuclide"]}
    neutrinos = found["flux_total"] * 5e20
    for regime, row in parts.items():
        assert row["nuclide"] == "Ar40"
        assert row["events"] == pytest.approx(neutrinos * row["nuclei"] * row["sigma_cm2"], rel=1e-12)
        assert row["events"] == rows[regime]["events"]
    assert rows["incoherent"]["events"] == pytest.approx(rows["proton"]["events"] + rows["neutron"]["events"])
    assert found["events"] == rows["total"]["events"] == pytest.approx(sum(row["events"] for row in parts.values()))
    assert found["events_error"] == pytest.approx(math.hypot(*(row["events_error"] for row in parts.values())))
    sampled = cli("xsec", trident.name, "--seed", "12", "--json").json["results"]
    coherent = next(row for row in sampled if row["regime"] == "coherent")
    error = math.hypot(coherent["error_cm2"], parts["coherent"]["error_cm2"])
    assert abs(coherent["sigma_cm2"] - parts["coherent"]["sigma_cm2"]) < 4.0 * error


def test_cuts_one_after_the_other(trident: Path, cli: Command) -> None:
    cuts = ["--set", "cuts.delta_theta_max_deg=20", "--set", "cuts.energy_minus_min_GeV=0.5"]
    given = ["rate", trident.name, *cuts, "--set", "sampling.events=5000"]
    found = cli(*given, "--json").json
    assert [row["cut"] for row in found["cuts"]] == ["delta_theta <= 20 deg", "energy_minus >= 0.5 GeV"]
    first, last = (row["by_regime"]["total"]["value"] for row in found["cuts"])
    assert 0.0 < last < first < found["events"]
    total = next(row for row in found["by_regime"] if row["regime"] == "total")
    assert total["events_after_cuts"] == last
    assert total["efficiency"] == pytest.approx(last / found["events"])
    text = cli(*given).out
    assert "after cuts" in text
    assert f"({first / found['events']:.1%})" in next(row for row in text.split("\n") if "delta_theta" in row)


def test_a_material(trident: Path, cli: Command) -> None:
    options = ["--set", "exposure.material=NaI", "--set", "process.target=I127"]
    found = cli("rate", trident.name, *options, "--json").json
    assert found["process"] == "numu NaI -> numu mu- mu+"
    by_nuclide = {(row["nuclide"], row["regime"]): row for row in found["by_nuclide"]}
    assert {name for name, _ in by_nuclide} == {"Na23", "I127"}
    assert by_nuclide["Na23", "proton"]["nuclei"] == pytest.approx(1e6 / 149.894 * 6.02214e23, rel=1e-4)
    text = cli("rate", trident.name, *options).out
    assert "1 t of NaI" in text
    assert [line.split()[0] for line in text.split("\n")[-3:-1]] == ["Na23", "I127"]


def test_without_a_target_there_is_only_a_rate(trident: Path, cli: Command) -> None:
    text = trident.read_text(encoding="utf-8").replace('target = "Ar40"\n', "")
    trident.write_text(text + '[exposure]\nmaterial = "NaI"\n', encoding="utf-8")
    assert cli("rate", trident.name).code == 0
    for command in ("generate", "xsec", "info"):
        found = cli(command, trident.name)
        assert (found.code, found.out) == (2, "")
        assert found.err == (
            "card.toml:3: key 'process.target' is missing: only tridentgen rate sums over the nuclides of "
            "exposure.material; give one of them as target\n"
        )


def test_caesium_iodide(csi: Path, cli: Command) -> None:
    """COHERENT's card: 341 events were expected."""
    found = cli("rate", csi.name, "--json").json
    assert found["observed_events"] == pytest.approx(341.0, rel=0.05)
    assert list(found["by_component"]) == ["prompt-numu", "delayed-nue", "delayed-numubar"]
    for name in ("by_flavour", "by_component", "by_nuclide"):
        for key in ("events", "observed_events"):
            assert sum(part[key] for part in found[name].values()) == pytest.approx(found[key], rel=1e-12)
    for kind, units, total in (("recoil", "keVnr", "events"), ("observed", "keVee", "observed_events")):
        spectrum = found[f"{kind}_spectrum"]
        width = np.diff(spectrum[f"edges_{units}"])
        density = np.array(spectrum[f"events_per_{units}"])
        assert 0.999 < np.sum(density * width) / found[total] < 1.0
        for name in ("by_flavour", "by_component", "by_nuclide"):
            np.testing.assert_allclose(np.sum(list(spectrum[name].values()), axis=0), density, rtol=1e-12)
    text = cli("rate", csi.name).out
    assert "  exposure  14.6 kg of CsI, 3.198e+23 protons on target" in text
    assert f"{found['observed_events']:.5g}" in next(line for line in text.split("\n") if line.startswith("  all"))


def test_the_events_of_a_card_give_its_rate(csi: Path, cli: Command) -> None:
    rate = cli("rate", csi.name, "--json").json
    made = cli("generate", csi.name, "-o", "csi.h5", "--json").json
    share = made["error_cm2"] / made["sigma_cm2"] + 4.0 / math.sqrt(20_000 * made["acceptance"])
    assert made["expected_events"] == pytest.approx(rate["observed_events"], rel=share)


def test_cuts_on_recoils_are_sampled(csi: Path, cli: Command) -> None:
    """A window of observed energies: the same by quadrature, from the spectrum's bins of 0.05 keV."""
    found = cli("rate", csi.name, "--set", "cuts.observed_energy_min_keV=1", "--set",
                "cuts.observed_energy_max_keV=2", "--json").json  # fmt: skip
    assert [row["cut"] for row in found["cuts"]] == ["1 <= observed_energy <= 2 keV", "detector"]
    spectrum = found["observed_spectrum"]
    edges = np.array(spectrum["edges_keVee"])
    inside = (edges[:-1] > 0.999) & (edges[1:] < 2.001)
    expected = np.sum((np.array(spectrum["events_per_keVee"]) * np.diff(edges))[inside])
    last = found["cuts"][-1]
    assert abs(last["events"] - expected) < 4.0 * last["error"] * found["events"]


@pytest.mark.parametrize(
    ("flux", "words", "exposure"),
    [
        (
            "kind='solar'",
            "1 kg of CsI, 1 day (unit exposure; the card gives none)",
            {"mass_t": 1e-3, "years": 1 / 365.25},
        ),
        ("kind='supernova', distance_kpc=10", "1 t of CsI, one burst (unit exposure", {"mass_t": 1.0, "years": None}),
        ("kind='pion-decay-at-rest', distance_m=20", "1 kg of CsI, 1e+20 protons on target (unit", {"pot": 1e20}),
    ],
)
def test_unit_exposures(csi: Path, cli: Command, flux: str, words: str, exposure: dict[str, float]) -> None:
    text = CSI.replace("[exposure]\nmass_t = 0.0146\npot = 3.198e23\n", "").partition("[detector]")[0]
    csi.write_text(text.replace('target = "CsI"', 'target = "CsI"\nrecoil_min_keV = 1.0'), encoding="utf-8")
    found = cli("rate", csi.name, "--set", f"flux={{{flux}}}", "--json").json
    assert found["exposure"].items() >= exposure.items()
    assert found["observed_events"] is None
    assert words in cli("rate", csi.name, "--set", f"flux={{{flux}}}").out


def test_pictures(csi: Path, cli: Command) -> None:
    pytest.importorskip("mplhep")
    found = cli("rate", csi.name, "-o", "sheet.pdf", "--json").json
    assert found["pictures"] == ["sheet.pdf"]
    assert Path("sheet.pdf").read_bytes().startswith(b"%PDF")
    csi.write_text(CSI.partition("[detector]")[0], encoding="utf-8")
    drawn = cli("rate", csi.name, "-o", "folder").out.split("\n")[-3:-1]
    assert [Path(name) for name in drawn] == [Path("folder/recoil_component.png"), Path("folder/recoil_nuclide.png")]
    assert all(Path(name).read_bytes().startswith(b"\x89PNG") for name in drawn)


def test_a_steady_source_has_no_times(csi: Path, cli: Command) -> None:
    """Said on stderr; nothing is left by a window that does not hold time zero."""
    changes = ["--set", "flux={kind='reactor', thermal_power_GW=3, distance_m=20}", "--set",
               "exposure={mass_t=0.01, years=1}", "--set", "process.recoil_min_keV=0.1"]  # fmt: skip
    found = cli("rate", csi.name, *changes, "--set", "detector.time_efficiency={kind='window', min_ns=10}", "--json")
    assert found.code == 0
    assert found.json["observed_events"] == 0.0
    assert found.err == (
        "tridentgen: warning: detector.time_efficiency: reactor, 3 GW thermal, 20 m away (extrapolated "
        "from 8 to 10 MeV: 0.0076% of the flux) has no arrival times; all "
        "neutrinos count as arriving at 0 ns, where its efficiency is 0\n"
    )


BAD = {
    "only a shape": (
        ["--set", "flux={kind='monochromatic', energy_GeV=5}"],
        "--set flux={kind='monochromatic', energy_GeV=5}: a rate needs an absolute flux, and this is only a shape "
        "(single energy, 5 GeV); give a flux file, flux.area for a histogram, or a source; tridentgen xsec gives cross "
        "sections for a shape",
    ),
    "no mass": (
        ["--set", "exposure.pot=1e20"],
        "--set exposure.pot=1e20: the table [exposure] needs mass_t; give it or leave it out",
    ),
    "no protons": (
        ["--set", "exposure.mass_t=1"],
        "--set exposure.mass_t=1: exposure needs both mass_t and pot for a flux per proton or decay; give both",
    ),
    "material without the target": (
        ["--set", "exposure.material=glass"],
        "--set exposure.material=glass: does not contain process.target = 'Ar40': there is no Ar40 in material "
        "'glass', only",
    ),
    "pictures of tridents": (
        ["-o", "here"],
        "tridentgen: --output here: draws recoil spectra of CEvNS and WIMPs; for pictures of tridents use "
        "tridentgen generate, then tridentgen plot",
    ),
    "relative error": (["--rel-error", "2"], "--rel-error 2: must be a number between 0 and 1, not 2"),
}


@pytest.mark.parametrize("name", BAD)
def test_mistakes(trident: Path, cli: Command, name: str) -> None:
    options, message = BAD[name]
    found = cli("rate", trident.name, *options)
    assert (found.code, found.out) == (2, "")
    assert found.err.count("\n") == 1
    assert found.err.startswith(message)


def test_mistakes_of_coherent_scattering(csi: Path, cli: Command) -> None:
    found = cli("rate", csi.name, "-o", "sheet.gif")
    assert (found.code, found.err) == (
        2,
        "tridentgen: --output sheet.gif: unknown picture format; use a folder, or one of png, pdf, svg\n",
    )
    found = cli("rate", csi.name, "--set", "exposure.material=CsI")
    assert (found.code, found.err) == (
        2,
        "--set exposure.material=CsI: does not go with CEvNS: their target is process.target\n",
    )


def test_help_names_the_command(cli: Command, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli("--help")
    assert "rate" in capsys.readouterr().out


def test_the_page_of_the_manual(cli: Command) -> None:
    page = (Path(__file__).parents[1] / "docs" / "rates.md").read_text(encoding="utf-8")
    shown = re.search(r"\$ tridentgen rate coherent_csi\n(.*?)```", page, re.S)
    assert shown is not None
    assert cli("rate", "coherent_csi").out == shown[1]
