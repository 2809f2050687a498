"""Events of others: what we write is read back, and what others write is understood."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import numpy as np
import pytest

import tridentgen as tg
from tests.command_line import Command
from tests.exchange.export.samples import KINDS, Samples
from tridentgen.errors import FileError, InputError, TridentgenError
from tridentgen.events.events import Events
from tridentgen.exchange.export.convert import export_events
from tridentgen.exchange.importing.formats import read_foreign
from tridentgen.exchange.importing.hepevt import read_hepevt

HEPEVT = """\
# a comment
7 6
0 14 0 0 3 6 0 0 10 10 0 0 0 0 0
0 1000180400 0 0 3 6 0 0 0 37.2155407 37.2155407 0 0 0 0
1 14 1 2 0 0 0.1 0 2 2.0024984394500787 0 0 0 0 0
1 13 1 2 0 0 -0.1 0.05 4 4.002957136 0.1056583755 0 0 0 0
1 -13 1 2 0 0 0.0 -0.05 3.9 3.901751135 0.1056583755 0 0 0 0
1 1000180400 1 2 0 0 0.0 0.0 0.1 37.2156750 37.2155407 0 0 0 0
"""


def assert_like(found: Events, wanted: Events, digits: float) -> None:
    """Compare all columns that both have, to the digits that cancellation leaves."""
    for name in ("event_id", "e_nu", "p4_nu_in", "p4_nu_out", "p4_recoil"):
        assert np.allclose(found[name], wanted[name], rtol=1e-14, atol=0.0), name
    for name in set(found.columns) & set(wanted.columns) - {"weight", "channel", "time"}:
        scale = np.max(np.abs(wanted[name]), axis=0)
        assert np.allclose(found[name], wanted[name], rtol=digits, atol=digits * float(np.max(scale))), name


@pytest.mark.parametrize("kind", KINDS)
def test_nuhepmc_is_read_back(source: Path, events: Events, tmp_path: Path) -> None:
    pytest.importorskip("pyhepmc", reason="reading HepMC needs pyhepmc")
    export_events(source, tmp_path / "o.hepmc3.gz")
    found = read_foreign(tmp_path / "o.hepmc3.gz")
    assert_like(found, events, 1e-9)
    assert np.allclose(found["weight"], events["weight"], rtol=1e-12, atol=0.0)
    assert found.attributes["sigma"] == pytest.approx(events.attributes["sigma"], rel=1e-14, abs=0.0)
    assert found.attributes["process"] == events.attributes["process"]
    if "time" in events.columns:
        assert np.allclose(found["time"], events["time"], rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_hepevt_is_read_back(source: Path, events: Events, tmp_path: Path) -> None:
    export_events(source, tmp_path / "o.hepevt", flavour="edep-sim")
    found = read_hepevt(tmp_path / "o.hepevt", sigma_cm2=3e-42)
    assert_like(found, events, 1e-9)
    assert np.allclose(found["weight"], 3e-42 / len(events), rtol=1e-12, atol=0.0)
    assert set(read_foreign(tmp_path / "o.hepevt")["weight"]) == {1.0}


@pytest.mark.parametrize("kind", KINDS)
def test_there_and_back_and_there(cli: Command, source: Path, events: Events, tmp_path: Path) -> None:
    pytest.importorskip("pyhepmc", reason="reading HepMC needs pyhepmc")
    assert cli("convert", source, tmp_path / "a.hepmc3").code == 0
    found = cli("convert", tmp_path / "a.hepmc3", tmp_path / "b.h5")
    assert (found.code, found.err, found.out) == (0, "", f"{tmp_path / 'b.h5'}\n")
    again = tg.read(tmp_path / "b.h5")
    assert again.sum_weights == pytest.approx(events.sum_weights, rel=1e-12, abs=0.0)
    assert cli("convert", tmp_path / "b.h5", tmp_path / "c.hepmc3").code == 0
    first, second = ((tmp_path / f"{name}.hepmc3").read_text().splitlines() for name in "ac")
    particles = [[line for line in lines if line.startswith(("E ", "P ", "V "))] for lines in (first, second)]
    assert len(particles[0]) == len(particles[1])
    for one, other in zip(*particles, strict=True):
        old, new = (np.array(re.sub(r"[^-+.e\d]", " ", line).split(), dtype=float) for line in (one[1:], other[1:]))
        assert np.allclose(old, new, rtol=1e-12, atol=1e-9 * np.max(np.abs(old))), (one, other)


def test_events_of_another_generator(tmp_path: Path) -> None:
    """HepMC3 in GeV and cm, written by the library, with the cross section of E.C.4 in 1e-38 cm^2."""
    pyhepmc = pytest.importorskip("pyhepmc", reason="writing with the HepMC3 library needs pyhepmc")
    run = pyhepmc.GenRunInfo()
    run.weight_names = ["CV"]
    run.tools = [pyhepmc.GenRunInfo.ToolInfo("Other", "2.0", "")]
    run.attributes = {
        "NuHepMC.Units.CrossSection.Unit": "10-38 cm2",
        "NuHepMC.Units.CrossSection.TargetScale": "PerAtom",
    }
    with pyhepmc.open(str(tmp_path / "o.hepmc3"), "w") as file:
        for n, weight in enumerate((1.0, 3.0)):
            event = pyhepmc.GenEvent(pyhepmc.Units.GEV, pyhepmc.Units.CM)
            event.run_info, event.event_number, event.weights = run, n, [weight]
            section = pyhepmc.GenCrossSection()
            section.set_cross_section(2.5e-4, 1e-6, 2, 2)
            event.cross_section = section
            vertex = pyhepmc.GenVertex()
            vertex.status = 1
            for line in HEPEVT.splitlines()[2:]:
                words = line.split()
                particle = pyhepmc.GenParticle(tuple(map(float, words[6:10])), int(words[1]), 1)
                particle.generated_mass = float(words[10])
                if words[0] == "0":
                    particle.status = 4 if words[1] == "14" else 20
                    vertex.add_particle_in(particle)
                else:
                    vertex.add_particle_out(particle)
            event.add_vertex(vertex)
            file.write(event)
    found = read_foreign(tmp_path / "o.hepmc3")
    assert found["weight"] == pytest.approx([0.25 * 2.5e-42, 0.75 * 2.5e-42], rel=1e-12, abs=0.0)
    assert found["p4_minus"][0] == pytest.approx([4.002957136, -0.1, 0.05, 4.0], rel=1e-12)
    assert found.attributes["tools"] == "Other 2.0"
    assert found["regime"].tolist() == [0, 0]


def test_columns_of_a_simple_event(tmp_path: Path) -> None:
    (tmp_path / "o.hepevt").write_text(HEPEVT)
    found = read_foreign(tmp_path / "o.hepevt")
    minus, plus = found["p4_minus"][0], found["p4_plus"][0]
    pair = minus + plus
    assert found["m2_ll"][0] == pytest.approx(pair[0] ** 2 - np.dot(pair[1:], pair[1:]), rel=1e-12)
    angle = np.arccos(np.dot(minus[1:], plus[1:]) / np.linalg.norm(minus[1:]) / np.linalg.norm(plus[1:]))
    assert found["delta_theta"][0] == pytest.approx(angle, rel=1e-9)
    assert found["theta_minus"][0] == pytest.approx(np.arctan2(np.hypot(0.1, 0.05), 4.0), rel=1e-12)
    mass = 37.2155407
    assert found["recoil_energy"][0] == pytest.approx(np.sqrt(mass**2 + 0.01) - mass, rel=1e-9)
    assert found["q2"][0] == pytest.approx(2.0 * mass * (np.sqrt(mass**2 + 0.01) - mass), rel=1e-9)
    assert (found["event_id"][0], found["regime"][0]) == (7, 0)
    assert found.attributes["lepton_minus"] == "mu-"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("7 6\n", "7 7\n", "is cut short: particles of event 7 are missing"),
        ("7 6\n", "7\n", "is cut short: particles of event 0 are missing"),
        ("7 6\n", "7 x\n", ":2: expected the head of an event, such as 'event particles'"),
        ("0 14 0 0 3 6 0 0", "0 14 0 0 3 6 0", ":3: expected the 15 columns of a particle"),
        ("1 13 1 2 0 0 -0.1", "1 13 1 2 0 0 nought", ":6: expected the 15 columns of a particle"),
        ("1 13 1 2 0 0 -0.1", "1 13 1 2 0 0 nan", "'p4_minus' of event 7 is not finite"),
        ("0 14 ", "1 14 ", "event 7 has no incoming neutrino; neutrino and target are needed"),
        (
            "1 13 1 2 0 0 -0.1 0.05 4 4.002957136 0.1056583755",
            "1 211 1 2 0 0 -0.1 0.05 4 4.003995237 0.13957039",
            "event 7 is neither a trident nor a CEvNS event: its final state is 14, 211, -13, 1000180400",
        ),
        ("0 14 ", "0 22 ", "incoming particle 22 and outgoing particle 14 must both be neutrinos"),
        (HEPEVT, "", "holds no events; make it again"),
        (HEPEVT, "\x80", "as HEPEVT text"),
    ],
)
def test_bad_hepevt_is_one_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "o.hepevt"
    path.write_text(HEPEVT.replace(old, new, 1), encoding="latin-1")
    with pytest.raises(TridentgenError) as caught:
        read_foreign(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bad_hepmc_is_one_line(samples: Samples, tmp_path: Path) -> None:
    pytest.importorskip("pyhepmc", reason="reading HepMC needs pyhepmc")
    good, path = tmp_path / "good.hepmc3", tmp_path / "o.hepmc3"
    export_events(samples.path("coherent"), good)
    text = good.read_text()
    packed = gzip.compress(text.encode())
    particle = next(line for line in text[text.index("\nE 1 ") :].splitlines() if line.startswith("P 4 "))
    cases: list[tuple[str, bytes, str]] = [
        ("o.hepmc3", b"", "is not HepMC3 text"),
        ("o.hepmc3", b"ROOT file", "is not HepMC3 text"),
        ("o.hepmc3", text[: len(text) // 2].encode(), "is cut short"),
        ("o.hepmc3.gz", packed[: len(packed) // 2], "cannot read"),
        ("o.hepmc3.gz", b"plain", "cannot read"),
        ("o.hepmc3.gz", packed[:50] + b"\xff" * 50 + packed[100:], "cannot read"),
        ("o.hepmc3", text.replace(particle + "\n", "").encode(), "not valid HepMC3, in event 2 of the file"),
        ("o.hepmc3", text.replace("[1,2]", "[1,11]").encode(), "not valid HepMC3, in event 1 of the file"),
        ("o.hepmc3", text.replace("\nE 0 1 6", "\nE 0 1 1000000000").encode(), "not valid HepMC3, in event 1 "),
        (
            "o.hepmc3",
            text.replace(particle, particle.replace("e", "f")).encode(),
            "not valid HepMC3, in event 2 ",
        ),
        ("o.hepmc3", text.replace("\\|", "\\\0", 1).encode(), "o.hepmc3:4: not valid HepMC3; make it again"),
        (
            "o.hepmc3",
            text.replace("\nU MEV", "\nT x\\\nU MEV").encode(),
            "not valid HepMC3, in event 1 of the file",
        ),
        (
            "o.hepmc3",
            text.replace("\nE 1 ", "\nE -1 ").encode(),
            "event -1 has a number or a particle code",
        ),
        ("o.hepmc3", re.sub(r"(FluxAveragedTotalCrossSection) \S+", r"\1 x", text).encode(), "is not a number"),
        ("o.hepmc3", text.replace("\nW ", "\nA " + "x" * (1 << 20) + "\nW ").encode(), "has a line of more than 1 MiB"),
        ("o.hepmc3", text[: text.index("\nE 0")].encode() + b"\nHepMC::Asciiv3-END_EVENT_LISTING\n", "holds no events"),
        (
            "o.hepmc3",
            re.sub(r"(?m)^E 150 (\d+) \d+$", r"E 150 \1 0", text).encode(),
            "not valid HepMC3, in event 151 of the file",
        ),
        ("o.hepmc3", text.replace(" 20\n", " 1\n").encode(), "has no incoming target; neutrino and target are needed"),
        ("o.hepmc3", text.replace("P 4 -1 13 ", "P 4 -1 22 ").encode(), "neither a trident nor a CEvNS event"),
    ]
    for name, content, message in cases:
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(TridentgenError) as caught:
            read_foreign(path)
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)
    with pytest.raises(FileError, match="No such file"):
        read_foreign(tmp_path / "nowhere.hepmc3")


def test_only_into_an_event_file(cli: Command, tmp_path: Path) -> None:
    (tmp_path / "o.hepevt").write_text(HEPEVT)
    found = cli("convert", tmp_path / "o.hepevt", tmp_path / "o.lhe")
    assert found.code == 2
    assert "can be converted to an event file only; give a name that ends with .h5" in found.err


def test_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyhepmc", None)
    with pytest.raises(InputError, match=r'pip install "tridentgen\[hepmc\]"'):
        read_foreign(tmp_path / "o.hepmc3")
