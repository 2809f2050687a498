"""Run cards of coherent scattering: every key, every mistake with its line and its cure, and how tables go together."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from tridentgen.cards import Card, CardError, parse_card, read_card
from tridentgen.detector import GaussianResolution, Lindhard
from tridentgen.processes.cevns.card import CevnsCard
from tridentgen.processes.cevns.cevns import Cevns
from tridentgen.processes.cevns.model import CevnsModel
from tridentgen.processes.cevns.terms import ContactNgi, DipolePortal, LightScalar, LightTensor, Nsi
from tridentgen.processes.terms import VECTOR_CHARGES, FlavourMatrix, LightVector, PerFlavour, VectorCharges
from tridentgen.runs.job import job_of, rate_of

SHORT = """\
title = "Recoils"
[process]
kind = "cevns"
target = "CsI"
[model]
[flux]
kind = "pion-decay-at-rest"
distance_m = 20
"""

FULL = """\
title = "Everything"
[process]
kind = "cevns"
target = "Cs133"
neutrino = "nue"
form_factor = "fermi"
proton_radius_fm = 4.8
neutron_radius_fm = 5
recoil_min_keV = 0.5
[model]
sin2_theta_w = 0.2386
couplings = "tree"
spin = "1/2"
axial = true
magnetic_moment = 0
charge_radius = "standard-model"
[model.nsi]
eps_u = { ee = 0.1, mumu = 0.2, tautau = 0.3, emu = 0.4, etau = 0.5, mutau = 0.6 }
eps_d = { ee = -1 }
[model.ngi]
vector = 1
scalar = 3
pseudoscalar = 4
tensor = 5
pseudoscalar_vertex = "gamma5"
[model.vector]
mass_GeV = 0.1
strength = -1e-8
charges = "B-L"
[model.scalar]
mass_GeV = 0.2
strength = 1e-9
proton_charge = 10
neutron_charge = 11
[model.tensor]
mass_GeV = 0.3
strength = 1e-10
delta_u = 0.7
delta_d = -0.1
factor = 4
[model.dipole]
mass_GeV = 0.005
mu_muB = 1e-9
[flux]
kind = "pion-decay-at-rest"
distance_m = 20
pulse_fwhm_ns = 360
[detector]
quenching = "lindhard"
resolution = { a_keVee = 0.1 }
threshold_keVnr = 2
[exposure]
mass_t = 0.0146
pot = 3.2e23
[sampling]
events = 100
[cuts]
e_nu_max_GeV = 0.05
recoil_energy_min_keV = 1
recoil_energy_max_keV = 30
cos_theta_min = 0.1
time_min_ns = -100
time_max_ns = 6000
quenched_energy_min_keV = 0.2
observed_energy_max_keV = 10
[output]
path = "out.h5"
"""


def messages(text: str, *overrides: str) -> tuple[str, ...]:
    """Lines of the error that `text` and `overrides` raise; none if they are right."""
    try:
        parse_card(text, path="bad.toml", overrides=overrides)
    except CardError as error:
        return error.messages
    return ()


def with_model(text: str) -> str:
    """A card with these lines in the table [model], which is at line 5."""
    return SHORT.replace("[model]\n", f"[model]\n{text}\n")


def with_process(text: str) -> str:
    """A card with these lines at the end of the table [process], from line 5 on."""
    return SHORT.replace("[model]\n", f"{text}\n[model]\n")


def model_of(text: str, *overrides: str) -> CevnsModel:
    card = parse_card(text, overrides=overrides)
    assert isinstance(card.model, CevnsModel)
    return card.model


def test_a_short_card_is_the_standard_model() -> None:
    card = parse_card(SHORT)
    assert card.process == CevnsCard("CsI")
    assert card.model == CevnsModel()
    assert card.reaction == Cevns("CsI")
    assert (card.detector, card.exposure) == (None, None)


def test_every_key_is_read() -> None:
    card = parse_card(FULL)
    assert card.process == CevnsCard("Cs133", "nue", "fermi", 4.8, 5.0, 0.5)
    assert card.model == CevnsModel(
        sin2_theta_w=0.2386,
        spin="1/2",
        axial=True,
        charge_radius="standard-model",
        nsi=Nsi(FlavourMatrix(0.1, 0.2, 0.3, 0.4, 0.5, 0.6), FlavourMatrix(ee=-1.0)),
        ngi=ContactNgi(1.0, 0.0, 3.0, 4.0, 5.0, "gamma5"),
        vector=LightVector(0.1, strength=-1e-8, charges="B-L"),
        scalar=LightScalar(0.2, 1e-9, 10.0, 11.0),
        tensor=LightTensor(0.3, 1e-10, 0.7, -0.1, 4.0),
        dipole=DipolePortal(0.005, 1e-9),
    )
    assert card.detector is not None
    assert card.detector.resolution == GaussianResolution(0.1)
    assert dict(card.cuts.limits) == {
        "e_nu": (-math.inf, 0.05),
        "recoil_energy": (1.0, 30.0),
        "cos_theta": (0.1, math.inf),
        "time": (-100.0, 6000.0),
        "quenched_energy": (0.2, math.inf),
        "observed_energy": (-math.inf, 10.0),
    }
    reaction = card.reaction
    assert isinstance(reaction, Cevns)
    assert (reaction.target, reaction.neutrino, reaction.recoil_min_keV) == ("Cs133", "nue", 0.5)
    job = job_of(card)
    assert job.process.channels == ("delayed-nue/Cs133", "delayed-nue/Cs133/upscattering")
    assert job.detector is not None
    assert isinstance(job.detector.quenchings[0], Lindhard)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("magnetic_moment = { e = 1e-11, mu = -2e-11, tau = 3 }", {"magnetic_moment": PerFlavour(1e-11, -2e-11, 3.0)}),
        ("magnetic_moment = 1e-10", {"magnetic_moment": 1e-10}),
        ("charge_radius = { mu = -1e-32 }", {"charge_radius": PerFlavour(mu=-1e-32)}),
        ('couplings = "radiative"', {"couplings": "radiative"}),
        ('spin = "approx"', {"spin": "approx"}),
        ("[model.ngi]\naxial = 2", {"ngi": ContactNgi(axial=2.0)}),
        ("[model.nsi]\neps_d.emu = 0.3", {"nsi": Nsi(eps_d=FlavourMatrix(emu=0.3))}),
        *(
            (
                f'[model.vector]\nmass_GeV = 1\nstrength = 1\ncharges = "{name}"',
                {"vector": LightVector(1.0, strength=1.0, charges=name)},
            )
            for name in VECTOR_CHARGES
        ),
        (
            "[model.vector]\nmass_GeV = 1\nstrength = 1\ncharges = { u = 1, d = -2, mu = 3 }",
            {"vector": LightVector(1.0, strength=1.0, charges=VectorCharges(1.0, -2.0, PerFlavour(mu=3.0)))},
        ),
        ("[model.vector]\nmass_GeV = 1\ncoupling = 0.25", {"vector": LightVector(1.0, strength=0.0625)}),
        ("[model.scalar]\nmass_GeV = 0.001\nstrength = 1", {"scalar": LightScalar(1e-3, 1.0)}),
        ("[model.tensor]\nmass_GeV = 0.001\nstrength = 1", {"tensor": LightTensor(1e-3, 1.0)}),
    ],
)
def test_models(text: str, expected: dict[str, Any]) -> None:
    assert model_of(with_model(text), "process.recoil_min_keV=0.001") == CevnsModel(**expected)


MISTAKES_OF_THE_PROCESS = [
    ('form_factor = "helmm"', "form_factor: must be one of helm, klein-nystrand, fermi, unit, not 'helmm', did you mean"
     " 'helm'?"),
    ('neutrino = "nux"', "neutrino: unknown neutrino 'nux', did you mean 'nue'?; known are nue, numu, nutau, nuebar, "
     "numubar, nutaubar"),
    ("neutrino = 14", "neutrino: must be a string in quotes, not 14"),
    ("recoil_min_keV = -1", "recoil_min_keV: must be a non-negative number, not -1"),
    ("proton_radius_fm = 0", "proton_radius_fm: must be a positive number, not 0"),
    ("neutron_radius_fm = { Cs = 5 }", "neutron_radius_fm: neutron_radius_fm has no entry for I127, only "
     "for Cs; add I"),
    ("neutron_radius_fm = {}", "neutron_radius_fm: must be a radius in fm, or one of each nuclide or element, not an "
     "empty table"),
    ("neutron_radius_fm = { Cs = 5, I = 0 }", "neutron_radius_fm.I: must be a positive number, not 0"),
    ('neutron_radius_fm = "5"', "neutron_radius_fm: must be a positive number, not '5'"),
    ("neutron_skin_fm = 1e999", "neutron_skin_fm: must be a finite number, not inf"),
]  # fmt: skip


def test_radii_by_nuclide_and_a_skin() -> None:
    text = with_process("proton_radius_fm = { Cs = 4.821, I = 4.766 }\nneutron_skin_fm = 0.2")
    process = parse_card(text).reaction
    assert process == Cevns("CsI", proton_radius_fm={"Cs": 4.821, "I": 4.766}, neutron_skin_fm=0.2)
    assert parse_card(with_process("neutron_radius_fm = 5")).reaction == Cevns("CsI", neutron_radius_fm=5.0)
    text = with_model('sin2_theta_w = 0.23\ncouplings = "radiative"')
    assert parse_card(text).model == CevnsModel(couplings="radiative", sin2_theta_w=0.23)


@pytest.mark.parametrize(("text", "message"), MISTAKES_OF_THE_PROCESS)
def test_mistakes_in_the_process(text: str, message: str) -> None:
    assert messages(with_process(text)) == (f"bad.toml:5: process.{message}",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("recoil_min_kev = 1", "5: unknown key 'process.recoil_min_kev', did you mean 'recoil_min_keV'?"),
        ('leptons = ["mu-", "mu+"]', "5: unknown key 'process.leptons'"),
        ('regimes = ["coherent"]', "5: unknown key 'process.regimes'"),
    ],
)
def test_keys_that_are_none(text: str, message: str) -> None:
    assert messages(with_process(text)) == (f"bad.toml:{message}",)


def test_targets() -> None:
    assert messages(SHORT.replace('target = "CsI"\n', "")) == ("bad.toml:2: key 'process.target' is missing",)
    (wrong,) = messages(SHORT.replace("CsI", "CsJ"))
    assert wrong.startswith("bad.toml:4: process.target: ")
    for name in ("Ar40", "Xe", "C8H20Pb", "CaWO4", "LXe"):
        assert parse_card(SHORT.replace("CsI", name)).process.target


BOSON = "mass_GeV = 0.1\nstrength = 1"
MISTAKES_OF_THE_MODEL = [
    ("sin2_theta_w = 2", "6: model.sin2_theta_w: must be a number between 0 and 1, not 2"),
    ('couplings = "loop"', "6: model.couplings: must be one of tree, radiative, not 'loop'"),
    ('spin = "2"', "6: model.spin: must be one of auto, 0, 1/2, approx, not '2'"),
    ("axial = 1", "6: model.axial: must be true or false, not 1"),
    ('magnetic_moment = "x"', "6: model.magnetic_moment: must be a finite number, not 'x'"),
    ("magnetic_moment = { e = nan }", "6: model.magnetic_moment.e: must be a finite number, not nan"),
    ("magnetic_moment = { m = 1 }", "6: unknown key 'model.magnetic_moment.m', did you mean 'mu'?"),
    ('charge_radius = "sm"', "6: model.charge_radius: must be one of standard-model, not 'sm'"),
    ("charge_radius = { el = 1 }", "6: unknown key 'model.charge_radius.el', did you mean 'e'?"),
    ("[model.zprime]\nmass_GeV = 1", "6: unknown table 'model.zprime'"),
    ("nsi = 0.1", "6: 'model.nsi' must be a table, not 0.1"),
    ("[model.nsi]\neps_u = 0.1", "7: 'model.nsi.eps_u' must be a table, not 0.1"),
    ("[model.nsi]\neps_u = { mue = 0.1 }", "7: unknown key 'model.nsi.eps_u.mue', did you mean 'emu'?"),
    ("[model.nsi]\neps_u = { ee = '1' }", "7: model.nsi.eps_u.ee: must be a finite number, not '1'"),
    ("[model.ngi]\nvectr = 1", "7: unknown key 'model.ngi.vectr', did you mean 'vector'?"),
    (
        "[model.ngi]\npseudoscalar_vertex = 'gama5'",
        "7: model.ngi.pseudoscalar_vertex: must be one of i-gamma5, gamma5, not 'gama5', did you mean 'gamma5'?",
    ),
    ("[model.vector]\nstrength = 1", "6: key 'model.vector.mass_GeV' is missing"),
    ("[model.vector]\nmass_GeV = 1", "6: key 'model.vector.coupling' is missing"),
    (
        "[model.vector]\nmass_GeV = 1\ncoupling = 1\nstrength = 1",
        "9: model.vector.strength: is g^2 and 'coupling' is g: give one of the two",
    ),
    ("[model.vector]\nmass_GeV = 1\ncoupling = -1", "8: model.vector.coupling: must be a number from 0 to 100, not -1"),
    ("[model.vector]\nmass_GeV = 0\nstrength = 1", "7: model.vector.mass_GeV: must be a positive number, not 0"),
    (
        f"[model.vector]\n{BOSON}\ncharges = 'B-l'",
        "9: model.vector.charges: must be one of universal, B-L, B-3Le, B-3Lmu, B-3Ltau, Le-Lmu, Le-Ltau, Lmu-Ltau, "
        "not 'B-l', did you mean 'B-L'?",
    ),
    (f"[model.vector]\n{BOSON}\ncharges = {{ u = 1 }}", "9: key 'model.vector.charges.d' is missing"),
    (f"[model.vector]\n{BOSON}\ncharges = {{ u = 1, d = 1, x = 1 }}", "9: unknown key 'model.vector.charges.x'"),
    (
        f"[model.vector]\n{BOSON}\ncharges = {{ u = 0, d = 0, e = 1 }}",
        "9: model.vector.charges: without quarks the loop that couples the boson to nuclei is finite only if the "
        "charges of e, mu and tau add up to zero",
    ),
    ("[model.scalar]\nmass_GeV = 1", "6: key 'model.scalar.strength' is missing"),
    (
        "[model.scalar]\nmass_GeV = -1\nstrength = 1",
        "7: model.scalar.mass_GeV = -1.0 must be a mass in GeV, at least 0",
    ),
    (
        f"[model.tensor]\n{BOSON}\nfactor = 5",
        "9: model.tensor.factor = 5.0 must be 8, or 4 to compare with literature that has it",
    ),
    ("[model.dipole]\nmass_GeV = 0.1", "6: key 'model.dipole.mu_muB' is missing"),
    ("[model.dipole]\nmass_MeV = 1\nmu_muB = 1", "7: unknown key 'model.dipole.mass_MeV', did you mean 'mass_GeV'?"),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES_OF_THE_MODEL)
def test_mistakes_in_the_model(text: str, message: str) -> None:
    """One line each, at the line of the key."""
    assert messages(with_model(text)) == (f"bad.toml:{message}",)


COMBINATIONS = [
    (
        'couplings = "radiative"\ncharge_radius = "standard-model"',
        "6: model.couplings = 'radiative' contain the charge radius: leave charge_radius out or use 'tree'",
    ),
    (
        f'spin = "0"\n[model.tensor]\n{BOSON}',
        "6: model.spin = '0' has no axial, pseudoscalar or tensor term: use spin = '1/2' or 'auto' with these",
    ),
    (
        "axial = true\n[model.ngi]\naxial = 1",
        "6: model.axial = true and ngi.axial both give the nucleus's axial coupling: leave one out",
    ),
    (
        f"magnetic_moment = 1e-10\n[model.scalar]\n{BOSON}",
        "6: model.magnetic_moment and scalar, pseudoscalar or tensor terms all flip the neutrino's helicity, and how "
        "an effective moment interferes with them is not defined: leave one out",
    ),
    (
        "magnetic_moment = 1e-10",
        "2: process.recoil_min_keV: recoil_min_keV = 0 does not go with a magnetic moment, whose cross section grows "
        "without limit at small recoils; give the smallest recoil of interest, such as 0.001",
    ),
    (
        "[model.scalar]\nmass_GeV = 0\nstrength = 1e-10",
        "2: process.recoil_min_keV: recoil_min_keV = 0 does not go with a scalar of 0 GeV, whose cross section grows "
        "without limit at small recoils; give the smallest recoil of interest, such as 0.001",
    ),
]


@pytest.mark.parametrize(("text", "message"), COMBINATIONS)
def test_values_that_do_not_go_together(text: str, message: str) -> None:
    assert messages(with_model(text)) == (f"bad.toml:{message}",)


def test_a_model_that_does_not_fit_the_nuclide() -> None:
    text = with_model("axial = true").replace("CsI", "Pb207")
    (message,) = messages(text)
    assert message.startswith("bad.toml:6: model.axial: axial = true: the spin content of Pb207 is not known here")
    (message,) = messages(with_process("proton_radius_fm = 0.5").replace("CsI", "I127"))
    assert message == (
        "bad.toml:5: process.proton_radius_fm: proton_radius_fm = 0.5 is too small for form factor 'helm': its surface "
        "alone has 1.56 fm; give a larger radius of I127"
    )


def test_mistakes_are_told_all_at_once() -> None:
    text = with_process('neutrino = "nux"\nrecoil_min_keV = -1').replace("[model]", "[model]\naxial = 1")
    found = messages(text, "detector.threshold_keVnr=-1")
    assert [line.split(":")[1] for line in found[:3]] == ["5", "6", "8"]
    assert found[3] == "--set detector.threshold_keVnr=-1: must be a non-negative number, not -1"


def test_overrides() -> None:
    card = parse_card(SHORT, overrides=["process.target=Xe", "process.recoil_min_keV=1", "model.nsi.eps_u.ee=0.1"])
    assert card.reaction == Cevns("Xe", recoil_min_keV=1.0, model=CevnsModel(nsi=Nsi(FlavourMatrix(ee=0.1))))
    assert parse_card(card.text).reaction == card.reaction
    assert messages(SHORT, "process.form_factor=helmm") == (
        "--set process.form_factor=helmm: must be one of helm, klein-nystrand, fermi, unit, not 'helmm', did you mean "
        "'helm'?",
    )
    tensor = ["model.tensor.mass_GeV=1", "model.tensor.strength=1", "model.tensor.factor=5"]
    assert messages(SHORT, *tensor) == (
        "--set model.tensor.factor=5: model.tensor.factor = 5.0 must be 8, or 4 to compare with literature that has it",
    )
    assert messages(SHORT, "model.magnetic_moment.e=1e-10", "process.recoil_min_keV=0.1") == ()
    (message,) = messages(SHORT, "process.recoil_min_keV=0", "model.magnetic_moment=1e-10")
    assert message.startswith("--set process.recoil_min_keV=0: recoil_min_keV = 0 does not go with a magnetic moment")


@pytest.mark.parametrize("text", [SHORT, FULL], ids=["short", "full"])
def test_the_text_of_a_card_gives_the_card_back(text: str) -> None:
    card = parse_card(text, overrides=["sampling.seed=7"])
    assert parse_card(card.text) == card


def test_a_single_energy_needs_the_neutrinos_name() -> None:
    text = SHORT.replace('kind = "pion-decay-at-rest"\ndistance_m = 20', 'kind = "monochromatic"\nenergy_MeV = 30')
    (message,) = messages(text)
    assert message.startswith(
        "bad.toml:2: process.neutrino is missing: flux.kind = 'monochromatic' does not define the"
    )
    assert messages(text, "process.neutrino=nue") == ()


def test_a_neutrino_that_the_source_does_not_make() -> None:
    (message,) = messages(with_process('neutrino = "nutau"'))
    assert message.startswith("bad.toml:7: flux: no nutau from pi+ and mu+ decays at rest")


def test_recoils_above_what_the_flux_makes_are_refused_at_the_flux() -> None:
    card = parse_card(with_process("recoil_min_keV = 500"), path="bad.toml")
    with pytest.raises(CardError, match=r"^bad.toml:8: flux.kind: no recoil above recoil_min_keV = 500: the flux ends"):
        job_of(card)


TRIDENT = """\
title = "x"
[process]
kind = "trident"
neutrino = "numu"
leptons = ["mu-", "mu+"]
target = "Ar40"
regimes = ["coherent"]
[flux]
kind = "monochromatic"
energy_GeV = 5
"""


def test_a_detector_belongs_to_coherent_scattering() -> None:
    assert messages(TRIDENT + '[detector]\nquenching = "lindhard"\nthreshold_keVnr = 1\n') == (
        "bad.toml:11: detector: belongs to process.kind = 'cevns' or 'wimp': there is no detector response to "
        "tridents; leave it out",
    )
    card = parse_card(SHORT + '[detector.quenching]\nCs = "csi"\n', path="bad.toml")
    with pytest.raises(CardError, match=r"^bad.toml:9: detector.quenching: no entry for I127, only for Cs; add"):
        job_of(card)


def test_keys_of_tridents_are_none_of_recoils_and_the_other_way() -> None:
    for text, message in (
        (SHORT + "[cuts]\nm2_ll_max_GeV2 = 1\n", "10: unknown key 'cuts.m2_ll_max_GeV2'"),
        (TRIDENT + "[cuts]\ntime_max_ns = 1\n", "12: unknown key 'cuts.time_max_ns'"),
        (SHORT.replace("[model]", "[model]\nvector_coupling = 1"), "6: unknown key 'model.vector_coupling'"),
    ):
        (found,) = messages(text)
        assert found.startswith(f"bad.toml:{message}")


@pytest.mark.parametrize(
    ("cuts", "message"),
    [
        ("recoil_energy_min_keV = -1", "10: cuts.recoil_energy_min_keV: must be a non-negative number, not -1"),
        ("recoil_energy_min_GeV = 1", "10: unknown key 'cuts.recoil_energy_min_GeV', did you mean "),
        ("time_min_ns = 5\ntime_max_ns = 4", "11: cuts.time_max_ns: must be greater than cuts.time_min_ns = 5, not 4"),
    ],
)
def test_cuts(cuts: str, message: str) -> None:
    (found,) = messages(f"{SHORT}[cuts]\n{cuts}\n")
    assert found.startswith(f"bad.toml:{message}")


@pytest.mark.parametrize("name", ["quenched_energy", "observed_energy"])
def test_cuts_on_what_is_seen_need_a_detector(name: str) -> None:
    text = f"{SHORT}[cuts]\n{name}_min_keV = 1\n"
    with pytest.raises(CardError, match=rf"^bad.toml:9: cuts: there is no '{name}' without a detector; add \[detector"):
        job_of(parse_card(text, path="bad.toml"))
    assert job_of(parse_card(f"{text}[detector]\n")).detector is not None


SIGMA, TONNE_OF_ARGON = 1e-39, 1e6 / 39.9623831 * 6.02214076e23
YEAR_S = 365.25 * 86400.0


def rate(flux: str, exposure: str) -> float | None:
    card = card_with(flux, exposure)
    return rate_of(card, job_of(card).beam, SIGMA)


def card_with(flux: str, exposure: str) -> Card:
    head = '[process]\nkind = "cevns"\ntarget = "Ar40"\nneutrino = "nue"\n'
    return parse_card(f'title = "x"\n{head}[flux]\n{flux}\n[exposure]\n{exposure}\n', path="bad.toml")


def test_exposures_go_with_fluxes() -> None:
    """Cross section x flux x nuclei x protons, seconds or bursts."""
    per_proton = 0.0848 / (4 * math.pi * 2000.0**2)
    found = rate('kind = "pion-decay-at-rest"\ndistance_m = 20', "mass_t = 2\npot = 1e23")
    assert found == pytest.approx(SIGMA * per_proton * 1e23 * 2 * TONNE_OF_ARGON, rel=1e-7)
    found = rate('kind = "solar"\ncomponents = ["8B"]\nfluxes = [5e6]', "mass_t = 2\nyears = 3")
    assert found == pytest.approx(SIGMA * 5e6 * 3 * YEAR_S * 2 * TONNE_OF_ARGON, rel=1e-7)
    burst = card_with('kind = "supernova"\ndistance_kpc = 10', "mass_t = 2")
    beam = job_of(burst).beam
    assert beam.total_units == "cm^-2"
    assert rate_of(burst, beam, SIGMA) == pytest.approx(SIGMA * beam.total * 2 * TONNE_OF_ARGON, rel=1e-7)


@pytest.mark.parametrize(
    ("flux", "exposure", "message"),
    [
        ('kind = "pion-decay-at-rest"\ndistance_m = 20', "mass_t = 1\nyears = 1", "exposure.years = 1 does not go"),
        ('kind = "pion-decay-at-rest"\ndistance_m = 20', "mass_t = 1", "exposure needs both mass_t and pot"),
        ('kind = "dsnb"', "mass_t = 1\npot = 1e20", r"exposure.pot = 1e\+20 does not go with a flux per second"),
        ('kind = "dsnb"', "mass_t = 1", "exposure needs both mass_t and years"),
        ('kind = "supernova"\ndistance_kpc = 10', "mass_t = 1\nyears = 1", "does not go with a flux per burst"),
        ('kind = "monochromatic"\nenergy_MeV = 30', "mass_t = 1\nyears = 1", "this is only a shape"),
        ('kind = "dsnb"', "years = 1", r"the table \[exposure\] needs mass_t"),
    ],
)
def test_exposures_that_do_not(flux: str, exposure: str, message: str) -> None:
    with pytest.raises(CardError, match=message) as caught:
        rate(flux, exposure)
    assert len(caught.value.messages) == 1
    assert caught.value.messages[0].startswith("bad.toml:")


def test_relative_paths_start_at_the_card(tmp_path: Path) -> None:
    (tmp_path / "ee.dat").write_text("1 0.1\n50 0.2\n", encoding="utf-8")
    path = tmp_path / "card.toml"
    path.write_text(SHORT + '[detector.quenching]\nkind = "table"\npath = "ee.dat"\n', encoding="utf-8")
    detector = job_of(read_card(path)).detector
    assert detector is not None
    assert float(detector.quenched(25.5e-6)) == pytest.approx(25.5e-6 * 0.15)
