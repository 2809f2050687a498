"""Files as people have them, each with its right value or question; and siblings of each, made here."""

from __future__ import annotations

import gzip
import math
import re
from pathlib import Path

import numpy as np
import pytest

import tridentgen as tg
from tests.command_line import Command, Outcome
from tests.exchange.export.samples import Samples
from tridentgen.errors import FileError, InputError
from tridentgen.exchange.export.convert import export_events
from tridentgen.exchange.importing.formats import read_foreign

CASES = Path(__file__).parent / "cases"
MUONS = ("--minus", "mu-", "--plus", "mu+")
NARROW = ("--cut", "theta_minus_max_deg=10")
M_MU, M_PI, M_P = 0.1056583755, 0.13957039, 0.93827208943


def share(found: Outcome) -> float:
    """Return the share of all events that the last cut leaves."""
    assert found.code == 0, found.err
    by_regime = found.json["cuts"][-1]["by_regime"]
    return float(by_regime["total" if "total" in by_regime else next(iter(by_regime))]["efficiency"])


def asked(found: Outcome) -> str:
    """Return the one line that a refused command prints."""
    assert (found.code, found.out, found.err.count("\n")) == (2, "", 1), found
    return found.err


def renamed(path: Path, names: list[str], place: int) -> None:
    """Write the case of two weights with other names, with CV's value at a place and the other value elsewhere."""
    text = (CASES / "weights_cv_second.hepmc3").read_text().replace(r"W Alternative\|CV", "W " + r"\|".join(names))
    pairs = re.compile(r"(?m)^W (\d\S+) (\d\S+)$")

    def all_of(match: re.Match[str]) -> str:
        return "W " + " ".join(match[2] if n == place else match[1] for n in range(len(names)))

    path.write_text(pairs.sub(all_of, text))


def hepevt(*rows: str, head: str | None = None) -> str:
    """Return an event in the layout of LArSoft, with 15 columns from status, code, px, py, pz, E, m."""
    lines = []
    for row in rows:
        status, code, *numbers = row.split()
        lines.append(f"{status} {code} 0 0 0 0 {' '.join(numbers)} 0 0 0 0\n")
    return (head or f"0 {len(rows)}") + "\n" + "".join(lines)


def row(status: int, code: int, x: float, y: float, z: float, mass: float) -> str:
    """Return a particle on its mass shell."""
    return f"{status} {code} {x!r} {y!r} {z!r} {math.sqrt(x * x + y * y + z * z + mass * mass)!r} {mass!r}"


ALONG_X = (row(1, 13, 1.5, 0.05, 0.0, M_MU), row(1, -13, 1.0, -0.05, 0.0, M_MU))


# Weights


def test_the_weight_named_cv(cli: Command) -> None:
    pytest.importorskip("pyhepmc", reason="reading HepMC3 needs pyhepmc")
    cut = ("cut", CASES / "weights_cv_second.hepmc3", "--cut", "energy_minus_max_GeV=1.5", "--json")
    assert share(cli(*cut)) == pytest.approx(5 / 12, rel=1e-9)  # 41.67 %
    assert share(cli(*cut, "--weight", "Alternative")) == pytest.approx(0.0071, rel=0.01)
    assert "no such weight" in asked(cli(*cut, "--weight", "Alternativ"))
    assert "did you mean 'Alternative'?; choose one of Alternative, CV" in asked(cli(*cut, "--weight", "Alternativ"))


@pytest.mark.parametrize(("names", "place"), [(["a", "b", "CV", "d"], 2), (["CV", "b"], 0), (["MAQE"], 0)])
def test_cv_wherever_it_stands(cli: Command, tmp_path: Path, names: list[str], place: int) -> None:
    pytest.importorskip("pyhepmc", reason="reading HepMC3 needs pyhepmc")
    renamed(tmp_path / "o.hepmc3", names, place)
    found = cli("cut", tmp_path / "o.hepmc3", "--cut", "energy_minus_max_GeV=1.5", "--json")
    assert share(found) == pytest.approx(5 / 12, rel=1e-9)


def test_several_weights_and_no_cv(cli: Command, tmp_path: Path) -> None:
    """As DarkNews writes them."""
    pytest.importorskip("pyhepmc", reason="reading HepMC3 needs pyhepmc")
    path, names = tmp_path / "o.hepmc3", ["w_event_rate", "w_decay_rate_0", "w_flux_avg_xsec", "cv"]
    renamed(path, names, 2)
    for command in (("cut", path, "--cut", "energy_minus_max_GeV=1.5"), ("convert", path, tmp_path / "o.h5")):
        message = asked(cli(*command))
        assert f"has 4 weights and none is named CV: choose with --weight NAME, one of {', '.join(names)}" in message
    found = cli("cut", path, "--cut", "energy_minus_max_GeV=1.5", "--weight", "w_flux_avg_xsec", "--json")
    assert share(found) == pytest.approx(5 / 12, rel=1e-9)
    assert cli("convert", path, tmp_path / "o.h5", "--weight", "w_flux_avg_xsec").code == 0
    weights = tg.read(tmp_path / "o.h5")["weight"]
    assert np.allclose(weights, weights[0], rtol=1e-12)
    with pytest.raises(InputError, match="none is named CV"):
        tg.cut(path, {"energy_minus_max_GeV": 1.5})
    flow = tg.cut(path, {"energy_minus_max_GeV": 1.5}, weight="w_flux_avg_xsec")
    assert flow.whole.share(0).value == pytest.approx(5 / 12, rel=1e-9)
    tg.convert(path, tmp_path / "again.h5", weight="w_event_rate")
    assert not np.allclose(tg.read(tmp_path / "again.h5")["weight"], weights[0])


def test_cross_section_of_another_weight() -> None:
    """The cross section of a file is that of CV; another weight's is larger by the ratio of the sums."""
    pytest.importorskip("pyhepmc", reason="reading HepMC3 needs pyhepmc")
    path = CASES / "weights_cv_second.hepmc3"
    lines = re.findall(r"(?m)^W (\d\S+) (\d\S+)$", path.read_text())
    other, central = (sum(float(line[n]) for line in lines) for n in (0, 1))
    sigma_pb = float(re.findall(r"FluxAveragedTotalCrossSection (\S+)", path.read_text())[0])
    assert read_foreign(path).attributes["sigma"] == pytest.approx(sigma_pb * 1e-36, rel=1e-12, abs=0.0)
    found = read_foreign(path, "Alternative")
    assert found.attributes["sigma"] == pytest.approx(sigma_pb * 1e-36 * other / central, rel=1e-12, abs=0.0)
    assert found.sum_weights == pytest.approx(found.attributes["sigma"], rel=1e-12, abs=0.0)


def test_weights_go_with_hepmc(cli: Command, event_file: Path, tmp_path: Path) -> None:
    for command in (("cut", event_file, "--cut", "m2_ll_max_GeV2=1"), ("convert", event_file, tmp_path / "o.lhe")):
        assert "--weight goes with HepMC, not with" in asked(cli(*command, "--weight", "CV"))
    found = cli("cut", CASES / "marley_status.hepevt", *NARROW, "--weight", "CV")
    assert "--weight CV: " in asked(found)
    assert "is HEPEVT, which has no weights; leave it out" in found.err


@pytest.mark.parametrize("signs", ["", "-", "cancelling"])
def test_weights_that_sum_to_zero(cli: Command, tmp_path: Path, signs: str) -> None:
    """As they are, all negative, and 0.1 + 0.2 - 0.3, which is 5.6e-17."""
    pytest.importorskip("pyhepmc", reason="reading HepMC3 needs pyhepmc")
    text = (CASES / "weights_sum_to_zero.hepmc3").read_text()
    values = iter([0.1, 0.2, -0.3] * 4)
    if signs == "-":
        text = re.sub(r"(?m)^W 1", "W -1", text)
    elif signs:
        text = re.sub(r"(?m)^W -?1\S+$", lambda _: f"W {next(values)}", text)
    path = tmp_path / "o.hepmc3"
    path.write_text(text)
    assert "the weights sum to" in asked(cli("cut", path, "--cut", "energy_minus_max_GeV=1.5"))
    assert "the weights sum to" in asked(cli("cut", path, *MUONS))
    assert "the weights sum to" in asked(cli("convert", path, tmp_path / "o.h5"))


# Beam and target


def test_beam_of_marley(cli: Command) -> None:
    path = CASES / "marley_status.hepevt"
    assert share(cli("cut", path, *MUONS, *NARROW, "--json")) == 1.0
    found = cli("cut", path, *NARROW, "--json")
    assert share(found) == 1.0
    assert (
        "outgoing nuclei are not in the file: the nucleus of event 0 is reconstructed from momentum conserv"
        in found.err
    )


@pytest.mark.parametrize("status", [0, 3, 4, 12, -12, 21, -21, 20, 99])
def test_beam_of_any_status(cli: Command, tmp_path: Path, status: int) -> None:
    rows = [row(status, 1000180400, 0.0, 0.0, 0.0, 37.2155), row(status, 14, 3.0, 0.0, 0.0, 0.0), *ALONG_X]
    (tmp_path / "o.hepevt").write_text(hepevt(*rows))
    assert share(cli("cut", tmp_path / "o.hepevt", *MUONS, *NARROW, "--json")) == 1.0


def test_beam_among_documentation_lines(cli: Command, tmp_path: Path) -> None:
    """Pythia 6 has status 3 also for what goes out of the hard process; what nothing made is the beam."""
    text = hepevt(row(3, 14, 0.0, 3.0, 0.0, 0.0), row(3, 14, 3.0, 0.0, 0.0, 0.0), *ALONG_X)
    (tmp_path / "o.hepevt").write_text(text.replace("3 14 0 0", "3 14 1 0", 1))
    assert share(cli("cut", tmp_path / "o.hepevt", *MUONS, *NARROW, "--json")) == 1.0


def test_no_beam_is_asked_for(cli: Command, tmp_path: Path) -> None:
    path = tmp_path / "o.hepevt"
    path.write_text(hepevt(*ALONG_X))
    assert share(cli("cut", path, *MUONS, "--cut", "m2_ll_min_GeV2=0.04", "--json")) == 1.0  # no direction is needed
    message = asked(cli("cut", path, *MUONS, *NARROW))
    assert (
        "event 0 has no incoming particle, or several, and theta_minus <= 10 deg needs the direction of the beam"
        in message
    )
    assert share(cli("cut", path, *MUONS, *NARROW, "--beam-direction", "1", "0", "0", "--json")) == 1.0
    with pytest.raises(InputError, match="needs the direction of the beam"):
        tg.cut(path, {"theta_minus_max_deg": 10.0}, minus=["mu-"], plus=["mu+"])


def test_two_neutrinos_come_in(cli: Command, tmp_path: Path) -> None:
    text = hepevt(row(0, 14, 3.0, 0.0, 0.0, 0.0), row(0, 12, 0.0, 3.0, 0.0, 0.0), *ALONG_X)
    (tmp_path / "o.hepevt").write_text(text)
    message = asked(cli("cut", tmp_path / "o.hepevt", "--cut", "q2_max_GeV2=1"))
    assert "event 0 has no incoming target; neutrino and target are needed" in message
    assert "event 0 has no incoming particle, or several" in asked(cli("cut", tmp_path / "o.hepevt", *MUONS, *NARROW))
    target = row(0, 1000180400, 0.0, 0.0, 0.0, 37.2155)
    (tmp_path / "o.hepevt").write_text(text.replace("0 4\n", "0 5\n") + hepevt(target).partition("\n")[2])
    message = asked(cli("cut", tmp_path / "o.hepevt", "--cut", "q2_max_GeV2=1"))
    assert "event 0 has several incoming neutrinos; one is needed" in message


def test_beam_of_protons(cli: Command, tmp_path: Path) -> None:
    """It is the axis, but a nucleon that moves in a nucleus is not."""
    path = tmp_path / "o.hepevt"
    for momentum, code in ((120.0, 0), (0.2, 2)):
        path.write_text(hepevt(row(0, 2212, momentum, 0.0, 0.0, M_P), *ALONG_X))
        assert cli("cut", path, *MUONS, *NARROW).code == code


def test_no_weights(cli: Command, tmp_path: Path) -> None:
    path = tmp_path / "o.hepmc"
    text = (CASES / "version2.hepmc").read_text()
    path.write_text(text.replace('0 1 1.0\nN 1 "CV"\n', "0 0\n"))
    assert share(cli("cut", path, *MUONS, "--json")) == 1.0
    assert f"--weight CV: '{path}' has no weights; leave it out" in asked(cli("cut", path, *MUONS, "--weight", "CV"))


def test_weights_without_names(cli: Command, tmp_path: Path) -> None:
    """They go by their number."""
    pytest.importorskip("pyhepmc", reason="reading HepMC3 needs pyhepmc")
    path = tmp_path / "o.hepmc3"
    path.write_text((CASES / "weights_cv_second.hepmc3").read_text().replace("W Alternative\\|CV\n", "", 1))
    cut = ("cut", path, "--cut", "energy_minus_max_GeV=1.5", "--json")
    assert "has 2 weights and none is named CV: choose with --weight NAME, one of 0, 1" in asked(cli(*cut))
    assert share(cli(*cut, "--weight", "1")) == pytest.approx(5 / 12, rel=1e-9)


# Mass shell


def test_energy_first_is_refused(cli: Command) -> None:
    message = asked(cli("cut", CASES / "energy_first.hepevt", *MUONS, "--cut", "m2_ll_min_GeV2=0.0446"))
    assert "event 0 has particle 13 off its mass shell, E^2 - p^2 = -0.0161617 GeV^2 and the mass 0.105658" in message


@pytest.mark.parametrize(
    ("muon", "message"),
    [
        ("1 13 50.0 0.0 1500.0 1504.5428 105.6583755", "these are MeV: divide momenta and masses by 1000"),
        ("1 13 0.05 0.0 1.5 1.398888 0.1056583755", "off its mass shell, E^2 - p^2 = -0.295612"),  # kinetic energy
        ("1 13 0.05 0.0 1.5 1.504547 0.93827", "E^2 - p^2 = 0.0111617 GeV^2 and the mass 0.93827 GeV"),
        ("1 13 0.05 0.0 1.5 -1.504547 0.1056583755", "off its mass shell"),
        ("1 11 0.05 0.0 1.0 1.5 0.00051099895", "particle 11 off its mass shell, E^2 - p^2 = 1.2475 GeV^2"),
        ("1 2212 0.05 0.0 1.5 1.5008331 0.0", "the mass 0 GeV where its code has 0.938272 GeV"),
    ],
)
def test_others_off_the_mass_shell(cli: Command, tmp_path: Path, muon: str, message: str) -> None:
    (tmp_path / "o.hepevt").write_text(hepevt(muon, ALONG_X[1]))
    found = cli("cut", tmp_path / "o.hepevt", *MUONS)
    if "0.93827 GeV" in message:  # E and p are those of a muon: the mass column is wrong
        assert found.code == 0
        assert "has the mass 0.93827 GeV, sqrt(E^2 - p^2) = 0.105649 GeV is taken" in found.err
    else:
        assert message in asked(found)


@pytest.mark.parametrize("digits", range(4, 17))
def test_few_digits_are_enough(cli: Command, tmp_path: Path, digits: int) -> None:
    """A muon of 200 GeV, an electron, a proton, as an event with so many digits has them."""
    rng = np.random.default_rng(digits)
    rows = []
    for code, mass, scale in ((13, M_MU, 200.0), (-11, 0.00051099895, 5.0), (2212, M_P, 0.4), (211, M_PI, 1.0)):
        p = rng.uniform(-1.0, 1.0, 3) * scale
        numbers = (*p, math.sqrt(float(p @ p) + mass * mass), mass)
        rows.append(f"1 {code} " + " ".join(f"{number:.{digits - 1}e}" for number in numbers))
    (tmp_path / "o.hepevt").write_text(hepevt(*rows))
    found = cli("cut", tmp_path / "o.hepevt", "--minus", "mu-", "--plus", "e+", "--json")
    assert (found.code, found.err) == (0, "")


def test_single_precision_is_enough(cli: Command, tmp_path: Path) -> None:
    """All digits of a double, from a generator that computes with floats."""
    rng = np.random.default_rng(3)
    rows = []
    for code, mass, scale in ((13, M_MU, 20.0), (-13, M_MU, 2.0), (2212, M_P, 0.4)):
        p = (rng.uniform(-1.0, 1.0, 3) * scale).astype(np.float32)
        numbers = (*p, np.sqrt(np.sum(p * p) + np.float32(mass * mass)), np.float32(mass))
        rows.append(f"1 {code} " + " ".join(repr(float(number)) for number in numbers))
    (tmp_path / "o.hepevt").write_text(hepevt(*rows))
    found = cli("cut", tmp_path / "o.hepevt", *MUONS)
    assert (found.code, found.err) == (0, "")


def test_roots_of_negative_squares(cli: Command, tmp_path: Path) -> None:
    """CLHEP gives a photon that is rounded to E < p a negative mass."""
    path = tmp_path / "o.hepevt"
    path.write_text(hepevt(*ALONG_X, "1 22 0.0 0.0 3.0000001 3.0 -0.000774597"))
    found = cli("cut", path, *MUONS)
    assert (found.code, found.err) == (0, "")


def test_proton_of_mass_0(cli: Command) -> None:
    found = cli("cut", CASES / "proton_mass_0.hepevt", *MUONS, "--veto-kinetic", "20MeV", "--json")
    assert share(found) == 1.0
    assert "masses contradict energy and momentum: particle 2212 of event 0 has the mass 0 GeV, sqrt(" in found.err
    assert found.json["notes"] == [found.err.removeprefix("tridentgen: warning: ").strip()]


@pytest.mark.parametrize(("code", "mass"), [(211, M_PI), (2212, M_P), (321, 0.493677)])
def test_kinetic_energy_of_mass_0(cli: Command, tmp_path: Path, code: int, mass: float) -> None:
    """T = E - sqrt(E^2 - p^2), computed from the numbers in the file; the threshold just below and above."""
    energy = math.sqrt(0.1**2 + 0.2**2 + mass**2)
    path = tmp_path / "o.hepevt"
    path.write_text(hepevt(*ALONG_X, f"1 {code} 0.1 0.2 0 {energy!r} 0"))
    kinetic = energy - math.sqrt(energy**2 - 0.1**2 - 0.2**2)
    for factor, left in ((1.0 - 1e-6, 0.0), (1.0 + 1e-6, 1.0)):
        found = cli("cut", path, *MUONS, "--veto-kinetic", repr(kinetic * factor), "--json")
        assert share(found) == left
        assert "masses contradict energy and momentum" in found.err


# Variants


def test_hepevt_as_hepmc3_writes_it(cli: Command) -> None:
    path = CASES / "hepmc3_writer.hepevt"
    assert share(cli("cut", path, *MUONS, *NARROW, "--json")) == 1.0
    # acos(1.5/hypot(0.05, 1.5)) = 1.909 deg from the beam, which has status 4
    assert share(cli("cut", path, *MUONS, "--cut", "theta_minus_max_deg=1.9", "--json")) == 0.0
    assert share(cli("cut", path, *MUONS, "--cut", "theta_minus_max_deg=1.91", "--json")) == 1.0


def test_hepmc2(cli: Command, tmp_path: Path) -> None:
    path = CASES / "version2.hepmc"
    assert share(cli("cut", path, *MUONS, "--cut", "theta_minus_max_deg=1.91", "--json")) == 1.0
    assert share(cli("cut", path, *MUONS, "--cut", "theta_minus_max_deg=1.9", "--json")) == 0.0
    text = path.read_text()
    for name in ("o.hepmc2", "o.hepmc3"):
        (tmp_path / name).write_text(text)
        assert share(cli("cut", tmp_path / name, *MUONS, *NARROW, "--json")) == 1.0
    (tmp_path / "o.hepmc.gz").write_bytes(gzip.compress(text.encode()))
    assert share(cli("cut", tmp_path / "o.hepmc.gz", *MUONS, *NARROW, "--json")) == 1.0
    for old, new, message in (
        ("U GEV MM\n", "", "does not say whether momenta are GeV or MeV"),
        ("E 0 0 0 0 0 0 0 1", "E 0 0 0 0 0 0 0 2", "the last event is not whole"),
        ("HepMC::IO_GenEvent-END_EVENT_LISTING", "", "is cut short: its last line is missing"),
        ("V -1 0", "V 1 0", ":6: not what HepMC2 has here"),
        ("3 3 0 4", "3 x 0 4", ":7: not what HepMC2 has here"),
        ("10001 0 0 1 1.0\nN 1", "10001 0 0 2 1.0 2.0\nN 2", ":4: not what HepMC2 has here"),
        ('1.0\nN 1 "CV"', '1.0\nN 2 "CV" "b"', "an event has 1 weights, the file names 2"),
        (
            '0 1 1.0\nN 1 "CV"',
            '0 2 1.0 1.0\nN 2 "a b" "c"',
            "none is named CV: choose with --weight NAME, one of a b, c",
        ),
        ("U GEV", "U MEV", "off its mass shell"),
    ):
        assert old in text
        (tmp_path / "o.hepmc").write_text(text.replace(old, new, 1))
        assert message in asked(cli("cut", tmp_path / "o.hepmc", *MUONS)), old


@pytest.mark.parametrize("kind", ["total", "cevns"])
@pytest.mark.parametrize("unit", ["GEV", "MEV"])
def test_what_pyhepmc_writes(samples: Samples, tmp_path: Path, kind: str, unit: str) -> None:
    """The same events as the library writes them in HepMC2 and in its HEPEVT, which is in GeV."""
    pyhepmc = pytest.importorskip("pyhepmc", reason="writing with the HepMC3 library needs pyhepmc")
    export_events(samples.path(kind), tmp_path / "o.hepmc3")
    wanted = read_foreign(tmp_path / "o.hepmc3")
    for name, form in (("o.hepmc", "hepmc2"), ("o.hepevt", "hepevt")):
        written = pyhepmc.open(str(tmp_path / name), "w", precision=16, format=form)
        with pyhepmc.open(str(tmp_path / "o.hepmc3")) as source, written as target:
            for event in source:
                event.set_units(getattr(pyhepmc.Units, "GEV" if form == "hepevt" else unit), pyhepmc.Units.MM)
                target.write(event)
        found = read_foreign(tmp_path / name)
        digits = 1e-6 if form == "hepevt" else 1e-12  # HEPEVT has eight digits
        for column in ("e_nu", "p4_nu_in", "p4_nu_out", "p4_recoil"):
            scale = float(np.max(np.abs(wanted[column])))
            assert np.allclose(found[column], wanted[column], rtol=digits, atol=digits * scale), (name, column)
        if form == "hepmc2":
            ratio = found["weight"] / wanted["weight"]
            assert np.allclose(ratio, ratio[0], rtol=1e-12)
            assert np.allclose(found["recoil_energy"], wanted["recoil_energy"], rtol=1e-9, atol=0.0)


@pytest.mark.parametrize(
    ("head", "number"),
    [("2", 0), ("7 2", 7), ("7 1 2", 7), ("2 1.0 2.0 3.0 40.0", 0), ("7 1 2 1.0 2.0 3.0 40.0", 7), ("E 7 2", 7)],
)
@pytest.mark.parametrize("columns", [8, 11, 15])
def test_heads_and_columns(cli: Command, tmp_path: Path, head: str, number: int, columns: int) -> None:
    """All heads that edep-sim reads, LArSoft's and HepMC3's; lines of Geant4, particle bombs and LArSoft."""
    lines = []
    for line in hepevt(*ALONG_X).splitlines()[1:]:
        words = line.split()
        short = [*words[:2], *words[4:9], words[10]]
        lines.append(" ".join(short if columns == 8 else words[:columns]))
    path = tmp_path / "o.hepevt"
    path.write_text("\n".join([head, *lines, ""]))
    cut = (*MUONS, "--beam-direction", "1", "0", "0", "--cut", "theta_minus_max_deg=1.91")
    assert share(cli("cut", path, *cut, "--json")) == 1.0
    from tridentgen.exchange.importing.hepevt import HepevtReader

    found = next(HepevtReader(path).events())
    assert found.number == number
    assert found.time_ns == (40.0 if columns < 15 and head.endswith("40.0") else 0.0)
    assert found.final[0].p4 == pytest.approx((math.sqrt(1.5**2 + 0.05**2 + M_MU**2), 1.5, 0.05, 0.0), rel=1e-12)
    (tmp_path / "o.hepevt.gz").write_bytes(gzip.compress(path.read_bytes()))
    assert share(cli("cut", tmp_path / "o.hepevt.gz", *cut, "--json")) == 1.0


def test_second_lines_of_hepmc3(tmp_path: Path) -> None:
    """Times are lengths in mm: 299.792458 of them are a nanosecond."""
    from tridentgen.exchange.importing.hepevt import HepevtReader

    text = (CASES / "hepmc3_writer.hepevt").read_text()
    at = text.rindex("0.00000000E+00")
    path = tmp_path / "o.hepevt"
    path.write_text(text[:at] + "2.99792458E+03" + text[at + 14 :])
    assert next(HepevtReader(path).events()).time_ns == pytest.approx(10.0, rel=1e-12)
    lines = text.splitlines()
    path.write_text("\n".join([lines[0], *lines[1::2], ""]))
    assert len(next(HepevtReader(path).events()).final) == 2


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("o.hepevt", "<LesHouchesEvents version='3.0'>\n", "is not HEPEVT but Les Houches events"),
        ("o.hepevt", "HepMC::Version 3.02.07\nHepMC::Asciiv3-START_EVENT_LISTING\n", "is not HEPEVT but HepMC3 text"),
        ("o.hepevt", "root\udcff\n", "is not HEPEVT but a ROOT file"),
        ("o.hepmc", "<LesHouchesEvents version='3.0'>\n", "is not HepMC text but Les Houches events"),
        ("o.hepmc", "HepMC::Version 1.2\nHepMC::IO_Ascii-START_EVENT_LISTING\n", "text of HepMC 1"),
        ("o.hepevt", "7 1 1 1\n", "o.hepevt:1: expected the head of an event"),
        ("o.hepevt", "7 1\n1 13 0 0 0 0 0 0 0\n", "expected the 15 columns of a particle, or 11 or 8"),
        ("o.hepevt", "7 -1\n", "expected the head of an event"),
        ("o.hepevt", "1_0 1\n", "expected the head of an event"),
        ("o.hepevt.gz", "7 1\n", "cannot read"),
    ],
)
def test_which_variant_it_is(cli: Command, tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_bytes(content.encode(errors="surrogateescape"))
    assert message in asked(cli("cut", tmp_path / name, *MUONS))


@pytest.mark.parametrize("comment", ["# θ < 10°, ν_μ\n".encode(), "# 10°\n".encode("latin-1"), b"\xef\xbb\xbf# BOM\n"])
def test_comments_of_any_encoding(cli: Command, tmp_path: Path, comment: bytes) -> None:
    path = tmp_path / "o.hepevt"
    path.write_bytes(comment + hepevt(*ALONG_X).encode() + comment.removeprefix(b"\xef\xbb\xbf"))
    assert share(cli("cut", path, *MUONS, "--json")) == 1.0


def test_exponents_of_fortran(cli: Command, tmp_path: Path) -> None:
    path = tmp_path / "o.hepevt"
    path.write_text(hepevt("1 13 1.5D+00 5.0D-02 0 1.504547D+00 1.056583755d-01", ALONG_X[1]))
    assert share(cli("cut", path, *MUONS, "--cut", "energy_minus_min_GeV=1.504", "--json")) == 1.0


# Recoils that are left out


@pytest.mark.parametrize("ending", [".hepmc3", ".hepevt"])
@pytest.mark.parametrize(
    ("kind", "recoil"),
    [
        ("coherent", "omit"),
        ("total", "omit"),
        ("total", "pseudo"),
        ("antineutrino", "omit"),
        ("hydrogen", "omit"),
        ("cevns", "pseudo"),
    ],
)
def test_recoils_left_out(samples: Samples, tmp_path: Path, kind: str, recoil: str, ending: str) -> None:
    """The momentum that the nucleus had when the event was made comes back."""
    if ending == ".hepmc3":
        pytest.importorskip("pyhepmc", reason="reading HepMC3 needs pyhepmc")
    export_events(samples.path(kind), tmp_path / f"o{ending}", recoil=recoil, flavour=None)
    found, wanted = read_foreign(tmp_path / f"o{ending}"), tg.read(samples.path(kind))
    assert np.allclose(found["p4_recoil"], wanted["p4_recoil"], rtol=1e-12, atol=1e-14)
    assert np.allclose(found["recoil_energy"], wanted["recoil_energy"], rtol=1e-9, atol=0.0)
    if "regime" in wanted.columns:
        assert np.array_equal(found["regime"], wanted["regime"])
    nuclei = kind in ("coherent", "total") if recoil == "omit" else ending == ".hepevt"
    assert ("notes" in found.attributes) is nuclei


def test_recoil_that_cannot_be_left_out(tmp_path: Path) -> None:
    """Where a proton or a photon is missing, energy is not conserved with a nucleus in its place."""
    mass = 37.2155407
    lost = math.sqrt(0.3**2 + M_P**2) - M_P
    rows = [row(0, 14, 0.0, 0.0, 3.0, 0.0), row(0, 1000180400, 0.0, 0.0, 0.0, mass),
            row(1, 13, 0.0, 0.0, 1.0, M_MU), row(1, -13, 0.0, 0.0, 0.8, M_MU)]  # fmt: skip
    spent = math.hypot(1.0, M_MU) + math.hypot(0.8, M_MU) + lost
    rows.append(row(1, 14, 0.3, 0.0, 3.0 - spent, 0.0))
    (tmp_path / "o.hepevt").write_text(hepevt(*rows))
    with pytest.raises(InputError, match="neither a trident nor a CEvNS event: its final state is 13, -13, 14"):
        read_foreign(tmp_path / "o.hepevt")


def test_target_off_its_mass_shell(cli: Command, tmp_path: Path) -> None:
    """Candidates do not need the target; tridents do."""
    rows = [row(0, 14, 3.0, 0.0, 0.0, 0.0), "0 1000180400 0 0 0 5.0 5.0", *ALONG_X]
    (tmp_path / "o.hepevt").write_text(hepevt(*rows))
    assert share(cli("cut", tmp_path / "o.hepevt", *MUONS, *NARROW, "--json")) == 1.0
    with pytest.raises(FileError, match="particle 1000180400 off its mass shell"):
        read_foreign(tmp_path / "o.hepevt")


# Electrons in MeV, fixed decimals, cross sections that are not known


def _fixed(path: Path, target: Path, decimals: int, scale: float = 1.0) -> None:
    """Write HEPEVT with fixed decimals, and masses and momenta scaled."""
    lines = []
    for line in path.read_text().splitlines():
        words = line.split()
        if len(words) == 15:
            words[6:11] = [f"{float(word) * scale:.{decimals}f}" for word in words[6:11]]
        lines.append(" ".join(words))
    target.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize("decimals", [3, 5, 7])
def test_fixed_decimals_are_believed(cli: Command, samples: Samples, tmp_path: Path, decimals: int) -> None:
    """Each number is known to its own last decimal, whatever digits the nucleus has."""
    export_events(samples.path("coherent"), tmp_path / "o.hepevt", unweight=True, seed=1)
    _fixed(tmp_path / "o.hepevt", tmp_path / "f.hepevt", decimals)
    cut = ("--cut", "energy_minus_min_GeV=1", "--json")
    assert share(cli("cut", tmp_path / "f.hepevt", *cut)) == share(cli("cut", tmp_path / "o.hepevt", *cut))


def test_electrons_in_mev_are_refused(cli: Command, tmp_path: Path) -> None:
    electron, energy = 0.51099895, 2000.0
    pair = [row(1, code, 10.0 * sign, 0.0, energy, electron) for code, sign in ((11, 1), (-11, -1))]
    path = tmp_path / "o.hepevt"
    path.write_text(hepevt(row(4, 14, 0.0, 0.0, 5000.0, 0.0), row(1, 14, 0.0, 0.0, 1000.0, 0.0), *pair))
    message = asked(cli("cut", path, "--minus", "e-", "--plus", "e+", "--cut", "energy_minus_min_GeV=1"))
    assert "these are MeV: divide momenta and masses by 1000" in message


def test_a_file_without_a_cross_section_does_not_get_one(cli: Command, samples: Samples, tmp_path: Path) -> None:
    export_events(samples.path("coherent"), tmp_path / "o.hepevt", unweight=True, seed=1)
    made = tmp_path / "o.h5"
    assert cli("convert", tmp_path / "o.hepevt", made).code == 0
    told = cli("info", made).out
    assert re.search(r"cross section +not known\n", told)
    assert not re.search(r"sum of weights.*cm2", told)
    assert "weights of the file that was read" in str(tg.read(made).attributes["weight_rule"])
    assert cli("verify", made).code == 0
    assert "has no cross section, which NuHepMC needs" in asked(cli("convert", made, tmp_path / "o.hepmc3"))
    assert cli("convert", made, tmp_path / "again.hepevt").code == 0


@pytest.mark.parametrize("sigma", ["0", "-1"])
def test_a_cross_section_that_cannot_be(cli: Command, samples: Samples, tmp_path: Path, sigma: str) -> None:
    pytest.importorskip("pyhepmc", reason="reading HepMC3 needs pyhepmc")
    path = tmp_path / "o.hepmc3"
    export_events(samples.path("coherent"), path)
    text = re.sub(r"(A NuHepMC.FluxAveragedTotalCrossSection) \S+", rf"\1 {sigma}", path.read_text())
    path.write_text(text)
    found = cli("cut", path, "--cut", "energy_minus_min_GeV=1")
    assert found.code == 0
    assert "the cross section in the file is not used: it is" in found.err
    assert "cm2" not in found.out


def test_cross_section_of_cv_by_its_name(tmp_path: Path) -> None:
    """E.C.4 lists the cross sections in the order of the weights, and CV may come second."""
    pytest.importorskip("pyhepmc", reason="reading HepMC3 needs pyhepmc")
    text = (CASES / "weights_cv_second.hepmc3").read_text()
    text = re.sub(r"A NuHepMC.FluxAveragedTotalCrossSection .*\n", "", text)
    text = re.sub(r"(?m)^(E \d.*\n(?:U .*\n)?)", r"\1A 0 GenCrossSection 5e-07 1e-09 100 100 8.18e-07 1e-09\n", text)
    (tmp_path / "o.hepmc3").write_text(text)
    assert read_foreign(tmp_path / "o.hepmc3").attributes["sigma"] == pytest.approx(8.18e-43, rel=1e-9, abs=0.0)


def test_blanks_in_names_of_weights(cli: Command, tmp_path: Path) -> None:
    pytest.importorskip("pyhepmc", reason="reading HepMC3 needs pyhepmc")
    renamed(tmp_path / "o.hepmc3", ["CV", "MUR2 MUF1"], 0)
    message = asked(cli("cut", tmp_path / "o.hepmc3", "--cut", "energy_minus_max_GeV=1.5"))
    assert (
        "a name of a weight has a blank, which HepMC3 cannot read back; put '_' for the blanks in this line" in message
    )


@pytest.mark.parametrize("status", [2, 61])
def test_a_target_of_unknown_status_beside_a_struck_nucleon(samples: Samples, tmp_path: Path, status: int) -> None:
    pytest.importorskip("pyhepmc", reason="reading HepMC3 needs pyhepmc")
    path = tmp_path / "o.hepmc3"
    export_events(samples.path("total"), path)
    text = re.sub(r"(?m)^(P .*) (?:4|20)$", rf"\1 {status}", path.read_text())
    assert " 21\n" in text
    path.write_text(text)
    events = read_foreign(path)
    assert events.attributes["target_pdg"] == 1000180400
    assert len(events) == len(tg.read(samples.path("total")))


def test_nuclei_of_impossible_charge(cli: Command, tmp_path: Path) -> None:
    """10LZZZAAAI with Z = 200 has no mass: its own is used, or it is one line."""
    path = tmp_path / "o.hepevt"
    path.write_text(hepevt(row(4, 14, 0.0, 0.0, 5.0, 0.0), row(4, 1002004000, 0.0, 0.0, 0.0, 400.0), *ALONG_X))
    assert cli("cut", path, *MUONS, "--cut", "energy_minus_min_GeV=1", "--json").code in (0, 2)


def test_texts_of_other_kinds_say_which(cli: Command, tmp_path: Path) -> None:
    path = tmp_path / "o.hepevt"
    path.write_text(hepevt(row(4, 14, 0.0, 0.0, 5.0, 0.0), *ALONG_X), encoding="utf-16")
    assert "UTF-16 text; save it as UTF-8" in asked(cli("cut", path, *MUONS, *NARROW))
    pytest.importorskip("pyhepmc", reason="reading HepMC3 needs pyhepmc")
    path = tmp_path / "o.hepmc3"
    path.write_bytes(b"\xef\xbb\xbf" + (CASES / "weights_cv_second.hepmc3").read_bytes())
    assert "does not begin with HepMC::Version; remove what stands before it" in asked(cli("cut", path, *NARROW))
    path.write_bytes(b"\n" + (CASES / "weights_cv_second.hepmc3").read_bytes())
    assert "begins with an empty line; remove it" in asked(cli("cut", path, *NARROW))
