"""numpy, for the rooms of sweeps: the one place that imports it. Nothing else of archcost loads this module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.extras import require

require("numpy", extra="sweep")

import numpy as np  # noqa: E402 - a missing extra is told first

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[Any]

__all__ = ["np"]
