"""Groups of an event file: arrays and attributes kept beside the events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Group:
    """Arrays and attributes kept beside the events, such as the map of a sampling channel."""

    arrays: Mapping[str, NDArray[Any]]
    attributes: Mapping[str, Any]

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.arrays[name]


def read_groups(file: Any) -> dict[str, Group]:
    """Read all groups of an open file that hold arrays or attributes, other than the events, by path."""
    found: dict[str, Group] = {}

    def visit(path: str, item: Any) -> None:
        if isinstance(item, h5py.Group) and path != "events":
            arrays = {key: data[()] for key, data in item.items() if isinstance(data, h5py.Dataset)}
            group = Group(arrays, plain_attributes(item))
            if group.arrays or group.attributes:
                found[path] = group

    file.visititems(visit)
    return found


def plain_attributes(item: Any) -> dict[str, Any]:
    """Return the attributes of a file, group or dataset as Python numbers and texts."""
    return {name: _plain(item.attrs, name) for name in item.attrs}


def _plain(attributes: Any, name: str) -> Any:
    # A damaged text that has become a list crashes the HDF5 library when read.
    stored = attributes.get_id(name)
    if stored.shape != () or not (stored.dtype.kind in "fiu" or h5py.check_string_dtype(stored.dtype)):
        raise ValueError(f"attribute '{name}' is neither a number nor a text")
    value = attributes[name]
    if isinstance(value, bytes):
        return value.decode()
    return value.item() if isinstance(value, np.generic) else value
