"""archcost tells what a neural-network architecture costs before anyone writes its code.

>>> import archcost
>>> report = archcost.analyze("resnet50", params={}, batch=1)
>>> report.totals.macs
4089184256
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.version import __version__

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from archcost.analysis.costs import Costs
    from archcost.analysis.report import Layer, Report, Totals
    from archcost.errors import ArchcostError, Diagnostic, Mark, MissingExtraError, SpecError, UsageError
    from archcost.spec.model import Spec

_EXPORTS = {
    "ArchcostError": "archcost.errors",
    "Costs": "archcost.analysis.costs",
    "Diagnostic": "archcost.errors",
    "Layer": "archcost.analysis.report",
    "Mark": "archcost.errors",
    "MissingExtraError": "archcost.errors",
    "Report": "archcost.analysis.report",
    "Spec": "archcost.spec.model",
    "SpecError": "archcost.errors",
    "Totals": "archcost.analysis.report",
    "UsageError": "archcost.errors",
}

__all__ = [
    "ArchcostError",
    "Costs",
    "Diagnostic",
    "Layer",
    "Mark",
    "MissingExtraError",
    "Report",
    "Spec",
    "SpecError",
    "Totals",
    "UsageError",
    "__version__",
    "analyze",
    "load",
]


def load(spec: str | os.PathLike[str]) -> Spec:
    """Parse a spec file, or a model of the zoo by its name.

    Raises SpecError with every problem found, each with file, line and column. The result can be analysed under any
    number of params without being parsed again.
    """
    from archcost.spec.loader import load as load_spec

    return load_spec(spec)


def analyze(
    spec: Spec | str | os.PathLike[str],
    *,
    params: Mapping[str, Any] | None = None,
    batch: int = 1,
    training: bool = False,
    dtype: str | None = None,
) -> Report:
    """Shapes, params, MACs and bytes of every layer of a spec.

    ``spec`` is a loaded spec, a path, or the name of a zoo model; ``params`` override the spec's own. ``training``
    includes what a spec builds only then, such as auxiliary heads. ``dtype`` is that of weights and floating inputs.
    Raises SpecError for a wrong spec (its ``partial`` holds the layers before the first failing one) and UsageError for
    params that the spec does not have.
    """
    from archcost.analysis.report import analyze as analyze_spec
    from archcost.spec.model import Spec as SpecType

    loaded = spec if isinstance(spec, SpecType) else load(spec)
    return analyze_spec(loaded, params=params, batch=batch, training=training, dtype=dtype)


def __getattr__(name: str) -> Any:
    """Load the types on first use, so that ``import archcost`` stays instant."""
    if name not in _EXPORTS:
        raise AttributeError(f"module 'archcost' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_EXPORTS[name]), name)
