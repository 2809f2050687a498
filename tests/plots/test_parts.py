from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.events.synthetic import trident_events
from tests.events.synthetic_cevns import cevns_events
from tridentgen.plots.parts import TOTAL, accepted_by_detector, parts_of

SUN = tuple(f"{name}-{nu}" for name in ("pp", "pep", "8B", "hep") for nu in ("nue", "numu", "nutau"))
XENON = tuple(f"Xe{A}" for A in (124, 126, 128, 129, 130, 131, 132, 134, 136))


@pytest.mark.parametrize("sort", ["component", "isotope", "flavour", "final_state"])
def test_the_parts_share_out_all_events(sort: str) -> None:
    events = cevns_events(2000, components=SUN, nuclides=XENON, finals=("", "upscattering"))
    total, *parts = parts_of(events, sort)
    assert total.label == TOTAL
    assert total.mask.all()
    np.testing.assert_array_equal(np.sum([part.mask for part in parts], axis=0), np.ones(2000))
    assert len({part.label for part in parts}) == len(parts) <= 7


def test_regimes_keep_their_colours_whichever_are_there() -> None:
    events = trident_events(500)
    colours = {part.label: part.colour for part in parts_of(events, "regime")}
    protons = dataclasses.replace(events, columns={n: v[events["regime"] == 1] for n, v in events.columns.items()})
    (proton,) = parts_of(protons, "regime")
    assert (proton.label, proton.colour) == ("proton", colours["proton"])


def test_events_that_are_not_sorted_have_a_total_only() -> None:
    events = trident_events(20)
    for sort in ("component", "isotope", "flavour", "final_state"):
        assert [part.label for part in parts_of(events, sort)] == [TOTAL]


def test_components_of_many_flavours_are_put_together_by_their_origin() -> None:
    few = parts_of(cevns_events(500, components=SUN[:6]), "component")
    assert [part.label for part in few[1:3]] == [r"pp $\nu_{e}$", r"pp $\nu_{\mu}$"]
    many = parts_of(cevns_events(500, components=SUN), "component")
    assert [part.label for part in many] == [TOTAL, "pp", "pep", r"${}^{8}\mathrm{B}$", "hep"]


def test_the_smallest_of_many_nuclides_are_put_together() -> None:
    events = cevns_events(5000, nuclides=XENON, target="Xe")
    light = events["isotope"] < 1000541290
    events["weight"][light] *= 1e-3
    _, *parts = parts_of(events, "isotope")
    assert parts[-1].label == "other"
    np.testing.assert_array_equal(parts[-1].mask, light)
    assert parts[0].label == r"${}^{129}\mathrm{Xe}$"


def test_neutrinos_stand_before_their_antineutrinos() -> None:
    events = cevns_events(500, components=("nutaubar", "numubar", "nue", "numu"))
    assert [part.label for part in parts_of(events, "flavour")[1:]] == [
        r"$\nu_{e}$",
        r"$\nu_{\mu}$",
        r"$\overline{\nu}_{\mu}$",
        r"$\overline{\nu}_{\tau}$",
    ]


def test_the_detector_keeps_its_acceptance_of_every_event() -> None:
    events = cevns_events(100)
    part = accepted_by_detector(events)
    assert part.mask.all()
    np.testing.assert_array_equal(part.factor, events["acceptance"])
