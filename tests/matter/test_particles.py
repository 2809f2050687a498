import pytest
from hypothesis import given
from hypothesis import strategies as st
from particle import Particle

from tridentgen.constants import ELECTRON_MASS_GEV
from tridentgen.errors import InputError
from tridentgen.matter.particles import CHARGED_LEPTONS, NEUTRINOS, charged_lepton, lepton_mass_GeV, neutrino


@pytest.mark.parametrize(
    ("name", "pdgid"),
    [("nue", 12), ("numu", 14), ("nutau", 16), ("nuebar", -12), ("numubar", -14), ("nutaubar", -16)],
)
def test_neutrino_codes(name: str, pdgid: int) -> None:
    assert neutrino(name).pdgid == pdgid
    assert neutrino(name).name == name
    assert neutrino(name).antiparticle == (pdgid < 0)


@pytest.mark.parametrize("name", ["e-", "e+", "mu-", "mu+", "tau-", "tau+"])
def test_charged_leptons_agree_with_the_pdg_table(name: str) -> None:
    lepton = charged_lepton(name)
    entry = Particle.from_pdgid(lepton.pdgid)
    assert entry.name == name
    assert entry.charge == lepton.charge
    assert lepton.name == name


def test_every_flavour_and_sign_is_there_once() -> None:
    assert len({n.pdgid for n in NEUTRINOS.values()}) == 6
    assert len({x.pdgid for x in CHARGED_LEPTONS.values()}) == 6
    assert all(charged_lepton(n).pdgid == -charged_lepton(n[:-1] + "+").pdgid for n in ("e-", "mu-", "tau-"))


@pytest.mark.parametrize(
    ("flavour", "mass_MeV", "error_MeV"),
    # CODATA 2022 twice, then PDG 2024 (1776.93 +- 0.09)
    [("e", 0.51099895069, 1e-8), ("mu", 105.6583755, 1e-6), ("tau", 1776.93, 0.2)],
)
def test_lepton_masses(flavour: str, mass_MeV: float, error_MeV: float) -> None:
    assert lepton_mass_GeV(flavour) * 1e3 == pytest.approx(mass_MeV, abs=error_MeV)


def test_particle_and_antiparticle_weigh_the_same_as_the_table_says() -> None:
    for lepton in CHARGED_LEPTONS.values():
        assert lepton.mass_GeV == lepton_mass_GeV(lepton.flavour)
    assert charged_lepton("e+").mass_GeV == pytest.approx(ELECTRON_MASS_GEV, rel=1e-7)


def test_misspelled_names_get_a_suggestion() -> None:
    with pytest.raises(InputError, match=r"unknown neutrino 'numub', did you mean 'numu(bar)?'\?; known are nue,"):
        neutrino("numub")
    with pytest.raises(InputError, match=r"unknown charged lepton 'muon-', did you mean 'mu-'\?"):
        charged_lepton("muon-")
    with pytest.raises(InputError, match=r"known are e-, e\+, mu-"):
        charged_lepton("pi+")


@given(st.text(max_size=8))
def test_any_other_text_is_an_input_error(text: str) -> None:
    for table, look_up in ((NEUTRINOS, neutrino), (CHARGED_LEPTONS, charged_lepton)):
        if text not in table:
            with pytest.raises(InputError):
                look_up(text)
