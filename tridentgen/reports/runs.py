"""The output of `tridentgen generate`."""

from __future__ import annotations

from tridentgen.cards import Card
from tridentgen.reports.layout import Json, block, measured
from tridentgen.runs.run import Run


def run_json(run: Run, card: Card) -> Json:
    """Return the result of a run."""
    return {
        "path": str(run.path),
        "process": card.reaction.line,
        "flux": run.flux,
        "events": run.events,
        "trials": run.trials,
        "sigma_cm2": run.sigma,
        "error_cm2": run.error,
        "effective_share": run.effective_share,
        "unweighting_efficiency": run.unweighting_efficiency,
        "expected_events": run.expected_events,
        "acceptance": run.acceptance,
        "overweight_events": run.overweight,
        "engine": run.engine,
        "seconds": run.seconds,
        "complete": run.complete,
        "warnings": list(run.caveats),
    }


def run_text(run: Run, card: Card) -> str:
    """Return the result of a run as a few lines of text."""
    rows = [
        ("process", card.reaction.line),
        ("flux", run.flux),
        ("events", f"{run.events}" + (f" of {run.trials} trials" if run.trials != run.events else "")),
        ("cross section", f"{measured(run.sigma, run.error)} cm2 per {card.reaction.per}"),
        (
            "sample size",
            f"{run.effective_share:.1%} effective (Kish); unweighting efficiency {run.unweighting_efficiency:.1%}",
        ),
        ("engine", f"{run.engine}, {run.seconds:.1f} s"),
        ("file", str(run.path)),
    ]
    if run.overweight is not None:
        events = "event" if run.overweight == 1 else "events"
        rows[4] = (
            "unweighted",
            f"efficiency {run.events / run.trials:.1%}, {run.overweight} overweight {events}",
        )
    if run.expected_events is not None:
        rows.insert(4, ("expected events", f"{run.expected_events:.4g} for the card's exposure"))
    if run.acceptance is not None:
        rows.insert(4, ("acceptance", f"{run.acceptance:.2%} of the cross section"))
    return block(card.title, rows)
