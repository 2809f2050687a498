"""`tridentgen floor`: its tables, pictures and complaints."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line import Command

QUICK = ("--set", "process.target=Xe131")


def test_works_as_shipped(cli: Command) -> None:
    found = cli("floor", "xenon", "--mass", "10.093", "--json").json
    (mass,) = found["masses"]
    assert mass["mass_GeV"] == 10.093
    (boundary,) = mass["boundary"]
    assert boundary["index"] == 2.0
    assert boundary["cross_section_cm2"] == pytest.approx(3.632e-48, rel=0.01)
    assert boundary["exposure_t_year"] == pytest.approx(92.5, rel=0.02)
    assert found["probability"] == {"limits": 0.9, "boundary": 0.5}
    assert {key: found["neutrinos"][4][key] for key in ("name", "error")} == {"name": "8B", "error": 0.02}


def test_text_has_both_tables(cli: Command) -> None:
    text = cli("floor", "xenon", *QUICK, "--mass", "3", "--index", "2", "2.5", "--exposure", "1", "100").out
    assert "not reached" in text
    assert "n = 2.5: sigma/cm2" in text
    assert "3 sigma with 90 % probability" in text
    assert "100 t yr" in text


def test_picture_with_points_of_others(cli: Command, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("mplhep")
    curve = tmp_path / "published.txt"
    curve.write_text("# O'Hare\nmass, sigma\n3, 1.2223e-45\n10.09 4.0552e-48\n")
    picture = tmp_path / "fog.png"
    said = cli("floor", "xenon", *QUICK, "--mass", "3", "10", "--exposure", "1", "-o", str(picture),
               "--curve", str(curve))  # fmt: skip
    assert said.code == 0
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("xenon", "--mass", "ten"), "--mass ten: 'ten' is not a number"),
        (("xenon", "--mass", "-3"), "mass = -3.0: must be a number from 0.01 to 1e+06"),
        (("xenon", "--mass", "nan"), "must be a number from"),
        (("xenon", "--exposure", "0"), "exposure = 0.0: must be a number from"),
        (("xenon", "--index", "1"), "index = 1.0: must be a number from 1.3 to 50"),
        (("xenon", "--mass", "0.02"), "and the smallest one here is 0.0001 keV"),
        (("xenon", "--free", "model.sin2_theta_w"), "needs a relative error, as in model.sin2_theta_w=0.1"),
        (("xenon", "--free", "model.sin2_theta_w=2"), "must be above 0, at most 0.5"),
        (("xenon", "--free", "model.nsi.eps_u.ee=0.1"), "cannot be free in the fog"),
        (("xenon", "--free", "model.sin2_theta_w=0.1", "model.sin2_theta_w=0.2"), "is given twice"),
        (("xenon_wimp", "--mass", "1"), "and the smallest one here is 0.5 keV"),
        (
            ("xenon_wimp", "--mass", "5", "--set", "detector.threshold_keVnr=30"),
            "the detector sees none of its recoils",
        ),
        (("xenon", "--set", "process.target=CH4", "--free", "process.neutron_radius_fm=0.1"), "H1 is a single proton"),
        (("xenon", "--curve", "a.txt"), "give its name with --output"),
        (("xenon", "-o", "a.jpeg"), "unknown picture format"),
        (("xenon", "--set", "floor.convention=ohare"), "must be one of exact, ohare-2021"),
        (("xenon", "--set", "floor.convention=ohare-2021", "--set", "floor.bins=100"), "is 50 with convention"),
        (("xenon", "--set", "floor.errors.9B=0.1"), "unknown key 'floor.errors.9B'"),
        (("xenon", "--set", "floor.energy_max_keV=1e-5"), "must be above energy_min_keV"),
        (("xenon_b8",), "use a card of process.kind = 'wimp', such as the built-in card xenon"),
        (("xenon_b8", "--set", "floor.bins=100"), "goes with process.kind = 'wimp', not 'cevns'"),
        (("xenon_wimp", "--set", "floor.convention=ohare-2021"), "is that of a perfect detector"),
    ],
)
def test_mistakes_give_one_line(cli: Command, words: tuple[str, ...], said: str) -> None:
    outcome = cli("floor", *words)
    assert outcome.code == 2
    assert said in outcome.err
    assert outcome.err.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("3 1e-45\n10 -1e-48\n", "curve.txt:2: needs a mass in GeV and a cross section in cm2"),
        ("3 1e-45\n10\n", "curve.txt:2: needs a mass"),
        ("3 1e-45\n", "has fewer than two lines"),
    ],
)
def test_curves_that_cannot_be_drawn(cli: Command, tmp_path: Path, text: str, said: str) -> None:
    pytest.importorskip("mplhep")
    (tmp_path / "curve.txt").write_text(text)
    outcome = cli("floor", "xenon", "-o", str(tmp_path / "a.png"), "--curve", str(tmp_path / "curve.txt"))
    assert outcome.code == 2
    assert said in outcome.err
