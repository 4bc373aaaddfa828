"""Models from outside, written as specs: what every reader makes, and what becomes of it. Only ``torch/`` needs torch."""
