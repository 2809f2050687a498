"""`tridentgen flux`: the built-in fluxes, and what is in one of them, in a file or in a card."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from tridentgen.analysis.flux_numbers import EXAMPLES, components_of, listed_fluxes
from tridentgen.cards import CardError, read_card
from tridentgen.commands.common import EXIT_OK, Subparsers, say
from tridentgen.errors import InputError, nearest
from tridentgen.flux import Beam
from tridentgen.flux.card import FluxCard, fit_flux_overrides, read_flux_table
from tridentgen.flux.facility import facility_names
from tridentgen.flux.from_card import build_beam
from tridentgen.reports.fluxes import list_json, list_text, show_json, show_text
from tridentgen.resources import builtin_cards
from tridentgen.runs.job import beam_of
from tridentgen.toml.positions import dump
from tridentgen.toml.tables import Document, Table, key_in_front


def add(commands: Subparsers) -> None:
    """Add the command to the parser."""
    flux = commands.add_parser("flux", help="list the built-in fluxes, or describe a flux", allow_abbrev=False)
    actions = flux.add_subparsers(title="actions", required=True, metavar="ACTION")
    listed = actions.add_parser("list", help="list the built-in sources and the facilities", allow_abbrev=False)
    listed.add_argument("--json", action="store_true", help="print JSON")
    listed.set_defaults(command=_list)
    show = actions.add_parser("show", help="describe a flux: units, integral, mean energies", allow_abbrev=False)
    show.add_argument("flux", metavar="FILE|NAME|CARD",
                      help="a name of `flux list`, a card, or a flux file (in this order)")  # fmt: skip
    show.add_argument("--neutrino", metavar="NU", help="this neutrino alone; required for a ROOT file")
    show.add_argument("--set", dest="overrides", action="append", default=[], metavar="KEY=VALUE",
                      help="set a key of the card, as in flux.area=m2; may be repeated")  # fmt: skip
    show.add_argument("-o", "--output", metavar="PICTURE", help="draw it: a name ending in .png, .pdf or .svg")
    show.add_argument("--json", action="store_true", help="print JSON")
    show.set_defaults(command=_show)


def _list(options: argparse.Namespace) -> int:
    fluxes = listed_fluxes()
    say(json.dumps(list_json(fluxes), indent=2) if options.json else list_text(fluxes))
    return EXIT_OK


def _show(options: argparse.Namespace) -> int:
    card, beam, neutrino = _asked(options.flux, options.neutrino, options.overrides)
    picture = None if options.output is None else Path(options.output)
    if options.json:
        found = {**show_json(card, beam, neutrino), "picture": None if picture is None else str(picture)}
        text = json.dumps(found, indent=2)
    else:
        text = show_text(card, beam, neutrino) + ("" if picture is None else f"\n\n{picture}")
    if picture is not None:
        from tridentgen.plots.fluxes import draw_flux  # the extra `plot` is not needed for anything else
        from tridentgen.plots.style import check_picture, save, style

        check_picture(picture)
        with style():
            save(draw_flux(components_of(beam, neutrino), options.flux), picture)
    say(text)
    return EXIT_OK


def _asked(name: str, neutrino: str | None, overrides: list[str]) -> tuple[FluxCard, Beam, str | None]:
    """Return what [flux] says, the flux, and the one neutrino that it is of; raise for a name that is nothing."""
    path = Path(name)
    if name in facility_names():
        return _of_table({"kind": "facility", "name": name}, name, neutrino, overrides)
    if name in EXAMPLES:
        return _of_table({"kind": name, **EXAMPLES[name][0]}, name, neutrino, overrides)
    if name in builtin_cards() or path.suffix == ".toml":
        card = read_card(name, overrides if neutrino is None else [*overrides, f"process.neutrino={neutrino}"])
        return card.flux, beam_of(card), card.process.neutrino
    if not path.exists() and path.name == name and not path.suffix:
        known = (*facility_names(), *EXAMPLES, *builtin_cards())
        raise InputError(
            f"no flux, card or file is called '{name}'{nearest(name, known)}; `tridentgen flux list` names the "
            "built-in fluxes and `tridentgen cards` the cards"
        )
    return _of_table({"kind": "file", "path": str(path.absolute())}, name, neutrino, overrides)


def _of_table(
    keys: dict[str, object], name: str, neutrino: str | None, overrides: list[str]
) -> tuple[FluxCard, Beam, str | None]:
    """Return the flux of a [flux] table with these keys and overrides."""
    document = Document(dump({"flux": keys}), name, overrides)
    fit_flux_overrides(document)
    root = Table(document, (), document.data)
    card = read_flux_table(root.table("flux", required=True), neutrino, one_spectrum=False)
    root.finish()
    if document.messages:
        raise CardError(*document.messages)
    try:
        beam = build_beam(card.kind, card.options, neutrino, Path.cwd())
    except InputError as error:
        place = document.places().get(key_in_front(str(error)), name)
        raise InputError(f"{place if place.startswith('--') else name}: {error}") from error
    return card, beam, neutrino
