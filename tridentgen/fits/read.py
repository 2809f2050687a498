"""Measurements from the names of cards, with free keys that the cards need not have yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from tridentgen.cards import Card, CardError, read_card
from tridentgen.errors import InputError
from tridentgen.fits.measurement import Measurement, measurement_of
from tridentgen.fits.models import FreeKey, start_of
from tridentgen.fits.signal import cevns_of
from tridentgen.toml.tables import Override

Progress = Callable[[str, float], None]


def read_measurement(
    name: str | Path, overrides: Sequence[str | Override] = (), keys: Sequence[FreeKey] = (), *, asimov: bool = False
) -> Measurement:
    """Return the measurement of a card, by path or name.

    Free keys of a table that the card does not have, such as the strength of a boson, begin at zero: `overrides` must then
    give the other keys of the table, such as its mass.

    Raises
    ------
    CardError, InputError, FileError
        As `read_card` and `measurement_of`, and for a key that is no number of the card.
    """
    return measurement_of(card_with(name, overrides, keys), asimov=asimov)


def card_with(name: str | Path, overrides: Sequence[str | Override], keys: Sequence[FreeKey]) -> Card:
    """Return a card that has all free keys; errors as of `read_measurement`."""
    own = [key for key in keys if key.card in ("", _short(name))]
    try:
        card = read_card(name, overrides)
        _require_keys(card, own)
    except CardError, InputError:
        zero = [Override(tuple(key.key.split(".")), 0.0, f"--free {key.text}") for key in own if key.is_fast]
        if not zero:
            raise
    else:
        return card
    ...
    return read_card(name, [*overrides, *zero])
