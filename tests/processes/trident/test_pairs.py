"""Which pairs of leptons there are, against what the process itself allows."""

from __future__ import annotations

from itertools import product

import pytest

from tridentgen.errors import InputError
from tridentgen.matter.particles import FLAVOURS, NEUTRINOS
from tridentgen.processes.trident.pairs import lepton_pairs
from tridentgen.processes.trident.trident import Trident


@pytest.mark.parametrize("beam", NEUTRINOS)
def test_channels_are_all_that_the_process_allows(beam: str) -> None:
    allowed = set()
    for minus, plus in product(FLAVOURS, FLAVOURS):
        try:
            Trident(beam, f"{minus}-", f"{plus}+")
        except InputError:
            continue
        allowed.add((f"{minus}-", f"{plus}+"))
    found = lepton_pairs(beam)
    assert set(found) == allowed
    assert len(found) == len(allowed) == 5
    assert found[0] == (f"{NEUTRINOS[beam].flavour}-", f"{NEUTRINOS[beam].flavour}+")
    light = lepton_pairs(beam, ("e", "mu"))
    assert light == [pair for pair in found if "tau" not in "".join(pair)]
