"""`tridentgen cut` on events of other generators: misidentified particles, vetoes, weights, mistakes."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.command_line import Command
from tests.run_cards import write_card
from tridentgen.matter.particle_codes import is_visible, pdg_code

M_MU, M_PI, M_P = 0.1056583755, 0.13957039, 0.93827209
LEPTONS = ("--minus", "mu-", "pi-", "--plus", "mu+", "pi+")

# The final particles of each event: code, momentum in GeV, mass in GeV.
Particles = list[tuple[int, tuple[float, float, float], float]]
MU_PI: Particles = [(13, (0.3, 0.1, 2.0), M_MU), (211, (-0.2, 0.15, 1.0), M_PI)]
PROTON: Particles = [(2212, (0.1, 0.0, 0.1), M_P)]  # kinetic energy 10.6 MeV
BACKGROUND: list[Particles] = [
    [*MU_PI, *PROTON],
    [(13, (0.0, 0.3, 4.0), M_MU), (211, (0.0, -0.1, 0.5), M_PI), (111, (0.1, 0.0, 0.3), 0.1349768)],
    [(13, (0.0, 0.3, 4.0), M_MU), (211, (0.0, -0.1, 0.5), M_PI), (211, (0.1, 0.0, 0.3), M_PI)],
    [(13, (0.2, 0.0, 1.0), M_MU), (2212, (0.3, 0.0, 0.6), M_P)],
    [(14, (0.0, 0.0, 3.0), 0.0), (-211, (0.1, 0.1, 0.8), M_PI), (211, (-0.1, 0.2, 0.6), M_PI),
     (2112, (0.4, 0.0, 0.9), 0.93956542), (1000180390, (0.0, 0.0, 0.5), 36.3)],
]  # fmt: skip
AXIS = (0.2, -0.1, 1.0)


def hepevt(events: list[Particles], beam: tuple[float, float, float] | None = None) -> str:
    """Write events as LArSoft's text; without a beam there are only final particles."""
    lines = []
    for number, particles in enumerate(events):
        rows = [(1, *particle) for particle in particles]
        rows = rows if beam is None else [(0, 14, beam, 0.0), (0, 1000180400, (0.0, 0.0, 0.0), 37.2155), *rows]
        lines.append(f"{number} {len(rows)}")
        for status, code, (x, y, z), mass in rows:
            energy = math.sqrt(x * x + y * y + z * z + mass * mass)
            lines.append(f"{status} {code} 0 0 0 0 {x!r} {y!r} {z!r} {energy!r} {mass!r} 0 0 0 0")
    return "\n".join(lines) + "\n"


def lepton_energy(x: float, y: float, z: float) -> float:
    """Return the energy of a muon of this momentum."""
    return math.sqrt(x * x + y * y + z * z + M_MU * M_MU)


@pytest.fixture
def background(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with only final particles in the working directory."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "bg.hepevt"
    path.write_text(hepevt(BACKGROUND))
    return Path(path.name)


def left(cli: Command, *arguments: str | Path) -> dict[str, int]:
    """Return how many events each step leaves."""
    found = cli("cut", *arguments, "--json")
    assert found.code == 0, found.err
    return {cut["cut"]: cut["by_regime"]["all"]["events"] for cut in found.json["cuts"]}


def test_pairs_and_vetoes(cli: Command, background: Path) -> None:
    """One event has two positive pions, one has none; of the others one has a pi0."""
    assert left(cli, background, *LEPTONS) == {"one candidate pair": 3}
    assert left(cli, background, *LEPTONS, "--veto-kinetic", "20MeV") == {
        "one candidate pair": 3,
        "nothing else above 0.02 GeV": 2,
    }
    # Neutrons and nuclei are not seen; the slow proton has sqrt(0.02 + M^2) - M = 10.598 MeV.
    assert left(cli, background, *LEPTONS, "--veto-kinetic", "10.59MeV")["nothing else above 0.01059 GeV"] == 1
    assert left(cli, background, *LEPTONS, "--veto-kinetic", "10.61MeV")["nothing else above 0.01061 GeV"] == 2
    # Only a muon and a pion: the two pions of the neutral current do not pass.
    assert left(cli, background, "--minus", "mu-", "--plus", "mu+", "pi+") == {"one candidate pair": 2}
    assert left(cli, background, "--minus", "13", "--plus", "mu+", "p") == {"one candidate pair": 2}


def test_observables_of_a_misidentified_pion(cli: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pion has its momentum and the energy of a muon; limits just below and above what is computed by hand."""
    monkeypatch.chdir(tmp_path)
    Path("bg.hepevt").write_text(hepevt([MU_PI]))
    (minus, plus) = (particle[1] for particle in MU_PI)
    pair = [a + b for a, b in zip(minus, plus, strict=True)]
    size = math.dist((0.0, 0.0, 0.0), AXIS)
    along = [sum(a * b for a, b in zip(p, AXIS, strict=True)) / size for p in (minus, plus, pair)]
    lengths = [math.dist((0.0, 0.0, 0.0), p) for p in (minus, plus, pair)]
    energies = lepton_energy(*minus), lepton_energy(*plus)
    cosine = sum(a * b for a, b in zip(minus, plus, strict=True)) / (lengths[0] * lengths[1])
    expected = {
        ("m2_ll", "GeV2"): sum(energies) ** 2 - lengths[2] ** 2,
        ("delta_theta", "deg"): math.degrees(math.acos(cosine)),
        ("theta_minus", "deg"): math.degrees(math.acos(along[0] / lengths[0])),
        ("theta_plus", "deg"): math.degrees(math.acos(along[1] / lengths[1])),
        ("theta_pair", "deg"): math.degrees(math.acos(along[2] / lengths[2])),
        ("energy_minus", "GeV"): energies[0],
        ("energy_plus", "GeV"): energies[1],
        ("pt_minus", "GeV"): math.sqrt(lengths[0] ** 2 - along[0] ** 2),
        ("pt_plus", "GeV"): math.sqrt(lengths[1] ** 2 - along[1] ** 2),
        ("pt_pair", "GeV"): math.sqrt(lengths[2] ** 2 - along[2] ** 2),
    }
    pion = math.hypot(lengths[1], M_PI)
    assert not math.isclose((energies[0] + pion) ** 2, sum(energies) ** 2, rel_tol=1e-3)
    for (name, unit), value in expected.items():
        for factor, events in ((1.0 - 1e-9, 0), (1.0 + 1e-9, 1)):
            cut = f"{name}_max_{unit}={value * factor!r}"
            steps = left(cli, "bg.hepevt", *LEPTONS, "--beam-direction", *map(str, AXIS), "--cut", cut)
            assert list(steps.values()) == [1, events], name


def test_the_axis_is_that_of_the_neutrino(cli: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a file has the beam, the option for files without one changes nothing."""
    monkeypatch.chdir(tmp_path)
    Path("with.hepevt").write_text(hepevt(BACKGROUND, beam=(1.0, -0.5, 5.0)))
    Path("without.hepevt").write_text(hepevt(BACKGROUND))
    cut = ("--cut", "theta_pair_max_deg=15")
    directed = left(cli, "without.hepevt", *LEPTONS, *cut, "--beam-direction", "2", "-1", "10")
    assert left(cli, "with.hepevt", *LEPTONS, *cut) == directed
    assert left(cli, "with.hepevt", *LEPTONS, *cut, "--beam-direction", "0", "1", "0") == directed
    assert left(cli, "without.hepevt", *LEPTONS, *cut, "--beam-direction", "0", "0", "1") != directed
    asked = cli("cut", "without.hepevt", *LEPTONS, *cut)
    assert asked.code == 2
    assert asked.err == (
        "tridentgen: 'without.hepevt': event 0 has no incoming particle, or several, and theta_pair <= 15 deg needs "
        "the direction of the beam: give --beam-direction X Y Z, 0 0 1 for the z axis\n"
    )


def test_weighted_background_with_a_cross_section(cli: Command, tmp_path: Path) -> None:
    """HepMC3 with weights 1, 3, 1, 1, 2, and 4e-38 cm^2 for all of them."""
    pyhepmc = pytest.importorskip("pyhepmc", reason="writing with the HepMC3 library needs pyhepmc")
    run = pyhepmc.GenRunInfo()
    run.weight_names = ["CV"]
    run.attributes = {
        "NuHepMC.Units.CrossSection.Unit": "10-38 cm2",
        "NuHepMC.Units.CrossSection.TargetScale": "PerAtom",
        "NuHepMC.FluxAveragedTotalCrossSection": 4.0,
    }
    weights = (1.0, 3.0, 1.0, 1.0, 2.0)
    path = tmp_path / "bg.hepmc3"
    with pyhepmc.open(str(path), "w") as file:
        for number, (weight, particles) in enumerate(zip(weights, BACKGROUND, strict=True)):
            event = pyhepmc.GenEvent(pyhepmc.Units.GEV, pyhepmc.Units.CM)
            event.run_info, event.event_number, event.weights = run, number, [weight]
            vertex = pyhepmc.GenVertex()
            for code in (14, 1000180400):  # both of status 4, as generators without NuHepMC write
                incoming = pyhepmc.GenParticle((0.0, 0.0, 5.0 * (code == 14), 5.0), code, 4)
                vertex.add_particle_in(incoming)
            for code, (x, y, z), mass in particles:
                particle = pyhepmc.GenParticle((x, y, z, math.sqrt(x * x + y * y + z * z + mass * mass)), code, 1)
                particle.generated_mass = mass
                vertex.add_particle_out(particle)
            event.add_vertex(vertex)
            file.write(event)
    found = cli("cut", path, *LEPTONS, "--cut", "energy_minus_min_GeV=1", "--json").json
    pair, energetic = (cut["by_regime"]["all"] for cut in found["cuts"])
    assert (pair["efficiency"], energetic["efficiency"]) == (pytest.approx(6.0 / 8.0), pytest.approx(4.0 / 8.0))
    # sum w^2 (k - 1/2)^2/(sum w)^2, with all (k - 1/2)^2 = 1/4
    assert energetic["efficiency_error"] == pytest.approx(0.5 * math.sqrt(1 + 9 + 1 + 1 + 4) / 8.0)
    assert energetic["sigma_cm2"] == pytest.approx(2e-38, rel=1e-12, abs=0.0)
    assert energetic["error_cm2"] == pytest.approx(energetic["efficiency_error"] * 4e-38, rel=1e-12, abs=0.0)
    assert cli("cut", path, *LEPTONS).out.splitlines()[0] == f"  {path}: 5 events (candidates)"


def test_the_same_tridents_in_three_formats(cli: Command, folder: Path) -> None:
    """Event file, NuHepMC and HEPEVT, as tridents and as candidates: the same events pass."""
    pytest.importorskip("pyhepmc", reason="reading HepMC needs pyhepmc")
    write_card(folder, ("events = 4000", "events = 1500"))
    assert cli("generate", "card.toml", "--unweight", "-o", "e.h5").code == 0
    for name in ("e.hepmc3.gz", "e.hepevt"):
        assert cli("convert", "e.h5", name).code == 0
    cuts = ("--veto-kinetic", "20MeV", "--cut", "m2_ll_max_GeV2=0.2", "delta_theta_max_deg=20", "pt_minus_max_GeV=0.4",
            "theta_pair_max_deg=8", "pt_pair_max_GeV=0.3")  # fmt: skip
    leptons = ("--minus", "mu-", "pi-", "--plus", "mu+", "pi+")
    wanted = cli("cut", "e.h5", *cuts, "q2_max_GeV2=0.05", "--json").json
    for name in ("e.hepmc3.gz", "e.hepevt"):
        found = cli("cut", name, *cuts, "q2_max_GeV2=0.05", "--json").json
        assert [cut["cut"] for cut in found["cuts"]] == [cut["cut"] for cut in wanted["cuts"]]
        pairs = cli("cut", name, *cuts, *leptons, "--json").json
        assert pairs["cuts"][0]["by_regime"]["total"]["efficiency"] == 1.0
        for regime in ("coherent", "proton", "neutron", "incoherent", "total"):
            counts = [cut["by_regime"][regime]["events"] for cut in wanted["cuts"]]
            assert counts[0] > counts[-1] or regime == "neutron"
            assert [cut["by_regime"][regime]["events"] for cut in found["cuts"]] == counts
            assert [cut["by_regime"][regime]["events"] for cut in pairs["cuts"][1:]] == counts[:-1]
            if name.endswith(".gz"):  # has weights, and the cross section
                for one, other in zip(found["cuts"], wanted["cuts"], strict=True):
                    for key in ("efficiency", "sigma_cm2"):
                        value = other["by_regime"][regime][key]
                        assert one["by_regime"][regime][key] == pytest.approx(value, rel=1e-9, abs=0.0)


def test_signal_and_background_in_one_file(cli: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    trident: Particles = [(14, (0.0, 0.0, 1.0), 0.0), (13, (0.1, 0.0, 2.0), M_MU), (-13, (0.0, 0.1, 1.5), M_MU),
                          (1000180400, (0.0, 0.0, 0.01), 37.2155)]  # fmt: skip
    Path("mixed.hepevt").write_text(hepevt([*BACKGROUND, trident]))
    found = cli("cut", "mixed.hepevt", *LEPTONS, "--json").json["cuts"][0]["by_regime"]
    assert {name: row["events"] for name, row in found.items()} == {"coherent": 1, "other": 3, "total": 4}
    assert found["total"]["weight"] == 4.0


def test_more_events_than_a_block(cli: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tridentgen.exchange.importing.found._BLOCK", 2)
    Path("bg.hepevt").write_text(hepevt(BACKGROUND * 7))
    assert left(cli, "bg.hepevt", *LEPTONS) == {"one candidate pair": 21}


def test_no_event_passes(cli: Command, background: Path) -> None:
    found = cli("cut", background, "--minus", "tau-", "--plus", "tau+")
    assert found.code == 0
    assert "no event of 'bg.hepevt' passes the cuts" in found.err
    assert "one candidate pair  0.00% +- 16.67%" in found.out  # 1/(5 + 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--cut", "m2_ll_max_GeV2=1"), "event 0 has no incoming neutrino and no target; neutrino and target "
         "are needed; or name the particles taken for the leptons, as in --minus mu- pi- --plus mu+ pi+"),
        ((*LEPTONS, "--cut", "q2_max_GeV2=1"), "the events of 'bg.hepevt' have no 'q2' to cut on; leave q2_min and"),
        ((*LEPTONS, "--cut", "w2_max_GeV2=1"), "have no 'w2'"),
        ((*LEPTONS, "--cut", "recoil_energy_max_GeV=1"), "have no 'recoil_energy'"),
        ((*LEPTONS, "--cut", "m2_max=1"), "--cut m2_max=1: unknown key 'cuts.m2_max', did you mean "),
        (("--minus", "mu-", "pi_-", "--plus", "mu+"), "--minus mu- pi_-: unknown particle 'pi_-', did you mean 'pi-'?"),
        (("--minus", "pi-", "--plus", "mu+"), "--minus pi-: begin with the lepton that the particles are taken for"),
        (("--minus", "mu-", "--plus", "mu-"), "--plus mu-: begin with the lepton that the particles are taken for"),
        (("--minus", "mu-", "pi+", "--plus", "mu+", "pi+"), "particle 211 is in both --minus and --plus"),
        (("--minus", "mu-"), "--minus needs --plus, as in --minus mu- pi- --plus mu+ pi+"),
        (("--beam-direction", "0", "0", "1"), "--beam-direction needs --minus and --plus"),
        ((*LEPTONS, "--beam-direction", "0", "x", "1"), "--beam-direction 0 x 1: must be three numbers"),
        ((*LEPTONS, "--beam-direction", "0", "0", "0"), "give three finite numbers that are not all 0"),
        ((*LEPTONS, "-o", "o.h5"), "--output o.h5: needs an event file"),
        ((*LEPTONS, "--veto-kinetic", "-1"), "--veto-kinetic -1: must be positive and finite"),
    ],
)  # fmt: skip
def test_mistakes(cli: Command, background: Path, arguments: tuple[str, ...], message: str) -> None:
    found = cli("cut", background, *arguments)
    assert (found.code, found.out) == (2, "")
    assert message in found.err
    assert found.err.count("\n") == 1


def test_events_that_are_no_tridents(cli: Command, tmp_path: Path) -> None:
    path = tmp_path / "bg.hepevt"
    path.write_text(hepevt(BACKGROUND, beam=(0.0, 0.0, 5.0)))
    found = cli("cut", path, "--cut", "m2_ll_max_GeV2=1")
    assert found.code == 2
    assert "event 0 is neither a trident nor a CEvNS event: its final state is 13, 211, 2212; name the" in found.err


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("0 3\n", "0 4\n", "expected the 15 columns of a particle"),
        ("0.3 0.1 2.0", "nan 0.1 2.0", "'p4_minus' of event 0 is not finite"),
        (hepevt(BACKGROUND), "", "holds no events"),
        ("1 3\n", "1\n", "bg.hepevt:5: another kind of head than the first event has"),
    ],
)
def test_damaged_files(cli: Command, background: Path, old: str, new: str, message: str) -> None:
    background.write_text(background.read_text().replace(old, new, 1))
    found = cli("cut", background, *LEPTONS)
    assert (found.code, found.out) == (2, "")
    assert message in found.err
    assert "bg.hepevt" in found.err
    assert found.err.count("\n") == 1
    missing = cli("cut", "nowhere.hepevt", *LEPTONS)
    assert (missing.code, missing.err.count("\n")) == (2, 1)
    assert "cannot read 'nowhere.hepevt'" in missing.err


def test_what_is_visible() -> None:
    seen = ("mu-", "e+", "gamma", "pi0", "K(L)0", "K(S)0", "Lambda", "p", "pi-", "K+")
    unseen = ("n", "nu(mu)", "12", "-16", "9900012", "1000180400", "2000000002", "2009900000")
    assert all(is_visible(pdg_code(name)) for name in seen)
    assert not any(is_visible(pdg_code(name)) for name in unseen)
