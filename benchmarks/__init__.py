"""Scripts that answer one question each; run them as ``python -m benchmarks.NAME``."""
