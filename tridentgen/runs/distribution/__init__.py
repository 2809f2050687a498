"""Work on other processes and machines: an engine that sends ranges of tiles and of events to any executor."""

from tridentgen.runs.distribution.engine import DistributedEngine, DistributionError
from tridentgen.runs.distribution.tasks import Recipe

__all__ = ["DistributedEngine", "DistributionError", "Recipe"]
