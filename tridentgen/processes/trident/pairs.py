"""Pairs of charged leptons that a neutrino can produce."""

from __future__ import annotations

from collections.abc import Sequence

from tridentgen.errors import InputError
from tridentgen.matter.particles import FLAVOURS, neutrino

Pair = tuple[str, str]
"""The negative and the positive lepton."""


def lepton_pairs(beam: str, flavours: Sequence[str] = FLAVOURS) -> list[Pair]:
    """Return the lepton pairs (minus, plus) of `flavours` that a neutrino produces, that of its own flavour first.

    Pairs of one flavour, and charged-current pairs, nu_a -> l_a.
    """
    incoming = neutrino(beam)
    own = incoming.flavour
    order = sorted(flavours, key=lambda flavour: flavour != own)
    pairs = [(f"{flavour}-", f"{flavour}+") for flavour in order]
    others = [flavour for flavour in order if flavour != own and own in flavours]
    mixed = [(f"{flavour}-", f"{own}+") if incoming.antiparticle else (f"{own}-", f"{flavour}+") for flavour in others]
    return [*pairs, *mixed]


def outgoing_flavour(neutrino: str, lepton: str, antilepton: str) -> str:
    """Return the flavour of the outgoing neutrino.

    `neutrino` is the flavour of the incoming neutrino, `lepton` that of the charged lepton with the same sign of lepton
    number (l- for neutrinos, l+ for antineutrinos), `antilepton` that of the other. Raise `InputError` if lepton
    flavour is not conserved.
    """
    if lepton == antilepton:
        return neutrino
    if lepton == neutrino:
        return antilepton
    raise InputError(
        f"nu_{neutrino} cannot produce {lepton} with anti-{antilepton}: lepton flavour is conserved, so the pair must "
        f"be of one flavour, or {neutrino} with anti-{antilepton} (with outgoing nu_{antilepton})"
    )
