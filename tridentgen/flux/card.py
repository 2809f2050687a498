"""The [flux] table of a run card: its keys and values, checked as far as the card alone can tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from tridentgen.errors import InputError
from tridentgen.flux.card_keys import ALTERNATIVE_KEYS, FLUX_KEYS, REQUIRED_FLUX_KEYS, Names
from tridentgen.flux.from_card import build_flux, build_source
from tridentgen.toml.tables import FINITE, Convert, Document, Table, integer, key_in_front, one_of, show, string

_TYPE_WORDS = {int: "a whole number", float: "a number", str: "a string in quotes"}
_RANGE_KEYS = {
    "monochromatic": "energy_GeV",
    "power-law": "energy_max_GeV",
    "histogram": "edges_GeV",
    "file": "path",
    "muon-decay": "muon_energy_GeV",
}
"""Keys that say how far a flux reaches, by its kind; where the kind alone says it, that is to blame."""


@dataclass(frozen=True)
class FluxCard:
    """Where the neutrinos come from: ``[flux]``. `options` are the keys of this `kind`, read-only."""

    kind: str
    options: Mapping[str, object]

    @property
    def range_key(self) -> str:
        """The key that says how far the flux reaches."""
        key = _RANGE_KEYS.get(self.kind, "kind")
        other = ALTERNATIVE_KEYS.get(key, key)
        return other if other in self.options else key


def fit_flux_overrides(document: Document) -> None:
    """Make the [flux] table fit its overrides.

    A new kind drops the card's keys that belong to other kinds only. A relative path on the command line
    starts in the working directory, as everywhere in a shell, and not in the card's folder.
    """
    flux = document.data.get("flux")
    if not isinstance(flux, dict):
        return
    kind, path = flux.get("kind"), flux.get("path")
    if document.overridden(("flux", "kind")) and isinstance(kind, str) and kind in FLUX_KEYS:
        others = {name for keys in FLUX_KEYS.values() for name in keys}.difference(FLUX_KEYS[kind])
        for name in others.intersection(flux):
            if not document.overridden(("flux", name)):
                del flux[name]
    if document.overridden(("flux", "path")) and isinstance(path, str) and path.strip() and path[0] != "~":
        flux["path"] = str(Path(path).absolute())


def read_flux_table(table: Table, neutrino: str | None, *, one_spectrum: bool = True) -> FluxCard:
    """Read the table.

    Parameters
    ----------
    table : Table
        The table ``[flux]``.
    neutrino : str or None
        Name of the neutrino of the process; None for all that the source makes; empty where the card names it wrongly.
    one_spectrum : bool
        Whether the process takes a single flux (tridents) or a whole source (coherent scattering).
    """
    kind = table.need("kind", one_of(FLUX_KEYS), "")
    if kind not in FLUX_KEYS:  # then nothing can be said about the other keys
        table.accept_the_rest()
        return FluxCard("", MappingProxyType({}))
    before = table.document.flaws
    for name in REQUIRED_FLUX_KEYS.get(kind, {}):
        if ALTERNATIVE_KEYS.get(name) not in table.data:
            table.require(name, f": flux.kind = '{kind}' needs it")
    options: dict[str, object] = {}
    for name, types in FLUX_KEYS[kind].items():
        if types is list:
            value: object = list(table.read_list(name, FINITE, "[1.0, 2.5, 10.0]"))
        elif types is Names:
            value = list(table.read_list(name, string, '["nue", "numu"]'))
        else:
            value = table.read(name, _option(types), None)
        if name in table.data:
            options[name] = value
    # A flux in a file is looked at when it is used: cards may be listed where the file is not.
    if neutrino != "" and kind != "file" and table.document.flaws == before:
        _check(table.document, kind, options, neutrino, one_spectrum=one_spectrum)
    return FluxCard(kind, MappingProxyType(options))


def _check(
    document: Document, kind: str, options: Mapping[str, object], neutrino: str | None, *, one_spectrum: bool
) -> None:
    """Note what is wrong with values of the right types."""
    try:
        if one_spectrum and neutrino is not None:
            build_flux(kind, options, neutrino, Path())
        else:
            build_source(kind, options, neutrino, Path())
    except InputError as error:
        document.complain(key_in_front(str(error)) or ("flux",), str(error))


def _option(types: type | tuple[type, ...]) -> Convert[object]:
    """Return the check of a flux key that takes values of `types`."""
    allowed = types if isinstance(types, tuple) else (types,)

    def convert(value: object) -> object:
        if isinstance(value, str) and str in allowed:
            return string(value)
        if isinstance(value, (int, float)) and float in allowed:
            return FINITE(value)
        if isinstance(value, int) and int in allowed:
            return integer(0, 2**31 - 1)(value)
        named = [kind for kind in allowed if not (kind is int and float in allowed)]
        words = " or ".join(_TYPE_WORDS[kind] for kind in named)
        raise InputError(f"must be {words}, not {show(value)}")

    return convert
