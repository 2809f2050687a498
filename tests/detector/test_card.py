from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from tridentgen.detector import (
    Constant,
    ConstantEfficiency,
    GammaResolution,
    GaussianResolution,
    Lindhard,
    Polynomial,
    SigmoidEfficiency,
    TableEfficiency,
    TableQuenching,
    linear_factor,
    quenching,
)
from tridentgen.detector.card import DetectorCard, read_detector_table
from tridentgen.detector.efficiency import coherent_lar
from tridentgen.errors import FileError, InputError
from tridentgen.matter.materials import material
from tridentgen.matter.nuclei import nuclide
from tridentgen.toml.tables import POSITIVE, Document, Table

CSI = [nuclide("I127"), nuclide("Cs133")]
AR40 = [nuclide("Ar40")]

COHERENT = """\
[detector]
quenching = "csi-2021"
light_yield = 13.35
threshold_keVee = 0.4
threshold_keVnr = 5
quenched_min_keVee = 0.1
[detector.resolution]
kind = "gamma"
shape_per_keVee = 9.56
[detector.efficiency]
kind = "sigmoid"
amplitude = 1.32045
slope = 0.285979
centre = 10.8646
offset = -0.333322
unit = "PE"
"""


def read(text: str, *overrides: str) -> tuple[DetectorCard | None, tuple[str, ...]]:
    """Read the table of a card; return it and the lines of all mistakes."""
    document = Document(text, "bad.toml", overrides)
    root = Table(document, (), document.data)
    card = read_detector_table(root.table("detector"))
    root.finish()
    return card, document.messages


def good(text: str) -> DetectorCard:
    card, messages = read(text)
    assert messages == ()
    assert card is not None
    return card


def test_no_detector() -> None:
    assert read('title = "x"')[0] is None


def test_an_empty_table_sees_recoil_energies() -> None:
    detector = good("[detector]").detector(AR40)
    assert detector.quenchings == (Constant(1.0),)
    assert detector.resolution is None
    assert detector.efficiency == detector.recoil_efficiency == ConstantEfficiency()
    assert (detector.threshold_keVee, detector.threshold_keVnr) == (0.0, 0.0)


def test_coherent() -> None:
    detector = good(COHERENT).detector(CSI)
    assert detector.quenchings == tuple(quenching("csi-2021", target) for target in CSI)
    assert detector.resolution == GammaResolution(9.56)
    assert detector.efficiency == SigmoidEfficiency(1.32045, 0.285979, 10.8646, -0.333322, 13.35)
    assert detector.recoil_efficiency == ConstantEfficiency()
    assert (detector.threshold_keVee, detector.threshold_keVnr, detector.quenched_min_keVee) == (0.4, 5.0, 0.1)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ('kind = "lindhard"', Lindhard.of(AR40[0])),
        ('kind = "lindhard"\nk = 0.162\ncutoff_keV = 0.2', Lindhard.of(AR40[0], 0.162, 0.2)),
        ('kind = "lindhard"\nk = 0.157\nq_keV = -0.03', Lindhard.of(AR40[0], 0.157, q_keV=-0.03)),
        ('kind = "constant"\nfactor = 0.25', Constant(0.25)),
        ('kind = "linear"\nfactor = 0.2\nslope_per_keV = 1e-3\nvalid_to_keV = 100', linear_factor(0.2, 1e-3, 100.0)),
        ('kind = "polynomial"\ncoefficients = [0.1, 2]\nvalid_to_keV = 60', Polynomial((0.1, 2.0), 60.0)),
        ('kind = "lar"', quenching("lar", AR40[0])),
        ('kind = "none"', Constant(1.0)),
    ],
)
def test_every_quenching(given: str, expected: object) -> None:
    assert good(f"[detector.quenching]\n{given}").detector(AR40).quenchings == (expected,)


def test_a_published_efficiency() -> None:
    detector = good('[detector]\nefficiency = { kind = "coherent-lar" }').detector(AR40)
    assert detector.efficiency == coherent_lar()
    assert detector.recoil_efficiency == ConstantEfficiency()
    wrong = read('[detector]\nefficiency = { kind = "coherent-lar", unit = "keVnr" }')[1]
    assert wrong == ("bad.toml:2: unknown key 'detector.efficiency.unit'",)


def test_each_nuclide_its_own() -> None:
    text = '[detector.quenching]\nI127 = "nai"\nXe = "xe"\nCs = { kind = "constant", factor = 0.1 }'
    detector = good(text).detector([*CSI, nuclide("Xe129")])
    assert detector.quenchings == (Constant(0.05), Constant(0.1), quenching("xe", nuclide("Xe132")))


def test_isotopes_of_an_element() -> None:
    isotopes = [target for target, _ in material("Xe").components]
    lindhard = good('[detector]\nquenching = "lindhard"').detector(isotopes)
    assert lindhard.quenchings == tuple(Lindhard.of(target) for target in isotopes)


def test_tables_are_sought_beside_the_card(tmp_path: Path) -> None:
    (tmp_path / "qf.dat").write_text("# keV factor\n1 0.1\n5, 0.2\n", encoding="utf-8")
    (tmp_path / "ee.dat").write_text("1 0.1\n5 1.0\n", encoding="utf-8")
    (tmp_path / "eff.dat").write_text("5 0\n10 0.8\n", encoding="utf-8")
    text = (
        '[detector]\nlight_yield = 10\nefficiency = { kind = "table", path = "eff.dat", unit = "PE" }\n'
        '[detector.quenching]\nCs = { kind = "table", path = "qf.dat" }\n'
        'I = { kind = "table", path = "ee.dat", column = "keVee" }\n'
    )
    detector = good(text).detector(CSI, tmp_path)
    iodine, caesium = detector.quenchings
    assert isinstance(iodine, TableQuenching)
    assert isinstance(caesium, TableQuenching)
    assert float(iodine(np.float64(3e-6))) == pytest.approx(0.55e-6)
    assert float(caesium(np.float64(3e-6))) == pytest.approx(0.45e-6)
    assert isinstance(detector.efficiency, TableEfficiency)
    assert float(detector.efficiency(np.float64(0.75))) == pytest.approx(0.4)


def test_isotopes_share_a_table(tmp_path: Path) -> None:
    (tmp_path / "qf.dat").write_text("1 0.1\n5 0.2\n", encoding="utf-8")
    detector = good('[detector.quenching]\nkind = "table"\npath = "qf.dat"').detector(CSI, tmp_path)
    assert detector.quenchings[0] is detector.quenchings[1]


def test_efficiency_of_the_recoil_energy() -> None:
    text = '[detector.efficiency]\nkind = "sigmoid"\namplitude = 0.9\nslope = 1\ncentre = 20\nunit = "keVnr"'
    detector = good(text).detector(AR40)
    assert detector.efficiency == ConstantEfficiency()
    assert detector.recoil_efficiency == SigmoidEfficiency(0.9, 1.0, 20.0)


def test_short_forms() -> None:
    detector = good("[detector]\nefficiency = 0.8\nresolution = { a_keVee = 0.1, c = 0.02 }").detector(AR40)
    assert detector.efficiency == ConstantEfficiency(0.8)
    assert detector.resolution == GaussianResolution(0.1, 0.0, 0.02)


def test_the_cards_of_the_manual() -> None:
    page = (Path(__file__).parents[2] / "docs" / "detector.md").read_text(encoding="utf-8")
    first, second, *_ = re.findall(r"```toml\n(.*?)```", page, re.S)  # the others are about where and when
    assert good(first).detector(CSI).resolution == GammaResolution(9.56)
    assert set(good(second).quenching) == {"Na", "I"}


def test_other_keys_are_left_to_the_caller() -> None:
    document = Document("[detector]\nradius_m = 1.0\n", "x.toml")
    table = Table(document, (), document.data).table("detector")
    read_detector_table(table)
    assert table.read("radius_m", POSITIVE, 0.0) == 1.0
    table.finish()
    assert document.messages == ()


MISTAKES = [
    (
        '[detector]\nquenching = "csi-2012"',
        "2: detector.quenching: must be one of none, lindhard, csi, csi-2021, ge, lar, nai, nai-dama, si, xe, "
        "not 'csi-2012', did you mean 'csi-2021'?",
    ),
    (
        "[detector]\nquenching = 0.25",
        "2: detector.quenching: must be one of none, lindhard, csi, csi-2021, ge, lar, nai, nai-dama, si, xe, "
        "or a table with a kind, not 0.25",
    ),
    (
        "[detector.quenching]\nfactor = 0.25",
        "1: key 'detector.quenching.kind' is missing",
    ),
    (
        '[detector.quenching]\nkind = "linhard"',
        "2: detector.quenching.kind: must be one of none, lindhard, csi, csi-2021, ge, lar, nai, nai-dama, si, xe, "
        "constant, linear, polynomial, table, not 'linhard', did you mean 'lindhard'?",
    ),
    (
        '[detector.quenching]\nkind = "constant"',
        "1: key 'detector.quenching.factor' is missing: quenching.kind = 'constant' needs it",
    ),
    (
        '[detector.quenching]\nkind = "constant"\nfactor = 25',
        "3: detector.quenching.factor: must be a number above 0 and at most 1, not 25",
    ),
    (
        '[detector.quenching]\nkind = "lindhard"\ncutoff_kev = 0.16',
        "3: unknown key 'detector.quenching.cutoff_kev', did you mean 'cutoff_keV'?",
    ),
    (
        '[detector.quenching]\nkind = "polynomial"\ncoefficients = [0.1, -20]\nvalid_to_keV = 60',
        "1: detector.quenching: the quenching factor at a recoil of 5.013 keV is -0.0002501; "
        "it must lie between 0 and 1",
    ),
    (
        '[detector.quenching]\nCs = "csi"\nAr = "csi"',
        "3: detector.quenching.Ar: quenching 'csi' is for Cs and I, not for Ar36; "
        "use 'lindhard', or give a table or factor for it",
    ),
    (
        '[detector.quenching]\nCs = "csi"\nXx = "csi"',
        "3: unknown key 'detector.quenching.Xx'",
    ),
    (
        "[detector.resolution]\nb_sqrt_keVe = 0.1",
        "2: unknown key 'detector.resolution.b_sqrt_keVe', did you mean 'b_sqrt_keVee'?",
    ),
    (
        '[detector.resolution]\nkind = "gamma"',
        "1: key 'detector.resolution.shape_per_keVee' is missing: resolution.kind = 'gamma' needs it",
    ),
    (
        '[detector.resolution]\nkind = "normal"',
        "2: detector.resolution.kind: must be one of gaussian, gamma, not 'normal'",
    ),
    (
        "[detector.resolution]\nc = -1",
        "2: detector.resolution.c: must be a non-negative number, not -1",
    ),
    (
        '[detector.efficiency]\nkind = "sigmoid"\namplitude = 0.9\nslope = 1\ncentre = 20\nunit = "PE"',
        "6: detector.efficiency.unit: photoelectrons require 'detector.light_yield', in photoelectrons per keVee",
    ),
    (
        '[detector.efficiency]\nkind = "sigmoid"\namplitude = 0.9\nslope = 1\ncentre = 20\noffset = -1',
        "1: detector.efficiency: a sigmoid efficiency with this amplitude and offset is 0 or 1 at all energies",
    ),
    (
        "[detector]\nefficiency = 80",
        "2: detector.efficiency: must be a number above 0 and at most 1, not 80",
    ),
    (
        "[detector]\nthreshold_keVnr = -1",
        "2: detector.threshold_keVnr: must be a non-negative number, not -1",
    ),
    (
        "[detector]\nthreshold_kevee = 1",
        "2: unknown key 'detector.threshold_kevee', did you mean 'threshold_keVee'?",
    ),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES)
def test_mistakes(text: str, message: str) -> None:
    assert read(text)[1] == (f"bad.toml:{message}",)


def test_an_empty_resolution_is_a_mistake() -> None:
    messages = read("[detector.resolution]\nc = 0")[1]
    assert messages == (
        "bad.toml:1: detector.resolution: a Gaussian resolution needs one of a_keVee, b_sqrt_keVee, c above zero",
    )


def test_an_override_is_named() -> None:
    assert read("[detector]", "detector.light_yield=0")[1] == (
        "--set detector.light_yield=0: must be a positive number, not 0",
    )


def test_a_nuclide_without_quenching() -> None:
    card = good('[detector.quenching]\nCs = "csi"')
    with pytest.raises(InputError, match=r"^detector.quenching: no entry for I127, only for Cs; add \[detector.quench"):
        card.detector(CSI)
    with pytest.raises(InputError, match=r"^detector.quenching: quenching 'csi-2021' is for Cs and I, not for Ar40"):
        good(COHERENT).detector(AR40)


def test_files_that_are_no_tables(tmp_path: Path) -> None:
    card = good('[detector.quenching]\nkind = "table"\npath = "qf.dat"')
    path = tmp_path / "qf.dat"
    with pytest.raises(FileError, match=r"qf.dat: no such file, for detector.quenching.path; check the path"):
        card.detector(AR40, tmp_path)
    for text, message in (
        ("1 2 3\n", "3 columns, but detector.quenching requires a table with two"),
        ("1 0.1\n1 0.2\n", "energy 1 of a table does not exceed the one before it"),
        ("1 13\n2 15\n", "quenching factor at a recoil of .* is 13; it must lie between 0 and 1"),
        ("1 x\n", "'x' in column 1 is not a number"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(FileError, match=message):
            card.detector(AR40, tmp_path)
    too_long = good(f'[detector.quenching]\nkind = "table"\npath = "{"q" * 4000}"')
    with pytest.raises(FileError, match="cannot be reached"):
        too_long.detector(AR40, tmp_path)
    path.write_text("1 0.1\n2 80\n", encoding="utf-8")
    efficiency = good('[detector.efficiency]\nkind = "table"\npath = "qf.dat"')
    with pytest.raises(FileError, match="efficiency 80 of a table is not between 0 and 1"):
        efficiency.detector(AR40, tmp_path)
