from __future__ import annotations

import dataclasses
import math
import pickle
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tridentgen.cards import Card, CardError, parse_card, read_card
from tridentgen.errors import FileError, InputError
from tridentgen.events.observables import Observable
from tridentgen.flux.facility import own_file_keys
from tridentgen.flux.from_card import build_flux
from tridentgen.flux.kinds import KINDS
from tridentgen.processes.kinds import kind_names
from tridentgen.processes.trident.card import ModelCard, ProcessCard
from tridentgen.processes.trident.observables import TRIDENT_OBSERVABLES
from tridentgen.processes.trident.trident import Trident
from tridentgen.resources import builtin_cards
from tridentgen.toml.tables import Override

GOOD = """\
title = "Dimuons"
[process]
kind = "trident"
neutrino = "numu"
leptons = ["mu-", "mu+"]
target = "Ar40"
regimes = ["coherent", "diffractive"]
[flux]
kind = "monochromatic"
energy_GeV = 5
[exposure]
mass_t = 50
[sampling]
events = 1000
[cuts]
m2_ll_max_GeV2 = 0.2
[output]
path = "events.h5"
"""

FULL = """\
title = "Everything"
[process]
kind = "trident"
neutrino = "numubar"
leptons = ["mu+", "mu-"]
target = "Fe-56"
regimes = ["total"]
form_factor = "helm"
pauli_blocking = false
fermi_momentum_GeV = 0.25
nucleon_form_factor = "kelly"
[model]
sin2_theta_w = 0.2386
vector_coupling = 1
axial_coupling = -0.5
[model.zprime]
mass_GeV = 0.1
coupling = 1e-3
neutrino_charge = 1
lepton_charge = -1.0
[flux]
kind = "power-law"
index = 2
energy_min_GeV = 1
energy_max_GeV = 10.5
[exposure]
mass_t = 1
pot = 1e20
years = 0.5
[sampling]
events = 1_000_000
seed = 9_223_372_036_854_775_807
engine = "native"
rel_error = 0.01
threads = 2
training_points = 5000
[cuts]
m2_ll_min_GeV2 = 0.1
m2_ll_max_GeV2 = 0.2
delta_theta_max_deg = 90
energy_plus_min_GeV = 0.3
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


def changed(old: str, new: str, text: str = GOOD) -> str:
    assert text.count(old) == 1
    return text.replace(old, new)


def test_a_short_card_takes_the_defaults() -> None:
    card = parse_card(GOOD)
    assert card.text == GOOD
    assert card.path is None
    assert isinstance(card.process, ProcessCard)
    assert isinstance(card.model, ModelCard)
    assert card.process.leptons == ("mu-", "mu+")
    assert (card.process.form_factor, card.process.nucleon_form_factor) == ("fermi", "kelly")
    assert card.process.pauli_blocking is True
    assert card.process.fermi_momentum_GeV is None
    assert card.model.sin2_theta_w is None
    assert card.model.zprime is None
    assert (card.flux.kind, dict(card.flux.options)) == ("monochromatic", {"energy_GeV": 5.0})
    assert card.exposure is not None
    assert (card.exposure.mass_t, card.exposure.pot, card.exposure.years) == (50.0, None, None)
    sampling = card.sampling
    assert (sampling.events, sampling.seed, sampling.engine, sampling.rel_error) == (1000, 1, "auto", 1e-3)
    assert (sampling.threads, sampling.training_points) == (None, None)
    assert dict(card.cuts.limits) == {"m2_ll": (-math.inf, 0.2)}
    assert card.output.path == "events.h5"


def test_every_key_is_read() -> None:
    card = parse_card(FULL)
    assert card.title == "Everything"
    assert isinstance(card.process, ProcessCard)
    assert isinstance(card.model, ModelCard)
    assert card.process.leptons == ("mu-", "mu+")
    assert card.process.target == "Fe56"
    assert card.process.regimes == ("total",)
    assert (card.process.form_factor, card.process.nucleon_form_factor) == ("helm", "kelly")
    assert (card.process.pauli_blocking, card.process.fermi_momentum_GeV) == (False, 0.25)
    model = card.model
    assert (model.sin2_theta_w, model.vector_coupling, model.axial_coupling) == (0.2386, 1.0, -0.5)
    assert model.zprime is not None
    assert (model.zprime.mass_GeV, model.zprime.strength) == (0.1, 1e-3 * 1e-3)
    assert (model.zprime.neutrino_charge, model.zprime.lepton_charge) == (1.0, -1.0)
    assert dict(card.flux.options) == {"index": 2.0, "energy_min_GeV": 1.0, "energy_max_GeV": 10.5}
    assert all(isinstance(value, float) for value in card.flux.options.values())
    assert card.exposure is not None
    assert (card.exposure.mass_t, card.exposure.pot, card.exposure.years) == (1.0, 1e20, 0.5)
    assert (card.sampling.events, card.sampling.seed) == (1_000_000, 2**63 - 1)
    assert (card.sampling.engine, card.sampling.rel_error) == ("native", 0.01)
    assert (card.sampling.threads, card.sampling.training_points) == (2, 5000)
    assert dict(card.cuts.limits) == {
        "m2_ll": (0.1, 0.2),
        "delta_theta": (-math.inf, math.pi / 2),
        "energy_plus": (0.3, math.inf),
    }


def test_options_and_limits_are_read_only() -> None:
    card = parse_card(GOOD)
    for mapping in (card.flux.options, card.cuts.limits):
        with pytest.raises(TypeError):
            mapping["energy_GeV"] = 1.0  # type: ignore[index]


def test_optional_tables_may_be_left_out() -> None:
    text = GOOD[: GOOD.index("[exposure]")]
    card = parse_card(text)
    assert card.exposure is None
    assert card.sampling.events == 100_000
    assert dict(card.cuts.limits) == {}
    assert card.output.path is None


@pytest.mark.parametrize("observable", TRIDENT_OBSERVABLES, ids=lambda observable: observable.name)
def test_every_observable_can_be_cut_on_both_sides(observable: Observable) -> None:
    keys = [f"{observable.name}_{side}_{observable.unit}" for side in ("min", "max")]
    card = parse_card(changed("m2_ll_max_GeV2 = 0.2", f"{keys[0]} = 0.5\n{keys[1]} = 2"))
    unit = {"deg": math.radians(1.0), "GeV": 1.0, "GeV2": 1.0}[observable.unit]
    assert card.cuts.limits[observable.name] == pytest.approx((0.5 * unit, 2.0 * unit), rel=1e-15)


WRONG_VALUES = [
    ('title = "Dimuons"', "title = 3", "1: title: must be a string in quotes, not 3"),
    ('title = "Dimuons"', 'title = "  "', "1: title: must have 1 to 4096 characters, not '  '"),
    (
        '"trident"',
        '"tridnt"',
        f"3: process.kind: must be one of {', '.join(kind_names())}, not 'tridnt', did you mean 'trident'?",
    ),
    (
        '"trident"',
        '"trident-epa"\nphoton_flux = "exat"',
        "4: process.photon_flux: must be one of exact, lambda-qcd, q-max, uncut, not 'exat', did you mean 'exact'?",
    ),
    (
        '"trident"',
        '"trident-epa"\nq_max_GeV = 0.5',
        "4: process.q_max_GeV: q_max_GeV goes with photon_flux = 'q-max', not with 'exact'; leave it out",
    ),
    (
        '"numu"',
        '"numuu"',
        "4: process.neutrino: unknown neutrino 'numuu', did you mean 'numu'?; "
        "known are nue, numu, nutau, nuebar, numubar, nutaubar",
    ),
    ('"numu"', "14", "4: process.neutrino: must be a string in quotes, not 14"),
    (
        '"mu-",',
        '"muon",',
        "5: process.leptons[0]: unknown charged lepton 'muon'; known are e-, e+, mu-, mu+, tau-, tau+",
    ),
    (
        '["mu-", "mu+"]',
        '["mu-", "e-"]',
        '5: process.leptons: must be one negative and one positive lepton like ["mu-", "mu+"], not mu-, e-',
    ),
    (
        '["mu-", "mu+"]',
        '["mu-"]',
        '5: process.leptons: must be one negative and one positive lepton like ["mu-", "mu+"], not mu-',
    ),
    (
        '["mu-", "mu+"]',
        "[]",
        '5: process.leptons: must be a list such as ["mu-", "mu+"], not an empty list',
    ),
    (
        '["mu-", "mu+"]',
        '"mu-"',
        '5: process.leptons: must be a list such as ["mu-", "mu+"], not \'mu-\'',
    ),
    ('"Ar40"', "40", "6: process.target: must be a string in quotes, not 40"),
    (
        '"coherent",',
        '"coherant",',
        "7: process.regimes[0]: must be one of coherent, proton, neutron, diffractive, total, not 'coherant'"
        ", did you mean 'coherent'?",
    ),
    (
        '"coherent",',
        "[],",
        "7: process.regimes[0]: must be one of coherent, proton, neutron, diffractive, total, not a list",
    ),
    (
        '"coherent",',
        '"total",',
        "7: process.regimes: 'total' contains 'diffractive': name only one of them",
    ),
    (
        '"coherent",',
        '"neutron",',
        "7: process.regimes: 'diffractive' contains 'neutron': name only one of them",
    ),
    ('"coherent",', '"diffractive",', "7: process.regimes: 'diffractive' is named twice"),
    (
        "[flux]",
        "form_factor = 'fermy'\n[flux]",
        "8: process.form_factor: must be one of fermi, woods-saxon, helm, klein-nystrand, fourier-bessel, "
        "unit, not 'fermy', did you mean 'fermi'?",
    ),
    ("[flux]", "pauli_blocking = 1\n[flux]", "8: process.pauli_blocking: must be true or false, not 1"),
    (
        "[flux]",
        "fermi_momentum_GeV = 0.0\n[flux]",
        "8: process.fermi_momentum_GeV: must be a positive number, not 0.0",
    ),
    (
        "[flux]",
        "nucleon_form_factor = 'bbba'\n[flux]",
        "8: process.nucleon_form_factor: must be one of kelly, dipole, not 'bbba'",
    ),
    (
        "[flux]",
        "[model]\nsin2_theta_w = 1\n[flux]",
        "9: model.sin2_theta_w: must be a number between 0 and 1, not 1",
    ),
    (
        "[flux]",
        "[model]\nvector_coupling = 1\n[flux]",
        "9: model.vector_coupling: needs 'model.axial_coupling' as well: the two replace V and A together",
    ),
    (
        "[flux]",
        "[model]\naxial_coupling = 1\n[flux]",
        "9: model.axial_coupling: needs 'model.vector_coupling' as well: the two replace V and A together",
    ),
    ("[flux]", "[model]\nzprime = 1\n[flux]", "9: 'model.zprime' must be a table, not 1"),
    (
        "[flux]",
        "[model.zprime]\nmass_GeV = -1\ncoupling=1\nneutrino_charge=1\nlepton_charge=1\n[flux]",
        "9: model.zprime.mass_GeV: must be a positive number, not -1",
    ),
    (
        "[flux]",
        "[model.zprime]\nmass_GeV = 1\ncoupling=-1\nneutrino_charge=1\nlepton_charge=1\n[flux]",
        "10: model.zprime.coupling: must be a number from 0 to 100, not -1",
    ),
    (
        "[flux]",
        "[model]\nvector_coupling = 1\naxial_coupling = -1e9\n[flux]",
        "10: model.axial_coupling: must be a number from -1000 to 1000, not -1000000000.0",
    ),
    (
        "[flux]",
        "[model.zprime]\nmass_GeV = 1\ncoupling=1\nstrength=1\nneutrino_charge=1\nlepton_charge=1\n[flux]",
        "11: model.zprime.strength: is g^2 and 'coupling' is g: give one of the two",
    ),
    (
        "[flux]",
        "[model.zprime]\nmass_GeV = 1\nneutrino_charge=1\nlepton_charge=1\n[flux]",
        "8: key 'model.zprime.coupling' is missing",
    ),
    (
        "[flux]",
        "[model.zprime]\nmass_GeV = 1\ncoupling=1\nneutrino_charge=1\n[flux]",
        "8: key 'model.zprime.lepton_charge' is missing",
    ),
    (
        '"monochromatic"',
        '"monocromatic"',
        f"9: flux.kind: must be one of {', '.join(KINDS)}, not 'monocromatic', did you mean 'monochromatic'?",
    ),
    (
        '"numu"\nleptons = ["mu-", "mu+"]',
        '"nue"\nleptons = ["mu-", "e+"]',
        "5: process.leptons: nu_e cannot produce mu with anti-e: lepton flavour is conserved, so the pair must be of "
        "one flavour, or e with anti-e (with outgoing nu_e)",
    ),
    (
        "Ar40",
        "H1",
        "7: process.regimes: H1 is a single proton without a coherent regime; choose regime 'proton' or 'total'",
    ),
    (
        "Ar40",
        "He4",
        "2: process.form_factor: form factor 'fermi' does not fit He4: its charge radius 1.6755 fm is smaller than a "
        "surface of diffuseness 0.523 fm allows; choose 'helm'",
    ),
    ("energy_GeV = 5\n", "", "8: key 'flux.energy_GeV' is missing: flux.kind = 'monochromatic' needs it"),
    ("GeV = 5", "GeV = -5", "10: flux.energy_GeV = -5.0 must be a positive energy in GeV"),
    ("GeV = 5", "GeV = true", "10: flux.energy_GeV: must be a finite number, not true"),
    ("GeV = 5", 'GeV = "5"', "10: flux.energy_GeV: must be a number, not '5'"),
    ("GeV = 5", "GeV = nan", "10: flux.energy_GeV: must be a finite number, not nan"),
    (
        "= 5\n",
        f"= 1{'0' * 400}\n",
        "10: flux.energy_GeV: must be a finite number, not a whole number of more than 40 digits",
    ),
    ("= 50", "= 0", "12: exposure.mass_t: must be a positive number up to 1e40, not 0"),
    ("mass_t = 50", "pot = inf", "12: exposure.pot: must be a positive number up to 1e40, not inf"),
    ("mass_t = 50", "years = -1.5", "12: exposure.years: must be a positive number up to 1e40, not -1.5"),
    ("= 1000", "= 0", "14: sampling.events: must be a whole number from 1 to 1000000000000, not 0"),
    ("= 1000", "= -1", "14: sampling.events: must be a whole number from 1 to 1000000000000, not -1"),
    ("= 1000", "= 1e30", "14: sampling.events: must be a whole number from 1 to 1000000000000, not 1e+30"),
    (
        "= 1000",
        "= 1e6",
        "14: sampling.events: must be a whole number from 1 to 1000000000000, not 1000000.0; write 1000000",
    ),
    ("= 1000", "= true", "14: sampling.events: must be a whole number from 1 to 1000000000000, not true"),
    (
        "events = 1000",
        "seed = -1",
        "14: sampling.seed: must be a whole number from 0 to 9223372036854775807, not -1",
    ),
    (
        "events = 1000",
        "seed = 9223372036854775808",
        "14: sampling.seed: must be a whole number from 0 to 9223372036854775807, not 9223372036854775808",
    ),
    (
        "events = 1000",
        "engine = 'gpu'",
        "14: sampling.engine: must be one of auto, numpy, native, cuda, not 'gpu'",
    ),
    (
        "events = 1000",
        "rel_error = 1.0",
        "14: sampling.rel_error: must be a number between 0 and 1, not 1.0",
    ),
    ("events = 1000", "threads = 0", "14: sampling.threads: must be a whole number from 1 to 1024, not 0"),
    (
        "events = 1000",
        "training_points = 0",
        "14: sampling.training_points: must be a whole number from 1 to 1000000000000, not 0",
    ),
    (
        "= 0.2",
        "= -0.2",
        "16: cuts.m2_ll_max_GeV2: must be a non-negative number, not -0.2",
    ),
    (
        "= 0.2",
        "= 0.2\nm2_ll_min_GeV2 = 0.3",
        "16: cuts.m2_ll_max_GeV2: must be greater than cuts.m2_ll_min_GeV2 = 0.3, not 0.2",
    ),
    ('"events.h5"', '""', "18: output.path: must have 1 to 4096 characters, not ''"),
    ('"events.h5"', "1979-05-27", "18: output.path: must be a string in quotes, not 1979-05-27"),
    ("energy_GeV", "energy_Gev", "10: unknown key 'flux.energy_Gev', did you mean 'energy_GeV'?"),
    ("neutrino =", "neutrio =", "4: unknown key 'process.neutrio', did you mean 'neutrino'?"),
    ("mass_t", "mas_t", "12: unknown key 'exposure.mas_t', did you mean 'mass_t'?"),
    ("m2_ll_max_GeV2", "m2_ll_max", "16: unknown key 'cuts.m2_ll_max', did you mean 'm2_ll_max_GeV2'?"),
    ("title", "titel", "1: unknown key 'titel', did you mean 'title'?"),
    ("[sampling]", "[samplings]", "13: unknown table 'samplings', did you mean 'sampling'?"),
    ('neutrino = "numu"\n', "", "2: key 'process.neutrino' is missing"),
    ('target = "Ar40"\n', "", "2: key 'process.target' is missing"),
    ('leptons = ["mu-", "mu+"]\n', "", "2: key 'process.leptons' is missing"),
    ('kind = "monochromatic"\nenergy_GeV = 5\n', "", "8: key 'flux.kind' is missing"),
    ('[flux]\nkind = "monochromatic"\nenergy_GeV = 5\n', "", "1: the table [flux] is missing"),
]


@pytest.mark.parametrize(("old", "new", "message"), WRONG_VALUES)
def test_one_mistake_gives_one_line(old: str, new: str, message: str) -> None:
    assert messages(changed(old, new)) == (f"bad.toml:{message}",)


def test_the_nuclide_table_refuses_unknown_targets() -> None:
    (message,) = messages(changed("Ar40", "Arr40"))
    assert message.startswith("bad.toml:6: process.target: ")
    assert "'Arr40'" in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ("1: the table [process] is missing", "1: the table [flux] is missing")),
        ("process = 1", ("1: 'process' must be a table, not 1", "1: the table [flux] is missing")),
        ('title = "x\n', ("1:11: not valid TOML: illegal character '\\n'",)),
        ("[process]\nkind == 1", ("2:7: not valid TOML: invalid value",)),
        ("[process]\nkind =", ("2:7: not valid TOML: invalid value",)),
        ("a = 1\r\n\r\na = 2\r\n", ("3:6: not valid TOML: cannot overwrite a value",)),
        ("a = " + "[" * 100_000, ("1: not a card: arrays or tables are nested too deeply",)),
        ("a = " + "9" * 5000, ("1: not a card: a whole number has thousands of digits",)),
    ],
)
def test_what_is_no_card_at_all(text: str, message: tuple[str, ...]) -> None:
    assert messages(text) == tuple(f"bad.toml:{line}" for line in message)


def test_all_mistakes_are_reported_in_the_order_of_the_text() -> None:
    text = """\
[sampling]
events = 0
sede = 3
[flux]
kind = "file"
path = 3
pot = 'many'
[process]
kind = "trident"
neutrino = "numuu"
leptons = ["mu-", "mu-"]
target = "Ar40"
regimes = []
"""
    lines = [message.split(" ")[0:2] for message in messages(text, "cuts.q2_max_GeV2=-1", "what")]
    assert lines == [
        ["bad.toml:2:", "sampling.events:"],
        ["bad.toml:3:", "unknown"],
        ["bad.toml:6:", "flux.path:"],
        ["bad.toml:7:", "flux.pot:"],
        ["bad.toml:10:", "process.neutrino:"],
        ["bad.toml:11:", "process.leptons:"],
        ["bad.toml:13:", "process.regimes:"],
        ["--set", "what:"],
        ["--set", "cuts.q2_max_GeV2=-1:"],
    ]


def test_elements_of_long_arrays_have_their_own_lines() -> None:
    text = changed(
        'kind = "monochromatic"\nenergy_GeV = 5',
        'kind = "histogram"\nedges_GeV = [ # GeV\n  1,\n  2, "3", # no number\n\n  nan,\n]\nvalues = [1, 2, 3, [4]]',
    )
    assert messages(text) == (
        "bad.toml:12: flux.edges_GeV[2]: must be a finite number, not '3'",
        "bad.toml:14: flux.edges_GeV[3]: must be a finite number, not nan",
        "bad.toml:16: flux.values[3]: must be a finite number, not a list",
    )


def test_inline_and_dotted_tables_have_lines_too() -> None:
    text = changed(
        "[process]",
        "model.sin2_theta_w = 2\nmodel.zprime = { mass_GeV = 1, coupling = 0.1, leptons_charge = 1 }\n[process]",
    )
    assert messages(text) == (
        "bad.toml:2: model.sin2_theta_w: must be a number between 0 and 1, not 2",
        "bad.toml:3: unknown key 'model.zprime.leptons_charge', did you mean 'lepton_charge'?",
        "bad.toml:3: key 'model.zprime.neutrino_charge' is missing",
    )


def test_histograms_and_file_columns_keep_their_types() -> None:
    histogram = parse_card(
        changed('kind = "monochromatic"\nenergy_GeV = 5', 'kind = "histogram"\nedges_GeV = [1, 2]\nvalues = [3]')
    )
    assert dict(histogram.flux.options) == {"edges_GeV": [1.0, 2.0], "values": [3.0]}
    for column, read in (("2", 2), ("'numu'", "numu")):
        card = parse_card(
            changed('kind = "monochromatic"\nenergy_GeV = 5', f'kind = "file"\npath = "f"\ncolumn = {column}')
        )
        assert dict(card.flux.options) == {"path": "f", "column": read}
    text = changed('kind = "monochromatic"\nenergy_GeV = 5', 'kind = "file"\npath = "f"\ncolumn = 1.5')
    assert messages(text) == ("bad.toml:11: flux.column: must be a whole number or a string in quotes, not 1.5",)


def test_overrides_replace_and_add() -> None:
    card = parse_card(
        FULL,
        overrides=[
            "process.target=C12",
            'process.regimes=["coherent"]',
            "process.leptons = ['mu-', 'mu+']",
            "sampling.events=10",
            "sampling.events=20",
            "title=a b",
            "cuts={q2_max_GeV2 = 1}",
            "output.path=a#b.h5",
        ],
    )
    assert isinstance(card.process, ProcessCard)
    assert card.process.target == "C12"
    assert card.process.regimes == ("coherent",)
    assert card.process.leptons == ("mu-", "mu+")
    assert card.sampling.events == 20
    assert card.title == "a b"
    assert dict(card.cuts.limits) == {"q2": (-math.inf, 1.0)}
    assert card.output.path == "a#b.h5"
    assert card.process.form_factor == "helm"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("process.neutrino=", "must have 1 to 4096 characters, not ''"),
        ("flux.energy_Gev=3", "unknown key 'flux.energy_Gev', did you mean 'energy_GeV'?"),
        (
            "sampling.events=1e30",
            "must be a whole number from 1 to 1000000000000, not 1e+30",
        ),
        ("sampling.engine=gpu", "must be one of auto, numpy, native, cuda, not 'gpu'"),
        ("sampling.seed=1\nthreads=2", None),
        ("process.target.x=1", "'process.target' is not a table"),
        ("process.target", "must be KEY=VALUE, such as process.target=C12"),
        ("=3", "must be KEY=VALUE, such as process.target=C12"),
        ("a..b=3", "must be KEY=VALUE, such as process.target=C12"),
        (
            "model.zprime={mass_GeV=1, coupling=1, neutrino_charge=1}",
            "key 'model.zprime.lepton_charge' is missing",
        ),
        (
            "process={kind='trident', target='Ar40', neutrino='numu', leptons=['e-', 'e+'], regimes=['x']}",
            None,
        ),
        (
            "model.vector_coupling=1",
            "needs 'model.axial_coupling' as well: the two replace V and A together",
        ),
        ("process.neutrino=\udcff", None),
    ],
)
def test_mistakes_in_overrides_name_the_override(override: str, message: str | None) -> None:
    (line,) = messages(GOOD, override)
    assert "\n" not in line
    assert line.startswith("--set ")
    if message is not None:
        assert line == f"--set {override}: {message}"


def test_an_option_of_the_command_line_is_named_as_it_was_typed() -> None:
    options = [
        Override(("process", "target"), "Arr40", "--target Arr40"),
        Override(("process", "regimes"), ["coherant"], "--regime coherant"),
        Override(("sampling", "events"), "abc", "--events abc"),
    ]
    with pytest.raises(CardError) as caught:
        parse_card(GOOD, overrides=options)
    assert caught.value.messages == (
        "--target Arr40: unknown element 'Arr' in nuclide 'Arr40', did you mean 'Ar40'?",
        "--regime coherant: process.regimes[0]: must be one of coherent, proton, neutron, diffractive, total, "
        "not 'coherant', did you mean 'coherent'?",
        "--events abc: must be a whole number from 1 to 1000000000000, not 'abc'",
    )


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if kind.required and name != "halo"])
def test_every_missing_flux_key_is_reported(kind: str) -> None:
    text = changed('kind = "monochromatic"\nenergy_GeV = 5\n', f'kind = "{kind}"\n')
    assert messages(text) == tuple(
        f"bad.toml:8: key 'flux.{key}' is missing: flux.kind = '{kind}' needs it" for key in KINDS[kind].required
    )


FLUX_VALUES = [
    (
        "kind='histogram'\nedges_GeV=[\n1,\n3,\n2]\nvalues=[1,\n-1]",
        "13: flux.edges_GeV[2]: energy 2 does not exceed the one before it, 3; sort the energies and drop repeats",
    ),
    (
        "kind='histogram'\nedges_GeV=[1,2,3]\nvalues=[\n1,\n-1]",
        "13: flux.values[1]: flux -1 is negative; write 0 for no flux",
    ),
    (
        "kind='histogram'\nedges_GeV=[1,2,3]\nvalues=[1]",
        "11: flux.values has 1 entries, but 3 edges_GeV bound 2 bins",
    ),
    (
        "kind='histogram'\nedges_GeV=[1,2,3]\nvalues=[0,0]",
        "8: flux: the flux integrates to 0; give at least one value above 1e-290 and none beyond 1e300",
    ),
    (
        "kind='power-law'\nindex=2\nenergy_min_GeV=3\nenergy_max_GeV=2",
        "12: flux.energy_max_GeV = 2.0 must be finite and exceed energy_min_GeV = 3.0",
    ),
    (
        "kind='muon-decay'\nmuon='mu+'\nmuon_energy_GeV=3\ndistance_m=50",
        "8: flux: mu+ decays make numubar and nue, not numu: choose one of them, or the muon of opposite charge",
    ),
    (
        "kind='muon-decay'\nmuon='mu'\nmuon_energy_GeV=3\ndistance_m=50",
        "10: flux.muon = 'mu' must be 'mu-' or 'mu+'",
    ),
]


@pytest.mark.parametrize(("flux", "message"), FLUX_VALUES)
def test_values_of_a_flux_are_checked_with_their_line(flux: str, message: str) -> None:
    # Other mistakes are reported beside it.
    text = changed('kind = "monochromatic"\nenergy_GeV = 5', flux).replace("events = 1000", "events = 0")
    found = messages(text)
    assert found[0] == f"bad.toml:{message}"
    assert len(found) == 2
    assert "sampling.events" in found[1]


def test_a_flux_file_is_not_looked_at_with_the_card() -> None:
    text = changed('kind = "monochromatic"\nenergy_GeV = 5', 'kind = "file"\npath = "nowhere.dat"')
    assert messages(text) == ()


def test_the_strength_of_a_zprime_is_the_square_of_its_coupling() -> None:
    """The charges multiply either; a negative g^2 has no g."""
    rest = "mass_GeV=1, neutrino_charge=2, lepton_charge=-3"
    for words, product in (("coupling=0.25", -0.375), ("strength=0.0625", -0.375), ("strength=-1.0", 6.0)):
        model = parse_card(GOOD, overrides=[f"model.zprime={{{words}, {rest}}}"]).model
        assert isinstance(model, ModelCard)
        assert model.zprime is not None
        assert model.zprime.product == product


def test_a_zprime_needs_a_pair_of_one_flavour() -> None:
    zprime = "model.zprime={mass_GeV=1, coupling=1, neutrino_charge=1, lepton_charge=1}"
    assert messages(GOOD, zprime) == ()
    assert messages(changed('"mu+"', '"e+"'), zprime) == (
        f"--set {zprime}: a Z' that conserves flavour makes pairs of one flavour only; leave zprime out",
    )


def test_the_z_propagator_is_for_pairs_without_a_w() -> None:
    keep = "model.z_propagator=true"
    assert messages(changed('"mu-", "mu+"', '"e-", "e+"'), keep) == ()
    (refused,) = messages(GOOD, keep)
    assert refused.startswith(
        f"--set {keep}: z_propagator is for lepton pairs made by the Z alone, but numu -> mu- mu+"
    )
    assert messages(GOOD, "model.z_propagator=1") == ("--set model.z_propagator=1: must be true or false, not 1",)
    card = parse_card(changed('"mu-", "mu+"', '"e-", "e+"'), overrides=[keep])
    assert isinstance(card.reaction, Trident)
    assert card.reaction.z_propagator


@pytest.mark.parametrize("name", ["Trident", "TRIDENT", " trident", "tridents", "neutrino trident"])
def test_kinds_in_other_spellings(name: str) -> None:
    card = parse_card(changed('kind = "trident"', f'kind = "{name}"'))
    assert (card.kind.name, card.reaction.kind) == ("trident", "trident")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "2: key 'process.kind' is missing; give one of trident, trident-epa, cevns"),
        ('knd = "cevns"', "3: unknown key 'process.knd', did you mean 'kind'?"),
        ('Kind = "cevns"', "3: unknown key 'process.Kind', did you mean 'kind'?"),
        ("kind = 5", "3: process.kind: must be a string in quotes, not 5"),
        (
            'kind = "cevnss"',
            f"3: process.kind: must be one of {', '.join(kind_names())}, not 'cevnss', did you",
        ),
    ],
)
def test_without_a_known_kind_nothing_else_is_said(line: str, message: str) -> None:
    """The keys of the table mean nothing then: those of CEvNS would be six mistakes of a trident."""
    text = changed('kind = "trident"\n', f"{line}\n").replace('regimes = ["coherent"]\n', "") + "\n[detector]\n"
    (found,) = messages(text)
    assert found.startswith(f"bad.toml:{message}")


def blamed(card: Card, error: InputError | FileError, *key: str) -> str:
    with pytest.raises(type(error).__mro__[0]) as caught, card.blaming(*key):
        raise error
    return str(caught.value)


def test_later_errors_get_the_place_of_their_key() -> None:
    card = parse_card(GOOD, path="good.toml", overrides=["flux.energy_GeV=6"])
    assert blamed(card, InputError("too low"), "sampling", "events") == "good.toml:14: sampling.events: too low"
    assert blamed(card, InputError("too low"), "flux", "energy_GeV") == "--set flux.energy_GeV=6: too low"
    assert blamed(card, InputError("flux.kind = 3 is bad"), "flux", "x") == "good.toml:9: flux.kind = 3 is bad"
    assert blamed(card, InputError("cuts: bad"), "flux") == "good.toml:15: cuts: bad"
    assert blamed(card, InputError("energy = 3"), "flux", "path") == "good.toml:8: flux.path: energy = 3"
    # A file's own name may look like a key.
    assert blamed(card, FileError("flux.kind: empty"), "output") == "good.toml:17: output: flux.kind: empty"
    assert blamed(card, InputError("no such thing"), "absent", "key") == "good.toml:1: absent.key: no such thing"


def test_an_override_hides_the_mistake_it_replaces() -> None:
    text = changed('"numu"', '"numuu"')
    assert messages(text, "process.neutrino=nue") == ()


def test_a_table_made_by_an_override_is_blamed_on_it() -> None:
    (*_, last) = messages(GOOD, "model.zprime.mass_GeV=1")
    assert last == "--set model.zprime.mass_GeV=1: key 'model.zprime.lepton_charge' is missing"


def test_a_new_kind_of_flux_drops_the_old_keys_of_the_card() -> None:
    card = parse_card(FULL, overrides=["flux.kind=monochromatic", "flux.energy_GeV=10"])
    assert dict(card.flux.options) == {"energy_GeV": 10.0}
    assert messages(FULL, "flux.kind=monochromatic", "flux.energy_GeV=1", "flux.index=2") == (
        "--set flux.index=2: unknown key 'flux.index', did you mean 'kind'?",
    )
    misspelt = changed("index = 2", "indx = 2", FULL)
    assert messages(misspelt, "flux.kind=monochromatic", "flux.energy_GeV=1") == (
        "bad.toml:23: unknown key 'flux.indx'",
    )


def test_a_flux_file_on_the_command_line_is_relative_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "cards"
    folder.mkdir()
    (folder / "x.toml").write_text(
        changed('kind = "monochromatic"\nenergy_GeV = 5', 'kind = "file"\npath = "flux.dat"'),
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    plain = read_card("cards/x.toml")
    assert (plain.base_dir / str(plain.flux.options["path"])).resolve() == folder / "flux.dat"
    moved = read_card("cards/x.toml", ["flux.path=flux.dat"])
    assert moved.base_dir / str(moved.flux.options["path"]) == tmp_path / "flux.dat"
    assert read_card("dune_nd_ee").base_dir == tmp_path


@pytest.mark.parametrize("text", [GOOD, FULL])
@pytest.mark.parametrize("override", ["sampling.seed=7", "title='\"x\\'", "cuts={}", "sampling.rel_error=1e-7"])
def test_the_text_of_a_card_gives_the_card_back(text: str, override: str) -> None:
    card = parse_card(text, overrides=[override])
    again = parse_card(card.text)
    assert card == again
    assert tomllib.loads(card.text) != tomllib.loads(text)


def test_builtin_cards_are_right_and_round_trip() -> None:
    for name, path in builtin_cards().items():
        card = read_card(name)
        assert card.path == path
        assert card.text == path.read_text(encoding="utf-8")
        changed_card = read_card(name, ["sampling.seed=2"])
        again = parse_card(changed_card.text)
        assert (again.process, again.flux, again.cuts, again.exposure) == (
            card.process,
            card.flux,
            card.cuts,
            card.exposure,
        )
        assert card.output.path == f"{name}.h5"


def test_analytic_fluxes_of_builtin_cards_can_be_built() -> None:
    for name in ("quickstart", "nustorm_emu"):
        card = read_card(name)
        assert card.process.neutrino is not None
        flux = build_flux(card.flux.kind, card.flux.options, card.process.neutrino, card.base_dir)
        assert flux.energy_max_GeV > 1.0


@pytest.mark.parametrize(
    ("name", "points", "cm2_per_area"),
    [
        ("dune_nd_mumu", "centre", 1.0),
        ("dune_nd_ee", "centre", 1.0),
        ("dune_nd_emu", "centre", 1.0),
        ("sbnd", "points", 1.0),
        ("minos", "points", 1.0),
        ("nutev", "points", 1.0),
        ("charm2", "points", 1e4),
    ],
)
def test_flux_files_of_builtin_cards_are_read_with_the_right_units(name: str, points: str, cm2_per_area: float) -> None:
    """Sums over the numu column as its README describes it: bins of 0.25 GeV for DUNE, points of a curve else."""
    folder = Path(__file__).parents[2] / "shared/data/fluxes"
    if not folder.is_dir():
        pytest.skip("the published flux files are not here")
    path = folder / str(own_file_keys(read_card(name).flux.options["name"])["path"])
    energy, numu = np.loadtxt(path, usecols=(0, 2), unpack=True)
    rectangles, trapezia = np.sum(numu) * 0.25, np.sum(0.5 * (numu[1:] + numu[:-1]) * np.diff(energy))
    expected = (rectangles if points == "centre" else trapezia) / cm2_per_area
    card = read_card(name, [f"flux.path={path}"])
    assert card.process.neutrino is not None
    flux = build_flux(card.flux.kind, card.flux.options, card.process.neutrino, card.base_dir)
    assert flux.total == pytest.approx(expected, rel=1e-12, abs=0.0)
    assert abs(rectangles / trapezia - 1.0) > 1e-6 or points == "points"


def test_the_published_globes_file_of_dune_reads_as_the_other_one() -> None:
    folder = Path(__file__).parents[2] / "shared/data/fluxes"
    if not folder.is_dir():
        pytest.skip("the published flux files are not here")
    totals = []
    for file, layout in (("DUNE_ND_FHC.dat", "auto"), ("flux_dune_neutrino_ND_globes.txt", "globes")):
        card = read_card("dune_nd_mumu", [f"flux.path={folder / file}", f"flux.format={layout}"])
        totals.append(build_flux(card.flux.kind, card.flux.options, "numu", card.base_dir).total)
    assert totals[1] == pytest.approx(totals[0], rel=1e-8, abs=0.0)


def test_unknown_names_get_a_suggestion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"'quikstart', did you mean 'quickstart'\?; built-in cards are borexino_be7"):
        read_card("quikstart")
    with pytest.raises(
        FileError, match=r"cannot read the card '.*quickstart\.toml': No such file.*called 'quickstart'"
    ):
        read_card(tmp_path / "quickstart.toml")
    (tmp_path / "mine").write_text(GOOD, encoding="utf-8")
    assert read_card("mine").path == Path("mine")


def test_line_ends_and_byte_order_marks_of_other_systems(tmp_path: Path) -> None:
    path = tmp_path / "windows.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert read_card(path).process == parse_card(GOOD).process
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").replace("Ar40", "??").encode())
    with pytest.raises(CardError, match=rf"^{path}:6: process\.target: "):
        read_card(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x00" * 100, "not a UTF-8 text file"),
        (b"\x89HDF\r\n\x1a\n", "not a UTF-8 text file"),
        (GOOD.encode("utf-16"), "not a UTF-8 text file"),
        (b"#" * (1 << 20) + b"\n", "larger than 1 MiB"),
    ],
)
def test_files_that_are_no_cards(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(content)
    with pytest.raises(FileError, match=reason):
        read_card(path)


def test_folders_and_odd_paths_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path, "a\0b.toml", "a\0b", "x" * 5000):
        with pytest.raises(FileError, match="cannot read the card"):
            read_card(path)


def test_errors_survive_pickling() -> None:
    with pytest.raises(CardError) as caught:
        parse_card("x = 1")
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own bytes
    assert again.messages == caught.value.messages
    assert str(again) == "\n".join(again.messages)
    assert len(again.messages) == 3


TOML_WORDS = st.sampled_from(
    [
        *(
            "[",
            "]",
            "[[",
            "]]",
            "{",
            "}",
            "=",
            ".",
            ",",
            "#",
            '"',
            "'",
            '"""',
            "'''",
            "\\",
            "\n",
            "\r",
            " ",
            "\t",
        ),
        *("process", "kind", "flux", "\n[flux]\n", "model.zprime.", "cuts", "leptons = ", "[0]", "é", "\x00"),
        *("nan", "1e999", "0x" + "f" * 5000, "1979-05-27 07:32:00", "\\ud800"),
    ]
)


@given(st.text() | st.lists(TOML_WORDS, max_size=30).map("".join), st.lists(st.text(max_size=20), max_size=2))
def test_random_text_never_escapes_as_another_error(text: str, overrides: list[str]) -> None:
    check_only_card_errors(text, overrides)


@given(
    base=st.sampled_from([GOOD, FULL]),
    edits=st.lists(st.tuples(st.integers(0, 900), st.integers(0, 20), TOML_WORDS), max_size=4),
    overrides=st.lists(
        st.tuples(
            st.sampled_from(["process", "flux.kind", "flux.path", "flux.values", "model.zprime", "cuts", "title.x"]),
            TOML_WORDS | st.sampled_from(["file", "{}", "{a = {b = 1}}", "[[1]]"]),
        ).map("=".join),
        max_size=2,
    ),
)
def test_mutated_cards_never_escape_as_another_error(
    base: str, edits: list[tuple[int, int, str]], overrides: list[str]
) -> None:
    for at, length, new in edits:
        base = base[:at] + new + base[at + length :]
    check_only_card_errors(base, overrides)


def check_only_card_errors(text: str, overrides: list[str]) -> None:
    """A card comes back and can be read again from its text, or the error has one clean line per mistake."""
    found: tuple[str, ...] = ()
    try:
        card = parse_card(text, path="x.toml", overrides=overrides)
    except CardError as error:
        found = error.messages
    else:
        dumped = parse_card(card.text, overrides=["title=x"]).text
        assert dataclasses.replace(parse_card(dumped), title=card.title, text=card.text) == card
        return
    assert found
    assert all(message.startswith(("x.toml:", "--set ")) for message in found)
    assert all(message.isprintable() for message in found)
