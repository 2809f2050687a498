"""Say what machine a benchmark ran on, for the first lines of its results."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import numpy as np

import tridentgen


def describe() -> str:
    """Return processor, cores and versions in one line each, as comments."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    versions = f"tridentgen {tridentgen.__version__}, NumPy {np.__version__}, Python {platform.python_version()}"
    return f"# {model}, {os.cpu_count()} cores, {platform.system()}\n# {versions}"
