"""Exit codes, common options and error output of the commands."""

from __future__ import annotations

import argparse
import math
import sys
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from tridentgen.errors import InputError, printable
from tridentgen.toml.tables import Override, integer, toml_value

if TYPE_CHECKING:
    Subparsers: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    Subparsers = object

EXIT_OK, EXIT_ERROR, EXIT_INTERRUPTED = 0, 2, 130

_OPTIONS_OF_KEYS = {
    "events": ("sampling", "events"),
    "seed": ("sampling", "seed"),
    "engine": ("sampling", "engine"),
    "threads": ("sampling", "threads"),
    "fast": ("sampling", "fast"),
    "rel_error": ("sampling", "rel_error"),
}
"""Options that set a card key."""

_ENERGY_UNITS = MappingProxyType({"GeV": 1.0, "MeV": 1e-3, "TeV": 1e3})


def say(text: str) -> None:
    """Print on stdout; what files and their names hold cannot control the terminal."""
    print(printable(text))


def complain(message: str) -> None:
    """Print a line on stderr, as `say` does; on a full device there is nowhere to say it."""
    with suppress(OSError):
        print(printable(message), file=sys.stderr, flush=True)


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add the options that set keys of the card, and ``--json``."""
    parser.add_argument("--seed", metavar="S", help="seed of the random numbers")
    parser.add_argument("--engine", metavar="ENGINE", help="auto, numpy, native or cuda (default: auto)")
    parser.add_argument("--threads", metavar="N", help="threads (default: all cores)")
    parser.add_argument("--fast", action="store_const", const="true",
                        help="allow fused multiply-add: faster, not bit-identical to numpy")  # fmt: skip
    parser.add_argument("--set", dest="overrides", action="append", default=[], metavar="KEY=VALUE",
                        help="set a key of the card, as in process.target=C12; may be repeated")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON")


def overrides(options: argparse.Namespace) -> list[str | Override]:
    """Return the overrides of ``--set`` and of the options that set a card key."""
    named = {name: getattr(options, name, None) for name in _OPTIONS_OF_KEYS}
    given = [
        Override(_OPTIONS_OF_KEYS[name], _value(text), f"--{name.replace('_', '-')} {text}")
        for name, text in named.items()
        if text is not None
    ]
    return [*options.overrides, *given]


def _value(text: str) -> object:
    """Return the value of an option; unlike TOML, .05 is accepted for 0.05."""
    return toml_value(f"0{text}" if text.startswith(".") else text)


def require_unit(text: str, energy: float, usual_below_GeV: float, events_are: str) -> None:
    """Raise `InputError` for an energy without a unit that is far above the usual ones: MeV may be meant."""
    if energy > usual_below_GeV and not text.endswith(tuple(_ENERGY_UNITS)):
        raise InputError(f"--energy {text}: is {energy:g} GeV, much for {events_are}; write {text}GeV or {text}MeV")


def energy_GeV(text: str, option: str = "--energy") -> float:
    """Return the energy in GeV given by `text`: a number in GeV, or one with a unit such as ``30MeV``."""
    unit = next((u for u in _ENERGY_UNITS if text.endswith(u)), "")
    try:
        value = float(text.removesuffix(unit)) * _ENERGY_UNITS.get(unit, 1.0)
    except ValueError:
        known = ", ".join(sorted(_ENERGY_UNITS, key=_ENERGY_UNITS.__getitem__))
        cure = f"write a number in GeV, or one like 30MeV ({known})"
        raise InputError(f"{option} {text}: not an energy; {cure}") from None
    if not (math.isfinite(value) and value > 0.0):
        raise InputError(f"{option} {text}: must be positive and finite")
    return value


def whole_number(option: str, text: str, low: int, high: int) -> int:
    """Read a whole number as a card does; raise `InputError` where it is none, or not from `low` to `high`."""
    try:
        return integer(low, high)(toml_value(text))
    except InputError as error:
        raise InputError(f"{option} {text}: {error}") from None
