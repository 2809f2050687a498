"""Print the hashes of small runs, which must be the same with every version of Python and NumPy and on every engine.

Called by .ci/run with several interpreters; the first line, to standard error, says which.
"""

from __future__ import annotations

import platform
import sys
import tempfile
from pathlib import Path

import numpy as np

import tridentgen as tg

CARDS = ("quickstart", "coherent_csi", "dsnb_xenon", "dresden2_ge")
ENGINES = ("numpy", "native")

print(f"Python {platform.python_version()}, NumPy {np.__version__}", file=sys.stderr)
with tempfile.TemporaryDirectory() as folder:
    for name in CARDS:
        for engine in ENGINES:
            output = Path(folder) / f"{name}-{engine}.h5"
            sampling = {"engine": f'"{engine}"', "events": 2000, "training_points": 50_000}
            tg.run(name, output, overrides=[f"sampling.{key}={value}" for key, value in sampling.items()])
            known = tg.read(output).attributes
            print(name, engine, known["map_hash"], known["content_hash"])
