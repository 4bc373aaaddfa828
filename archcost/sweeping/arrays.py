"""numpy, which sweeps alone need: the one place that imports it."""

from __future__ import annotations

import numpy as np

__all__ = ["np"]
