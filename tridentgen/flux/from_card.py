"""Neutrino sources, and fluxes of one neutrino species, from the [flux] table of a run card."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tridentgen.errors import InputError, nearest
from tridentgen.flux.base import Flux
from tridentgen.flux.dark_matter import Halo
from tridentgen.flux.kind import FluxKind
from tridentgen.flux.kinds import KINDS
from tridentgen.flux.source import Source
from tridentgen.matter.particles import neutrino as find_neutrino


def has_one_neutrino(kind: str, options: Mapping[str, object], *, kinds: Mapping[str, FluxKind] = KINDS) -> bool:
    """Return whether a card's [flux] has one neutrino species only, which is that of its process."""
    return _kind_of(kind, kinds).has_one_neutrino(options)


def build_flux(
    kind: str, options: Mapping[str, object], neutrino: str, base_dir: Path, *, kinds: Mapping[str, FluxKind] = KINDS
) -> Flux:
    """Return the flux of one neutrino species described by a card.

    Parameters
    ----------
    kind
        The name of one of `kinds`.
    options
        The other keys of the card's [flux] table.
    neutrino
        Name of the beam neutrino, as ``"numu"``.
    base_dir
        Folder of the card, to which relative paths refer.
    kinds
        The known kinds of flux, by name.

    Raises
    ------
    InputError
        For an unknown or missing key, a value of the wrong type or out of range (the message names ``flux.<key>``),
        and for a source that does not produce this neutrino, or has several spectra of it.
    FileError
        For a flux file that is missing or unusable.
    """
    return _checked(kind, options, neutrino, kinds).flux(options, neutrino, base_dir)


def build_source(
    kind: str,
    options: Mapping[str, object],
    neutrino: str | None,
    base_dir: Path,
    *,
    kinds: Mapping[str, FluxKind] = KINDS,
) -> Source:
    """Return the source described by a card, with all its neutrinos or the one named.

    Parameters
    ----------
    kind, options, base_dir, kinds
        As for `build_flux`.
    neutrino
        Name of the neutrino, or None for all neutrinos of the source.

    Raises
    ------
    InputError, FileError
        As for `build_flux`, and if no neutrino is named and the kind of flux does not define one.
    """
    return _checked(kind, options, neutrino, kinds).source(options, neutrino, base_dir)


def build_beam(
    kind: str,
    options: Mapping[str, object],
    neutrino: str | None,
    base_dir: Path,
    *,
    kinds: Mapping[str, FluxKind] = KINDS,
) -> Source | Halo:
    """Return the source, or the dark matter, described by a card; arguments and errors as of `build_source`."""
    return _checked(kind, options, neutrino, kinds).beam(options, neutrino, base_dir)


def build_halo(
    kind: str, options: Mapping[str, object], base_dir: Path, *, kinds: Mapping[str, FluxKind] = KINDS
) -> Halo:
    """Return the dark matter described by a card; raise `InputError` as `build_flux`, and for a flux of neutrinos."""
    return _checked(kind, options, None, kinds).halo(options, base_dir)


def _checked(name: str, options: Mapping[str, object], neutrino: str | None, kinds: Mapping[str, FluxKind]) -> FluxKind:
    """Return the kind of that name; raise `InputError` if it, the neutrino or a key is unknown or wrong."""
    if neutrino is not None:
        find_neutrino(neutrino)
    kind = _kind_of(name, kinds)
    kind.check(options)
    return kind


def _kind_of(name: str, kinds: Mapping[str, FluxKind]) -> FluxKind:
    if name not in kinds:
        raise InputError(f"flux.kind: unknown kind '{name}'{nearest(name, kinds)}; known are {', '.join(kinds)}")
    return kinds[name]
