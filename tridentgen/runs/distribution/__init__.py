"""Work on other processes and machines: an engine that sends ranges of tiles and of events to any executor."""

from tridentgen.runs.distribution.engine import DistributedEngine, DistributionError

__all__ = ["DistributedEngine", "DistributionError"]
