"""Measurements from the names of cards, with free keys that the cards need not have yet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tridentgen.cards import Card, CardError, read_card
from tridentgen.errors import InputError
from tridentgen.fits.measurement import Measurement, measurement_of
from tridentgen.fits.models import FreeKey, start_of
from tridentgen.fits.signal import cevns_of
from tridentgen.toml.tables import Override


def read_measurement(
    name: str | Path, overrides: Sequence[str | Override] = (), keys: Sequence[FreeKey] = (), *, asimov: bool = False
) -> Measurement:
    """Return the measurement of a card, by path or name.

    Free keys of a table that the card does not have, such as the strength of a boson, begin at zero: `overrides` must
    then give the other keys of the table, such as its mass.

    Raises
    ------
    CardError, InputError, FileError
        As `read_card` and `measurement_of`, and for a key that is no number of the card.
    """
    own = [key for key in keys if key.card in ("", Path(name).stem.replace("_", "-"))]
    return measurement_of(_card_with(name, overrides, own), asimov=asimov)


def _card_with(name: str | Path, overrides: Sequence[str | Override], keys: Sequence[FreeKey]) -> Card:
    """Return a card that has all keys."""
    try:
        card = read_card(name, overrides)
        missing = [key for key in keys if not _has(card, key)]
        if not missing:
            return card
    except CardError:  # a boson without its strength, which is to be free
        plain = read_card(name)
        missing = [key for key in keys if not _has(plain, key)]
        if not missing:
            raise
    zero = [Override(tuple(key.key.split(".")), 0.0, f"--free {key.text}") for key in missing]
    return read_card(name, [*overrides, *zero])


def _has(card: Card, key: FreeKey) -> bool:
    """Return whether a card has a number under a key, given or by default; raise `InputError` outside its model."""
    try:
        start_of(card, cevns_of(card), key)
    except CardError:
        raise
    except InputError as error:
        if not key.key.startswith("model."):
            raise InputError(f"--free {key.text}: {error}") from error
        return False
    return True
