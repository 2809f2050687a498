"""The description of a card that `tridentgen info` and `tridentgen cards` print."""

from __future__ import annotations

from tridentgen.cards import Card
from tridentgen.errors import FileError
from tridentgen.reports.layout import Json, block
from tridentgen.runs.job import beam_of, job_of, placement_of, rate_of


def card_json(card: Card) -> Json:
    """Return the settings of a card; raise `CardError` for inconsistent values.

    A flux file that cannot be read is not an error here: ``flux_problem`` holds the reason.
    """
    found: Json = {
        "title": card.title,
        "process": card.reaction.line,
        "threshold_GeV": card.reaction.threshold_GeV(),
        "flux": {"kind": card.flux.kind, **card.flux.options},
        "events": card.sampling.events,
        "seed": card.sampling.seed,
        "engine": card.sampling.engine,
        "output": card.output.path,
    }
    try:
        beam = beam_of(card)
    except FileError as error:
        return {**found, "flux_description": None, "flux_problem": str(error)}
    job_of(card, beam)
    placement_of(card)
    rate_of(card, beam, 0.0)
    return {**found, "flux_description": beam.description, "flux_problem": None}


def card_text(card: Card) -> str:
    """Return the settings of a card as a few lines of text."""
    found = card_json(card)
    rows = [
        ("process", found["process"]),
        ("threshold", f"{found['threshold_GeV']:.4g} GeV"),
        ("flux", found["flux_description"] or f"not available: {found['flux_problem']}"),
        ("events", f"{found['events']}, seed {found['seed']}, engine {found['engine']}"),
        ("output", str(found["output"])),
    ]
    return block(card.title, rows)
