"""Rates of tridents: published ones, sums over the nuclides of a material, and cuts against events."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import tridentgen as tg
from tests.repeats import slow_if
from tridentgen.analysis.cut_flow import Measured
from tridentgen.analysis.rate_table import TridentRate, exposure_of, trident_rate
from tridentgen.cards import Card, CardError, parse_card
from tridentgen.events.observables import passing
from tridentgen.flux import Flux
from tridentgen.matter.materials import material
from tridentgen.matter.nuclei import nuclide
from tridentgen.processes.base import only_flux
from tridentgen.runs.job import beam_of, engine_of

FLUX_FILE = Path(__file__).parents[3] / "shared" / "data" / "fluxes" / "DUNE_ND_FHC.dat"
CARD = """\
[process]
kind = "trident"
neutrino = "numu"
leptons = ["mu-", "mu+"]
target = "Ar40"
regimes = ["coherent", "diffractive"]
[flux]
kind = "histogram"
edges_GeV = [1.0, 2.0, 4.0, 8.0]
values = [3e-10, 5e-10, 1e-10]
area = "cm2"
[sampling]
engine = "numpy"
rel_error = 5e-3
events = 20_000
training_points = 50_000
"""
NEUTRINOS = 3e-10 + 2.0 * 5e-10 + 4.0 * 1e-10


def card(*changes: str) -> Card:
    return parse_card(CARD, overrides=changes)


def beam(given: Card) -> Flux:
    found = beam_of(given)
    assert isinstance(found, Flux)
    return found


def rate_of(given: Card) -> TridentRate:
    flux = only_flux(beam_of(given))
    return trident_rate(given, exposure_of(given, flux), flux, engine_of(given))


def agree(found: Measured, expected: float, error: float = 0.0) -> bool:
    return abs(found.value - expected) < 4.0 * math.hypot(found.error, error)


def test_flux_times_exposure_times_cross_section() -> None:
    """2 t of argon, 3e20 protons; the cross sections by another seed."""
    given = card("exposure.mass_t=2", "exposure.pot=3e20")
    rate = rate_of(given)
    assert rate.regimes == ("coherent", "proton", "neutron")
    per_cm2 = NEUTRINOS * 3e20 * 2e6 / 39.9623831 * 6.02214076e23
    for regime in rate.regimes:
        process = tg.Trident("numu", "mu-", "mu+", target="Ar40", regime=regime)
        sigma = process.cross_section(flux=beam(given), rel_error=5e-3, seed=77, engine="numpy")
        found = rate.events((regime,))
        assert agree(found, per_cm2 * sigma.value, per_cm2 * sigma.error)
        assert 0.0 < found.error < 6e-3 * found.value
    total = rate.events()
    assert total.value == pytest.approx(sum(rate.events((regime,)).value for regime in rate.regimes), rel=1e-12)
    assert total.error == pytest.approx(math.hypot(*(rate.events((r,)).error for r in rate.regimes)), rel=1e-12)


def test_without_exposure_it_is_a_tonne_and_1e20_protons() -> None:
    one, two = rate_of(card()), rate_of(card("exposure.mass_t=2", "exposure.pot=3e20"))
    assert two.events().value == pytest.approx(6.0 * one.events().value, rel=1e-12)


MATERIALS = {
    "scintillator": ("H1", "H2", "C12", "C13"),
    "NaI": ("Na23", "I127"),
    "Pb": ("Pb204", "Pb206", "Pb207", "Pb208"),
}


@pytest.mark.parametrize("name", slow_if(lambda name: name != "scintillator", MATERIALS))
def test_a_material_is_the_sum_of_its_nuclides(name: str) -> None:
    """Each nuclide by itself, in the mass of it that the material holds."""
    whole = rate_of(card(f"exposure={{material='{name}'}}", f"process.target={MATERIALS[name][-1]}"))
    assert tuple(part.name for part in whole.nuclides) == MATERIALS[name]
    total, variance = 0.0, 0.0
    for target in whole.nuclides:
        share = material(name).mass_fraction(target)
        alone = card(f"process.target={target.name}", f"exposure={{mass_t={share!r}, pot=1e20}}", "sampling.seed=50",
                     f"process.regimes={['total']}")  # fmt: skip
        single = rate_of(alone).events()
        assert agree(whole.events(nuclide=target), single.value, single.error)
        total, variance = total + single.value, variance + single.error**2
    assert agree(whole.events(), total, math.sqrt(variance))


def test_hydrogen_is_only_protons() -> None:
    whole = rate_of(card("exposure={material='water'}", "process.target=O16"))
    regimes = {part.regime for part in whole.parts if part.nuclide == nuclide("H1")}
    assert regimes == {"proton"}


def test_nuclides_below_threshold_are_left_out() -> None:
    """A pair of muons needs 0.2351 GeV on a nucleon, 0.2232 GeV on a deuteron and 0.2128 GeV on oxygen."""
    low = ("flux.edges_GeV=[0.1, 0.22]", "flux.values=[1e-9]", "process.target=O16", "process.regimes=['total']")
    whole = rate_of(card("exposure={material='water'}", *low))
    assert {(part.nuclide.name, part.regime) for part in whole.parts} == {
        (name, "coherent") for name in ("O16", "O17", "O18")
    }


def test_cuts_are_those_of_generated_events() -> None:
    """Other events, of the Python interface, with the same cuts one after the other."""
    cuts = ("cuts.energy_minus_min_GeV=0.5", "cuts.delta_theta_max_deg=15")
    given = card(*cuts)
    assert list(given.cuts.limits) == ["energy_minus", "delta_theta"]
    rate = rate_of(given)
    for regime, events_seed in (("coherent", 9), ("proton", 10)):
        process = tg.Trident("numu", "mu-", "mu+", target="Ar40", regime=regime)
        events = process.generate(flux=beam(given), events=40_000, seed=events_seed, engine="numpy")
        weight = events["weight"]
        for steps in (1, 2):
            kept = passing(events.columns, given.cuts.cuts[:steps])
            share = weight[kept].sum() / weight.sum()
            error = math.sqrt(np.sum(weight**2 * (kept - share) ** 2)) / weight.sum()
            (part,) = (part for part in rate.parts if part.regime == regime)
            found = part.flow[steps - 1]
            assert abs(found.value - share) < 4.0 * math.hypot(found.error, error)
            left = rate.events((regime,), cuts=steps)
            assert left.value == pytest.approx(rate.events((regime,)).value * found.value, rel=1e-12)


def test_cuts_that_leave_nothing() -> None:
    given = card("cuts.energy_minus_min_GeV=90")
    rate = rate_of(given)
    left, most = rate.events(cuts=1), math.hypot(*(part.scale * part.sigma.value for part in rate.parts))
    assert left.value == 0.0
    # One event of all would be seen in each part; a tenth of all events at least is effective there.
    assert most / (given.sampling.events + 1) < left.error < 10.0 * len(rate.parts) * most / given.sampling.events


def test_the_near_detector_of_dune() -> None:
    """1.17 +- 0.07 coherent and 0.49 +- 0.15 incoherent muon pairs per tonne and 1.1e21 protons (arXiv:1902.06765)."""
    if not FLUX_FILE.is_file():
        pytest.skip("the flux table DUNE_ND_FHC.dat is not beside the project, in shared/data/fluxes")
    flux = {"kind": "file", "path": str(FLUX_FILE), "points": "centre"}
    table = ", ".join(f"{key}='{value}'" for key, value in flux.items())
    rate = rate_of(card(f"flux={{{table}}}", "exposure={mass_t=1, pot=1.1e21}"))
    assert rate.events(("coherent",)).value == pytest.approx(1.17, rel=0.03)
    assert rate.events(("proton", "neutron")).value == pytest.approx(0.49, rel=0.12)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (("exposure={material='Fe'}",), r"exposure.material: does not contain process.target = 'Ar40'"),
        (("exposure={material='steal'}",), r"exposure.material: unknown material 'steal', did you mean 'steel'"),
        (("exposure={pot=1e20}",), r"the table \[exposure\] needs mass_t"),
        (("exposure={mass_t=1}",), "exposure needs both mass_t and pot for a flux per proton or decay"),
        (("exposure={mass_t=1, years=1}",), "exposure.years = 1 does not go with a flux per proton"),
        (("flux={kind='monochromatic', energy_GeV=5}",), "a rate needs an absolute flux, and this is only a shape"),
        (
            ("exposure={mass_t=1, pot=1}", "flux={kind='monochromatic', energy_GeV=5}"),
            r"exposure needs an absolute flux.*single energy, 5 GeV",
        ),
        (("flux.edges_GeV=[0.1, 0.12, 0.14, 0.15]",), "no flux above the threshold"),
        (
            ("exposure={material='scintillator'}", "process.target=C12", "process.form_factor=fourier-bessel"),
            "exposure={material='scintillator'}: .*H2",
        ),
    ],
)
def test_mistakes(changes: tuple[str, ...], message: str) -> None:
    with pytest.raises(CardError, match=message) as caught:
        rate_of(card(*changes))
    assert "\n" not in str(caught.value)


def test_a_material_without_a_target() -> None:
    """The rate needs no target then; everything else does."""
    whole = CARD.replace('target = "Ar40"\n', "")
    given = parse_card(whole, path="x.toml", overrides=["exposure.material=NaI"])
    with pytest.raises(CardError, match=r"^x.toml:1: key 'process.target' is missing: only tridentgen rate sums over"):
        _ = given.reaction
    rate = rate_of(given)
    assert [part.name for part in rate.nuclides] == ["Na23", "I127"]
    named = rate_of(card("exposure.material=NaI", "process.target=I127"))
    assert rate.events() == named.events()
    with pytest.raises(CardError, match=r"^x.toml:1: key 'process.target' is missing$"):
        parse_card(whole, path="x.toml")
