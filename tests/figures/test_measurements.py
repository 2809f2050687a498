"""The figure of the measurements: its own cards, and what is drawn of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.figures.cards import request, silent
from tridentgen.cards import CardError, parse_card, read_card
from tridentgen.errors import FileError
from tridentgen.figures.base import Request, card_with_flux
from tridentgen.figures.measurements import Measurements, as_json, compute, draw, text
from tridentgen.matter.materials import material

SPECTRUM = "".join(f"{energy} 0 {(30.0 - 0.1 * energy) * 1e-9} 0 0 1e-9 0\n" for energy in range(10, 260, 10))
FAST = ("sampling.events=3000", "sampling.training_points=10_000", "sampling.engine=numpy")
FILES = ("CHARMII_FHC.dat", "NuTeV_FHC.dat")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fluxes")
    for name in FILES:
        (path / name).write_text(SPECTRUM, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def numbers(folder: Path) -> Measurements:
    return compute(Request(request().card, None, folder, FAST), silent)


def test_sampling_of_the_request_and_cuts_of_the_experiments(numbers: Measurements) -> None:
    """In one and the same flux the cuts of CCFR leave less than those of NuTeV."""
    assert [p.name for p in numbers.predictions] == ["CHARM II", "CCFR", "NuTeV"]
    assert numbers.predictions[0].pieces.shape[1] == 3000 * len(material("glass").components)
    ccfr, nutev = numbers.predictions[1:]
    assert ccfr.sigma_sm_cm2 < nutev.sigma_sm_cm2 - 4.0 * nutev.error_cm2


@pytest.mark.parametrize(
    ("key", "share"),
    [
        ("cuts.m2_ll_max_GeV2=0.3", 0.8),  # leaves fewer of all
        pytest.param("process.form_factor=woods-saxon", 1.0, marks=pytest.mark.slow),  # of a larger nucleus
    ],
)
def test_keys_that_are_set_reach_the_cards_of_the_experiments(
    folder: Path, numbers: Measurements, key: str, share: float
) -> None:
    found = compute(Request(request().card, None, folder, (*FAST, key)), silent)
    for before, fewer in zip(numbers.predictions, found.predictions, strict=True):
        assert fewer.sigma_sm_cm2 < share * before.sigma_sm_cm2


def test_json_has_the_forms_over_the_standard_model(numbers: Measurements) -> None:
    for row, found in zip(as_json(numbers)["measurements"], numbers.predictions, strict=True):
        vector, axial = found.standard.vector, found.standard.axial
        assert row["vv"] * vector**2 + row["aa"] * axial**2 + row["va"] * vector * axial == pytest.approx(
            1.0, rel=1e-12
        )
        assert row["v_minus_a"] == pytest.approx(row["vv"] + row["aa"] + row["va"], rel=1e-12)
        assert row["v_minus_a"] == pytest.approx(1.75, abs=0.08)  # 1.70 in the leading logarithm
        assert row["pull"] == pytest.approx(found.measurement.pull(1.0), rel=1e-12)
        assert np.all(np.diff(row["zprime_coupling_below"]) > 0.0)


def test_picture_and_table(numbers: Measurements) -> None:
    pytest.importorskip("matplotlib")
    figure = draw(numbers)
    assert len(figure.axes) == 3
    crosses = [line for line in figure.axes[0].get_lines() if line.get_marker() == "x"]
    rows = as_json(numbers)["measurements"]
    assert [float(np.asarray(x.get_xdata())[0]) for x in crosses] == [row["v_minus_a"] for row in rows]
    lines = text(numbers).splitlines()
    assert lines[0] == "the model: V = A = 1, without the Z"
    assert [line.split("  ")[0] for line in lines[1:5]] == ["experiment", "CHARM II", "CCFR", "NuTeV"]


def test_a_missing_file_says_where_to_get_it(tmp_path: Path) -> None:
    with pytest.raises((CardError, FileError), match=r"CHARMII_FHC.dat: no such flux file; such files are published"):
        compute(Request(request().card, None, tmp_path), silent)


def test_the_folder_of_flux_files(tmp_path: Path) -> None:
    found = card_with_flux("nutev", [], tmp_path)
    assert found.flux.options["path"] == str(tmp_path / "NuTeV_FHC.dat")
    assert card_with_flux("nutev", [], None).flux.options == {"name": "nutev"}
    assert card_with_flux("ccfr", [], tmp_path).flux.options == {"name": "ccfr"}  # no file of this layout is public
    assert card_with_flux("quickstart", [], tmp_path) == read_card("quickstart")
    assert parse_card(found.text).flux.options["path"] == found.flux.options["path"]
