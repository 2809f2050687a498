"""The output of `tridentgen generate`."""

from __future__ import annotations

from tridentgen.analysis.cut_flow import Measured
from tridentgen.cards import Card
from tridentgen.reports.layout import Json, amount, block, measured, small_percent
from tridentgen.reports.lifted import lifted_share, lifted_words
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
        "expected_events_error": run.expected_events_error,
        "acceptance": run.acceptance,
        "lifted_share": None if run.acceptance is None else lifted_share(card, run.path),
        "overweight_events": run.overweight,
        "engine": run.engine,
        "seconds": run.seconds,
        "complete": run.complete,
        **({} if run.poisson_mean is None else {"poisson_mean": run.poisson_mean}),
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
            f"efficiency {run.unweighting_efficiency:.1%}, {run.overweight} overweight {events}",
        )
    if run.expected_events is not None:
        expected = amount(Measured(run.expected_events, run.expected_events_error or 0.0))
        rows.insert(4, ("expected events", f"{expected} for the card's exposure"))
    if run.acceptance is not None:
        threshold = 0.0 if card.detector is None else card.detector.threshold_keVee
        rows += [("note", words) for words in lifted_words(lifted_share(card, run.path), threshold)]
        rows.insert(4, ("acceptance", f"{small_percent(run.acceptance)} of the cross section"))
    if run.poisson_mean is not None:
        rows.insert(3, ("number", f"Poisson, of mean {run.poisson_mean:.6g} before cuts, for the card's exposure"))
    return block(card.title, rows)
