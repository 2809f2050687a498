"""The columns of an event file in Apache Parquet: four-momenta are lists of four, units are metadata of the columns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tridentgen.engines.process import Column
from tridentgen.errors import InputError
from tridentgen.events.weights import weight_rule
from tridentgen.exchange.export.block import Block
from tridentgen.exchange.export.facts import RunFacts
from tridentgen.exchange.export.writer import Writer

_GROUP_ROWS = 1 << 17
"""Events of a row group, the unit of reading."""


class ParquetWriter(Writer):
    """Writes ``.parquet``; the attributes of the run are JSON under the key ``tridentgen``."""

    columns = None

    def __init__(self, path: Path, facts: RunFacts, *, force: bool = False) -> None:
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError as error:
            raise InputError('writing Parquet needs pyarrow: pip install "tridentgen[parquet]"') from error
        super().__init__(path, facts, force=force)
        self._arrow, self._parquet = pyarrow, pyarrow.parquet
        self._file: Any = None
        self._waiting: list[Block] = []

    def open(self) -> None:
        """Begin the file with its schema."""
        attributes = {name: value for name, value in self.facts.attributes.items() if not isinstance(value, bytes)}
        run = {
            **attributes,
            "weight_rule": weight_rule(1, 1),  # in place of a shard's
            "weights": self._weights(),
            "part_of_run": self.facts.part_in_words,
        }
        fields = [
            self._arrow.field(
                column.name,
                self._type(column),
                nullable=False,
                metadata={"units": column.units, "description": column.description},
            )
            for column in self.facts.columns
        ]
        self._schema = self._arrow.schema(fields, metadata={"tridentgen": json.dumps(run)})
        self._file = self._parquet.ParquetWriter(str(self.part), self._schema)

    def _weights(self) -> str:
        """Return the normalisation of the weights, which are in cm^2 here."""
        facts, kind = self.facts, "weighted"
        if facts.unit_pb is not None:
            kind = f"unweighted, {facts.overweight} of {facts.events} events weigh more than the others"
        return f"{kind}: the sum of the weights is the flux-averaged cross section in cm2 per atom"

    def _type(self, column: Column) -> Any:
        plain = self._arrow.from_numpy_dtype(np.dtype(column.dtype))
        return self._arrow.list_(plain, column.shape[0]) if column.shape else plain

    def write(self, block: Block) -> None:
        """Add the events of a block; they are written as soon as they fill a row group."""
        self._waiting.append(block)
        if sum(map(len, self._waiting)) >= _GROUP_ROWS:
            self._write_group()

    def _write_group(self) -> None:
        arrays = []
        for column, field in zip(self.facts.columns, self._schema, strict=True):
            values = np.concatenate([block.columns[column.name] for block in self._waiting])
            arrays.append(self._array(values, field.type))
        self._waiting = []
        self._file.write_table(self._arrow.Table.from_arrays(arrays, schema=self._schema))

    def _array(self, values: NDArray[Any], kind: Any) -> Any:
        flat = self._arrow.array(np.ascontiguousarray(values).reshape(-1))
        return flat if values.ndim == 1 else self._arrow.FixedSizeListArray.from_arrays(flat, type=kind)

    def close(self) -> None:
        """Write the remaining events and end the file."""
        if self._waiting:
            self._write_group()
        self._file.close()

    def abandon(self) -> None:
        """Close the file as it is."""
        if self._file is not None:
            self._file.close()
