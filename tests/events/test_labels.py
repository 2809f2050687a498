from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.events.synthetic import trident_events
from tests.events.synthetic_cevns import cevns_events
from tridentgen.analysis.summary import summary
from tridentgen.events import labels
from tridentgen.matter.nuclei import nuclide
from tridentgen.matter.particles import NEUTRINOS
from tridentgen.processes.cevns.labels import channel_names
from tridentgen.reports.event_files import events_text


def test_channels_are_split_into_component_nuclide_and_final_state() -> None:
    given = {"channel_names": "prompt-numu/Cs133,8B-nue/Xe132/upscattering"}
    assert channel_names(given) == (
        ("prompt-numu", "Cs133", "elastic"),
        ("8B-nue", "Xe132", "upscattering"),
    )
    assert channel_names({}) == ()


def test_codes_have_the_names_of_cards() -> None:
    for name, neutrino in NEUTRINOS.items():
        assert labels.neutrino_name(neutrino.pdgid) == name
    for name in ("H1", "Ar40", "Cs133", "Pb208", "W184"):
        assert labels.nuclide_name(nuclide(name).pdgid) == name
    for told in (labels.neutrino_name(11), labels.nuclide_name(2112), labels.nuclide_name(1009990010)):
        assert told.isdigit()


def test_summary_shares_the_cross_section_by_component_flavour_and_nuclide(tmp_path: Path) -> None:
    events = cevns_events(3000, finals=("", "upscattering"))
    events.to_hdf5(tmp_path / "e.h5")
    told = summary(tmp_path / "e.h5")
    assert told["regimes"] == {}
    assert list(told["components"]) == ["prompt-numu", "delayed-nue", "delayed-numubar"]
    assert list(told["flavours"]) == ["nue", "numu", "numubar"]
    assert list(told["isotopes"]) == ["I127", "Cs133"]
    assert list(told["final_states"]) == ["elastic", "upscattering"]
    caesium = events["isotope"] == 1000551330
    assert told["isotopes"]["Cs133"]["events"] == caesium.sum()
    assert told["isotopes"]["Cs133"]["sum_weight"] == pytest.approx(events["weight"][caesium].sum(), rel=1e-12, abs=0.0)
    # The component of a channel and the flavour of an event tell the same here.
    for component, flavour in (("prompt-numu", "numu"), ("delayed-nue", "nue")):
        assert told["components"][component]["events"] == (events["flavour"] == NEUTRINOS[flavour].pdgid).sum()
    for key in ("components", "flavours", "isotopes", "final_states"):
        assert sum(part["share"] for part in told[key].values()) == pytest.approx(1.0, rel=1e-12)
        assert sum(part["events"] for part in told[key].values()) == 3000


def test_a_summary_of_tridents_has_no_components(tmp_path: Path) -> None:
    trident_events(100).to_hdf5(tmp_path / "e.h5")
    told = summary(tmp_path / "e.h5")
    assert told["components"] == told["flavours"] == told["isotopes"] == told["final_states"] == {}
    assert "source components" not in events_text(told)


def test_a_channel_without_a_name_keeps_its_code(tmp_path: Path) -> None:
    events = cevns_events(50)
    events["channel"][:10] = 77
    events.to_hdf5(tmp_path / "e.h5")
    assert summary(tmp_path / "e.h5")["components"]["77"]["events"] == 10


def test_shares_are_printed_under_their_headings(tmp_path: Path) -> None:
    events = cevns_events(1000, nuclides=("Cs133",))
    events.to_hdf5(tmp_path / "e.h5")
    lines = events_text(summary(tmp_path / "e.h5")).splitlines()
    share = np.mean(events["flavour"] == 14)
    assert f"{share:.1%} of the cross section" in next(line for line in lines if "prompt-numu" in line)
    headings = [line.strip() for line in lines if line.strip() in ("source components", "flavours", "nuclides")]
    assert headings == ["source components", "flavours", "nuclides"]
    assert not any("final states" in line for line in lines)  # there is only one
    assert all(line == line.rstrip() for line in lines)
