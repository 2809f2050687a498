"""What `tridentgen info` and `tridentgen cards` print of a card."""

from __future__ import annotations

from tridentgen.cards import Card
from tridentgen.errors import FileError
from tridentgen.reports.layout import Json, block
from tridentgen.runs.job import beam_of, job_of, placement_of, rate_of


def card_json(card: Card) -> Json:
    """Return what a card asks for; raise `CardError` for values that do not fit together.

    A flux file that cannot be read is no mistake here: ``flux_problem`` says what is wrong with it.
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
    """Return what a card asks for as a few lines."""
    found = card_json(card)
    rows = [
        ("process", found["process"]),
        ("threshold", f"{found['threshold_GeV']:.4g} GeV"),
        ("flux", found["flux_description"] or f"not to be had: {found['flux_problem']}"),
        ("events", f"{found['events']}, seed {found['seed']}, engine {found['engine']}"),
        ("output", str(found["output"])),
    ]
    return block(card.title, rows)
