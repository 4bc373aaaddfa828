"""Models from outside, written as specs: what readers make, and what becomes of it. Only ``torch/`` needs torch."""
