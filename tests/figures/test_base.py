"""What figures have in common: which channels there are, and numbers as JSON."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

import numpy as np
import pytest

from tests.figures.cards import request
from tridentgen.errors import InputError
from tridentgen.figures.base import json_of
from tridentgen.figures.kinds import KINDS
from tridentgen.processes.trident.trident import Trident


def test_other_channels_keep_what_the_card_says() -> None:
    found = request("process.kind=trident-epa", "model.sin2_theta_w=0.25").trident(("e-", "e+"), "proton", "nue")
    assert type(found) is Trident
    assert (found.neutrino, found.lepton_minus, found.regimes, found.target) == ("nue", "e-", ("proton",), "Ar40")
    assert (found.form_factor, found.sin2_theta_w) == ("woods-saxon", 0.25)


def test_json_has_no_numbers_that_json_does_not_know() -> None:
    @dataclass(frozen=True)
    class Inner:
        values: np.ndarray

    @dataclass(frozen=True)
    class Outer:
        inner: tuple[Inner, ...]
        names: dict[str, float]

    found = json_of(Outer((Inner(np.array([[1.0, math.nan], [np.inf, 2.0]])),), {"x": 3.0}))
    assert json.loads(json.dumps(found, allow_nan=False)) == {
        "inner": [{"values": [[1.0, None], [None, 2.0]]}], "names": {"x": 3.0}
    }  # fmt: skip


def test_names_go_with_kinds() -> None:
    assert list(KINDS) == [kind.name for kind in KINDS.values()]
    assert len({kind.about for kind in KINDS.values()}) == len(KINDS)


def test_a_card_of_coherent_scattering_has_no_figure() -> None:
    card = ("process={kind='cevns', target='Ar40', neutrino='numu'}", "flux={kind='monochromatic', energy_MeV=30}")
    with pytest.raises(InputError, match=r"process.kind must be a trident for this figure"):
        _ = request(*card).process
