"""numpy, for the rooms of sweeps: the one place that imports it. Nothing else of archcost loads this module."""

from __future__ import annotations

from archcost.extras import require

require("numpy", extra="sweep")

import numpy as np  # noqa: E402 - a missing extra is told first

__all__ = ["np"]
