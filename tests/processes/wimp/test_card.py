"""Cards of dark matter: what they mean, and what they refuse in one line with its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import tridentgen as tg
from tests.command_line import Command
from tridentgen.cards import CardError, parse_card
from tridentgen.runs.job import beam_of, placed_job

CARD = """\
title = "x"
[process]
kind = "wimp"
target = "Xe"
cross_section_cm2 = 1e-46
recoil_min_keV = 0.5
[model]
fn_over_fp = -0.7
[flux]
kind = "halo"
mass_GeV = 30
[sampling]
events = 500
engine = "numpy"
training_points = 2000
"""


def changed(*pairs: tuple[str, str]) -> str:
    text = CARD
    for old, new in pairs:
        assert text.count(old) == 1
        text = text.replace(old, new)
    return text


def message(text: str) -> str:
    with pytest.raises(CardError) as caught:
        placed_job(parse_card(text, path="bad.toml"))
    (line,) = caught.value.messages
    return str(line)


def test_what_a_card_means() -> None:
    card = parse_card(CARD)
    assert card.reaction == tg.Wimp("Xe", 1e-46, tg.WimpModel(fn_over_fp=-0.7), recoil_min_keV=0.5)
    assert beam_of(card) == tg.halo(30.0)
    other = parse_card(changed(("mass_GeV = 30", 'mass_GeV = 30\nconvention = "baxter-2021"\ndate = "2026-06-02"')))
    assert beam_of(other) == tg.halo(30.0, convention="baxter-2021", date="2026-06-02")


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        (("cross_section_cm2 = 1e-46\n", ""), "bad.toml:2: key 'process.cross_section_cm2' is missing"),
        (("1e-46", "-1e-46"), "bad.toml:5: process.cross_section_cm2: must be a positive number, not -1e-46"),
        (("1e-46", "1e-2"), "process.cross_section_cm2: cross_section_cm2 = 0.01 must be from 1e-70 to 1e-20"),
        (('"Xe"', '"Xx"'), "bad.toml:4: process.target: unknown"),
        (("target", "mass_GeV = 5\ntarget"), "bad.toml:4: process.mass_GeV: is a key of [flux], where the mass"),
        (("target", 'neutrino = "nue"\ntarget'), "bad.toml:4: unknown key 'process.neutrino'"),
        (("fn_over_fp = -0.7", "a_p = 1"), "bad.toml:8: model.a_p = 1.0 belongs to interaction = 'SD', not 'SI'"),
        (("fn_over_fp = -0.7", 'interaction = "SD"'), "bad.toml:8: model.interaction = 'SD' needs a_p or a_n"),
        (("fn_over_fp = -0.7", 'interaction = "sd"'), "bad.toml:8: model.interaction: must be one of SI, SD"),
        (("fn_over_fp = -0.7", "mediator_mass_GeV = 1e-7"), "bad.toml:6: process.recoil_min_keV"),
        (("mass_GeV = 30", ""), "bad.toml:9: key 'flux.mass_GeV' is missing: flux.kind = 'halo' needs it"),
        (("mass_GeV = 30", "mass_GeV = -3"), "bad.toml:11: flux.mass_GeV = -3.0 must be a mass from 0.001"),
        (("mass_GeV = 30", 'mass_GeV = 30\ndate = "June"'), "bad.toml:12: flux.date = 'June' must be a day as in"),
        (("mass_GeV = 30", "mass_GeV = 30\ndate = 2026-06-02"), "bad.toml:12: flux.date: must be a string in quotes"),
        (("mass_GeV = 30", "mass_GeV = 30\nenergy_GeV = 1"), "bad.toml:12: unknown key 'flux.energy_GeV'"),
        (("mass_GeV = 30", 'mass_GeV = 30\ndate = "2026-06-02"\nv_lab_km_s = 232'), "flux.v_lab_km_s = 232.0 stands"),
        (("mass_GeV = 30", "mass_GeV = 1.0"), "bad.toml:11: flux.mass_GeV: no recoil above recoil_min_keV = 0.5"),
        (('"halo"\nmass_GeV = 30', '"solar"'), "bad.toml:10: flux.kind: is a flux of neutrinos, but the process takes"),
        (
            ('"halo"\nmass_GeV = 30', '"monochromatic"\nenergy_GeV = 1'),
            "bad.toml:10: flux.kind: is a flux of neutrinos, but the process takes dark matter: use 'halo'",
        ),
        (("[sampling]", "[exposure]\nmass_t = 1\nmaterial = 'Xe'\n[sampling]"), "does not go with WIMP recoils"),
        (("[sampling]", "[cuts]\ne_nu_min_GeV = 1\n[sampling]"), "bad.toml:13: unknown key 'cuts.e_nu_min_GeV'"),
        (("[sampling]", "[detector.beam]\ndivergence_mrad = 1\n[sampling]"), "belongs to beams of neutrinos"),
        (("[sampling]", "[detector.spill]\nlength_us = 1\nkind = 'uniform'\n[sampling]"), "a spill belongs to beams"),
    ],
)  # fmt: skip
def test_mistakes_are_named_with_their_place(pair: tuple[str, str], expected: str) -> None:
    if "mediator" in pair[1]:
        text = changed(pair, ("recoil_min_keV = 0.5", "recoil_min_keV = 0"))
        expected = "bad.toml:6: process.recoil_min_keV: recoil_min_keV = 0 does not go with a mediator of 1e-07 GeV"
    else:
        text = changed(pair)
    assert expected in message(text)


def test_other_processes_refuse_the_halo() -> None:
    text = changed(
        ('"wimp"', '"cevns"'), ("cross_section_cm2 = 1e-46\n", ""), ("[model]\nfn_over_fp = -0.7\n", "")
    )  # fmt: skip
    expected = "flux.kind: is a flux of dark matter, but the process takes neutrinos: choose a flux of neutrinos"
    assert expected in message(text)


def test_xsec_by_options(cli: Command) -> None:
    """Of fluorine with one spin, averaged over the flux, sigma_A itself; an energy is refused."""
    command = ["xsec", "--process", "wimp", "--target", "F19", "--set", "process.cross_section_cm2=1e-42"]
    command += ["--set", "flux.mass_GeV=100", "--set", "process.form_factor='unit'", "--engine", "numpy"]
    spins = ["--set", "model.interaction='SD'", "--set", "model.a_p=1"]
    (row,) = cli(*command, *spins, "--json").json["results"]
    assert (row["nu"], row["regime"], row["energy_GeV"]) == ("chi", "SD", None)
    assert row["sigma_cm2"] == pytest.approx(1e-42 * 4 * 0.478**2 * (15.03259 / 0.929551) ** 2, rel=3e-3)
    refused = cli(*command, "--energy", "5GeV")
    assert refused.code == 2
    assert "--energy 5GeV: is a flux of neutrinos, but the process takes dark matter" in refused.err
    assert cli("xsec", "--process", "wimp", "--target", "Xe").err.count("\n") == 2
    assert "xsec needs a card, or also --target" in cli("xsec", "--process", "wimp").err


def test_rates_above_several_energies(cli: Command, tmp_path: Path) -> None:
    """They fall, and the first is that of all recoils; per kilogram and day by the Julian year."""
    path = tmp_path / "card.toml"
    path.write_text(changed(("[sampling]", "[exposure]\nmass_t = 2\nyears = 3\n[sampling]")), encoding="utf-8")
    found = cli("rate", path, "--json").json
    rows = found["recoils_above"]
    assert [row["recoil_min_keV"] for row in rows] == [0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0]
    events = [row["events"] for row in rows]
    assert events == sorted(events, reverse=True)
    assert events[0] == pytest.approx(found["events"], rel=1e-9)
    for row in rows:
        assert row["per_t_year"] == pytest.approx(row["events"] / 6.0, rel=1e-12)
        assert row["per_kg_day"] == pytest.approx(row["events"] / 6.0 / 365_250.0, rel=1e-12)
    assert set(found["by_nuclide"]) == {f"Xe{A}" for A in (124, 126, 128, 129, 130, 131, 132, 134, 136)}
    assert "by_flavour" not in found
    assert "per t and year" in cli("rate", path).out


def test_the_wind_has_a_direction_in_the_detector(cli: Command, tmp_path: Path) -> None:
    path = tmp_path / "card.toml"
    text = changed(("[sampling]", '[detector]\nvolume = {shape = "sphere", radius_cm = 50}\nbeam = '
                    "{direction = [0, 3, 4]}\n[sampling]"))  # fmt: skip
    path.write_text(text, encoding="utf-8")
    assert cli("generate", path, "-o", tmp_path / "e.h5").code == 0
    events = tg.read(tmp_path / "e.h5")
    p = events["p4_recoil"][:, 1:]
    wind = (0.6 * p[:, 1] + 0.8 * p[:, 2]) / (p**2).sum(axis=1) ** 0.5
    assert wind == pytest.approx(events["cos_theta"], abs=1e-9)
    assert json.loads(str(events.attributes["halo"]))["mass_GeV"] == 30.0
    assert cli("verify", tmp_path / "e.h5").code == 0


def test_flux_show_tells_the_speeds_of_the_halo(cli: Command) -> None:
    shown = cli("flux", "show", "xenon_wimp", "--json").json
    assert shown["mean_speed_km_s"] == pytest.approx(329.517, abs=1e-3)
    assert shown["components"] == []
    assert "no neutrinos and no spectrum" in cli("flux", "show", "halo", "-o", "x.png").err
    assert "halo: flux: has dark matter and no nue" in cli("flux", "show", "halo", "--neutrino", "nue").err
