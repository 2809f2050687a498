"""Distributed computing: an engine that sends ranges of tiles and events to the workers of any executor."""

from tridentgen.runs.distribution.engine import DistributedEngine, DistributionError
from tridentgen.runs.distribution.tasks import Recipe

__all__ = ["DistributedEngine", "DistributionError", "Recipe"]
