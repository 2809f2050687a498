"""The measurements of tridents and the predictions for their conditions, as text."""

from __future__ import annotations

from collections.abc import Sequence

from tridentgen.analysis.measurements import Prediction
from tridentgen.physics.trident_couplings import Couplings
from tridentgen.reports.layout import aligned, measured


def measurement_text(predictions: Sequence[Prediction], model: Couplings | None = None) -> str:
    """Return a table of the measurements and the Standard Model, with columns for another model if given."""
    header = ("experiment", "measured", "sigma_SM/cm2", "pull of SM")
    rows: list[tuple[str, ...]] = [header if model is None else (*header, "model/SM", "pull")]
    for found in predictions:
        errors = f"+{found.up:g} -{found.down:g}" if found.up != found.down else f"+- {found.up:g}"
        cells: tuple[str, ...] = (
            found.name,
            f"{found.measured:g} {errors}",
            measured(found.sigma_sm_cm2, found.error_cm2),
            f"{found.pull():+.2f}",
        )
        if model is not None:
            cells = (*cells, f"{found.ratio(model).value:.4f}", f"{found.pull(model):+.2f}")
        rows.append(cells)
    return aligned(rows)
