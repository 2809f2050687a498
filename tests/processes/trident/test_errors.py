"""Every wrong request is one clear line, before any work is done."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tridentgen.engines.numpy_engine import NumpyEngine
from tridentgen.errors import InputError
from tridentgen.flux import Monochromatic
from tridentgen.matter.particles import NEUTRINOS
from tridentgen.processes.trident.trident import Trident, all_channels

FLAVOURS = ("e", "mu", "tau")
MUONS = Trident("numu", "mu-", "mu+")


def refused(make: Callable[[], object], *words: str) -> None:
    with pytest.raises(InputError) as caught:
        make()
    text = str(caught.value)
    assert "\n" not in text
    for word in words:
        assert word in text, text


@settings(max_examples=50, deadline=None)
@given(
    st.sampled_from(sorted(NEUTRINOS)),
    st.sampled_from(FLAVOURS),
    st.sampled_from(FLAVOURS),
    st.sampled_from(["Ar40", "H1", "Pb208"]),
)
def test_flavours_are_allowed_or_refused(neutrino: str, minus: str, plus: str, target: str) -> None:
    """30 of 54 combinations conserve each lepton number: nu_a -> nu_a l l or nu_a -> nu_b l_a anti-l_b."""

    def numbers(name: str, sign: int) -> dict[str, int]:
        return {f: sign * (f == name) for f in FLAVOURS}

    flavour, sign = NEUTRINOS[neutrino].flavour, -1 if NEUTRINOS[neutrino].antiparticle else 1
    left = {f: numbers(flavour, sign)[f] - numbers(minus, 1)[f] - numbers(plus, -1)[f] for f in FLAVOURS}
    allowed = sorted(left.values()) == sorted(numbers("e", sign).values())
    assert allowed == ((neutrino, f"{minus}-", f"{plus}+") in all_channels())

    def make() -> Trident:
        return Trident(neutrino, f"{minus}-", f"{plus}+", target=target, regime="proton")

    if allowed:
        outgoing = make().outgoing
        assert left[outgoing.flavour] == (-1 if outgoing.antiparticle else 1)
    else:
        refused(make, "lepton flavour is conserved")


def test_thirty_channels_are_allowed() -> None:
    assert len(set(all_channels())) == len(all_channels()) == 30


@settings(max_examples=40, deadline=None)
@given(
    channel=st.sampled_from(all_channels()),
    share=st.floats(1e-6, 1.0),
    target=st.sampled_from(["Ar40", "C12", "Pb208"]),
)
def test_energies_up_to_the_threshold_are_refused(channel: tuple[str, str, str], share: float, target: str) -> None:
    """The threshold is (m + m') (1 + (m + m')/2M): S = (M + m + m')^2."""
    trident = Trident(*channel, target=target)
    pair, mass = trident.minus.mass_GeV + trident.plus.mass_GeV, trident.targets[0].mass_GeV
    threshold = ((mass + pair) ** 2 - mass**2) / (2.0 * mass)
    assert trident.threshold_GeV() == pytest.approx(threshold, rel=1e-9)
    energy = share * trident.threshold_GeV()
    refused(lambda: trident.cross_section(energy), "threshold", "GeV")
    refused(lambda: trident.generate(energy, events=10), "threshold")
    trident.sampled(Monochromatic(trident.threshold_GeV() * 1.0001))


@pytest.mark.parametrize("energy", [math.nan, math.inf, -math.inf, -5.0, 0.0])
def test_energies_that_are_none_are_refused(energy: float) -> None:
    refused(lambda: MUONS.cross_section(energy), "energy_GeV", "positive energy in GeV")
    refused(lambda: MUONS.generate(energy), "energy_GeV")


def test_threshold_just_reached_is_sampled() -> None:
    """One part in 10^6 above the threshold: tiny, but finite and positive."""
    value = MUONS.cross_section(MUONS.threshold_GeV() * (1.0 + 1e-6), rel_error=0.05, engine="numpy")
    assert 0.0 < value.value < 1e-52
    assert value.error < 0.05 * value.value


CASES: dict[str, tuple[Callable[[], object], tuple[str, ...]]] = {
    "neutrino misspelled": (lambda: Trident("nimu", "mu-", "mu+"), ("unknown neutrino 'nimu'", "numu")),
    "lepton unknown": (lambda: Trident("numu", "mu-", "pi+"), ("unknown charged lepton 'pi+'",)),
    "leptons in the wrong order": (lambda: Trident("numu", "mu+", "mu-"), ("negative lepton first",)),
    "two negative leptons": (lambda: Trident("numu", "mu-", "mu-"), ("wrong charges",)),
    "fewer nucleons than protons": (lambda: Trident("numu", "mu-", "mu+", target="Ar10").targets, ("Ar10",)),
    "an isotope that is none": (lambda: Trident("numu", "mu-", "mu+", target="Ar99").targets, ("Ar99",)),
    "an element that is none": (lambda: Trident("numu", "mu-", "mu+", target="Xx40").targets, ("Xx",)),
    "regime unknown": (
        lambda: Trident("numu", "mu-", "mu+", regime="coherrent"),
        ("did you mean 'coherent'",),
    ),
    "regimes that overlap": (
        lambda: Trident("numu", "mu-", "mu+", regime=("diffractive", "proton")),
        ("overlap",),
    ),
    "nothing coherent on hydrogen": (lambda: Trident("numu", "mu-", "mu+", target="H1"), ("H1", "proton")),
    "no neutrons in hydrogen": (
        lambda: Trident("numu", "mu-", "mu+", target="H1", regime="neutron"),
        ("no neutrons",),
    ),
    "form factor unknown": (
        lambda: Trident("numu", "mu-", "mu+", form_factor="fermy"),
        ("unknown form factor 'fermy'", "did you mean 'fermi'"),
    ),
    "nucleon form factor unknown": (
        lambda: Trident("numu", "mu-", "mu+", regime="proton", nucleon_form_factor="dipol"),
        ("nucleon form factor", "dipole"),
    ),
    "Fermi momentum negative": (
        lambda: Trident("numu", "mu-", "mu+", fermi_momentum_GeV=-0.2),
        ("positive",),
    ),
    "Fermi momentum no number": (
        lambda: Trident("numu", "mu-", "mu+", fermi_momentum_GeV=math.nan),
        ("positive",),
    ),
    "weak angle": (lambda: Trident("numu", "mu-", "mu+", sin2_theta_w=1.2), ("sin2_theta_w = 1.2",)),
    "weak angle no number": (lambda: Trident("numu", "mu-", "mu+", sin2_theta_w=math.nan), ("sin2_theta_w",)),
    "one coupling only": (lambda: Trident("numu", "mu-", "mu+", vector=1.0), ("both or neither",)),
    "energy and flux": (
        lambda: MUONS.cross_section(5.0, flux=Monochromatic(5.0)),
        ("either an energy", "or a flux"),
    ),
    "neither energy nor flux": (lambda: MUONS.cross_section(), ("either an energy",)),
    "events of both": (lambda: MUONS.generate(5.0, flux=Monochromatic(5.0)), ("either an energy",)),
    "no events": (lambda: MUONS.generate(5.0, events=0, engine="numpy"), ("events = 0",)),
    "negative events": (lambda: MUONS.generate(5.0, events=-1, engine="numpy"), ("events = -1",)),
    "engine unknown": (
        lambda: MUONS.cross_section(5.0, engine="numpi"),
        ("unknown engine 'numpi'", "'numpy'"),
    ),
    "no threads": (lambda: MUONS.cross_section(5.0, threads=0), ("threads = 0",)),
    "threads for events": (lambda: MUONS.generate(5.0, threads=-1), ("threads = -1",)),
}


@pytest.mark.parametrize("case", CASES)
def test_one_line_says_what_is_wrong(case: str) -> None:
    make, words = CASES[case]
    refused(make, *words)


@pytest.mark.parametrize("rel_error", [0.0, -1e-3, math.nan, math.inf])
def test_a_precision_that_cannot_be_is_refused(rel_error: float) -> None:
    refused(lambda: MUONS.cross_section(5.0, rel_error=rel_error, engine="numpy"), "rel_error")


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_that_cannot_be_is_refused(seed: int) -> None:
    refused(lambda: MUONS.cross_section(5.0, seed=seed, engine="numpy"), "seed")
    refused(lambda: MUONS.generate(5.0, events=10, seed=seed, engine="numpy"), "seed")


def test_a_wrong_request_costs_no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_args: object, **_named: object) -> None:
        raise AssertionError("evaluated before the request was looked at")

    monkeypatch.setattr(NumpyEngine, "integrate", forbidden)
    monkeypatch.setattr(NumpyEngine, "histograms", forbidden)
    refused(lambda: MUONS.generate(5.0, events=0, engine="numpy"), "events = 0")
    refused(lambda: MUONS.generate(5.0, seed=-1, engine="numpy"), "seed = -1")
    refused(lambda: MUONS.cross_section(5.0, rel_error=0.0, engine="numpy"), "rel_error = 0")
