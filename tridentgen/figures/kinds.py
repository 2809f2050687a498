"""All figures by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tridentgen.figures import cross_sections, distributions, efficiencies, epa, measurements, photons
from tridentgen.figures.base import FigureKind

_MODULES = (cross_sections, photons, epa, distributions, efficiencies, measurements)

KINDS: Mapping[str, FigureKind[Any]] = MappingProxyType({module.KIND.name: module.KIND for module in _MODULES})
"""The figures in the order of their list."""
