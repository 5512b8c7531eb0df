"""How fast cityfunnel is, as ratios within one run: ``python -m benchmarks``."""
