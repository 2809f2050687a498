"""The tables of measurements that come with the package, ``data/measurements``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tridentgen.errors import FileError
from tridentgen.typing import FloatArray

_FOLDER = Path(__file__).parents[1] / "data" / "measurements"


@dataclass(frozen=True, eq=False)
class MeasurementTable:
    """Columns of a table by name, and the publication to cite."""

    columns: dict[str, FloatArray]
    cite: str

    def edges(self, low: str, high: str) -> FloatArray:
        """Return the edges of the bins of an axis."""
        return np.unique(np.concatenate([self.columns[low], self.columns[high]]))


def measurement_table(name: str) -> MeasurementTable:
    """Read a table; raise `FileError` if the installation lacks it."""
    path = _FOLDER / f"{name}.csv"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise FileError(f"the table '{path}' of tridentgen is missing; reinstall the package") from error
    head = [line[1:].strip() for line in lines if line.startswith("#")]
    names, *rows = [line.split(",") for line in lines if not line.startswith("#")]
    values = np.array(rows, dtype=np.float64).T
    cite = next(line.removeprefix("cite: ") for line in head if line.startswith("cite: "))
    return MeasurementTable(dict(zip(names, values, strict=True)), cite)
