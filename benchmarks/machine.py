"""Describe the machine of a benchmark, for the header of its results."""

from __future__ import annotations

import numpy as np

from tridentgen.runs.bench import machine


def describe() -> str:
    """Return processor, cores and versions in one line each, as comments."""
    on = machine()
    versions = f"tridentgen {on['version']}, NumPy {np.__version__}, Python {on['python']}"
    return f"# {on['processor']}, {on['cores']} cores, {on['system']}\n# {versions}"
