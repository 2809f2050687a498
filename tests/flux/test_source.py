from __future__ import annotations

import numpy as np
import pytest

from tridentgen.errors import InputError
from tridentgen.flux import Component, Monochromatic, Source, TabulatedFlux, TimeProfile

LINE = Monochromatic(0.03, 2.0, "cm^-2 s^-1")
BINS = TabulatedFlux(np.array([0.0, 1.0]), np.array([3.0]), total_units="cm^-2 s^-1", description="bins")


def test_one_kind_of_neutrino() -> None:
    time = TimeProfile((26.0,))
    source = Source.of(BINS, "nue", time)
    assert source.components == (Component("nue", "nue", BINS, time),)
    assert (source.total, source.total_units, source.description) == (3.0, "cm^-2 s^-1", "bins")
    assert source.neutrinos == ("nue",)


def test_several_kinds() -> None:
    parts = (Component("line", "numu", LINE), Component("bins", "nue", BINS), Component("more", "numu", BINS))
    source = Source(parts, "a lamp")
    assert source.total == 8.0
    assert source.neutrinos == ("numu", "nue")
    assert source.only("numu").components == (parts[0], parts[2])
    assert source.only("nue").description == "a lamp"


def test_the_only_neutrino_of_a_source_is_the_source() -> None:
    source = Source.of(LINE, "numu")
    assert source.only("numu") is source


@pytest.mark.parametrize(
    ("components", "message"),
    [
        ((), "the source 'a lamp' has no neutrinos"),
        ((Component("x", "nux", LINE),), "unknown neutrino 'nux'"),
        ((Component("x", "nue", LINE), Component("x", "numu", LINE)), "two components named 'x'"),
        (
            (Component("x", "nue", LINE), Component("y", "nue", Monochromatic(1.0))),
            r"fluxes of 'x' and 'y' have different units, 'cm\^-2 s\^-1' and ''; give all of them in the same",
        ),
    ],
)
def test_refuses(components: tuple[Component, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Source(components, "a lamp")


def test_a_neutrino_that_is_not_made() -> None:
    with pytest.raises(InputError, match="no nutau from a lamp: it makes numu, nue; name one of them"):
        Source((Component("line", "numu", LINE), Component("bins", "nue", BINS)), "a lamp").only("nutau")
    with pytest.raises(InputError, match="unknown neutrino 'nutaux', did you mean"):
        Source.of(LINE, "numu").only("nutaux")
