"""Memory: what is alive while the layers run, in inference and in training."""

from __future__ import annotations

from archcost.analysis.memory.liveness import Storages

__all__ = ["Storages"]
