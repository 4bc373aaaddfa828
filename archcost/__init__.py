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
    from collections.abc import Iterable, Mapping
    from fractions import Fraction

    from torch import nn

    from archcost.analysis.costs import Costs
    from archcost.analysis.report import Layer, Report, Totals
    from archcost.budget.verdict import Finding, Verdict
    from archcost.errors import ArchcostError, ConfigError, Diagnostic, Mark, MissingExtraError, SpecError, UsageError
    from archcost.pytorch.verification import Verification
    from archcost.spec.model import Spec

_EXPORTS = {
    "ArchcostError": "archcost.errors",
    "ConfigError": "archcost.errors",
    "Costs": "archcost.analysis.costs",
    "Diagnostic": "archcost.errors",
    "Finding": "archcost.budget.verdict",
    "Layer": "archcost.analysis.report",
    "Mark": "archcost.errors",
    "MissingExtraError": "archcost.errors",
    "Report": "archcost.analysis.report",
    "Spec": "archcost.spec.model",
    "SpecError": "archcost.errors",
    "Totals": "archcost.analysis.report",
    "UsageError": "archcost.errors",
    "Verdict": "archcost.budget.verdict",
    "Verification": "archcost.pytorch.verification",
}

__all__ = [
    "ArchcostError",
    "ConfigError",
    "Costs",
    "Diagnostic",
    "Finding",
    "Layer",
    "Mark",
    "MissingExtraError",
    "Report",
    "Spec",
    "SpecError",
    "Totals",
    "UsageError",
    "Verdict",
    "Verification",
    "__version__",
    "analyze",
    "build",
    "check",
    "load",
    "verify",
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
    weight_dtype: str | None = None,
) -> Report:
    """Shapes, params, MACs and bytes of every layer of a spec.

    ``spec`` is a loaded spec, a path, or the name of a zoo model; ``params`` override the spec's own. ``training``
    includes what a spec builds only then, such as auxiliary heads. ``dtype`` is that of weights and floating inputs;
    ``weight_dtype`` (int8, int4 …) that of quantised matrices: it changes bytes of weights alone.
    Raises SpecError for a wrong spec (its ``partial`` holds the layers before the first failing one) and UsageError for
    params that the spec does not have.
    """
    from archcost.analysis.report import analyze as analyze_spec
    from archcost.settings import Settings
    from archcost.spec.loader import read
    from archcost.spec.model import Spec as SpecType

    loaded = spec if isinstance(spec, SpecType) else read(spec)  # the errors of shapes join those of the text
    return analyze_spec(loaded, Settings(params or {}, batch, training, dtype, weight_dtype))


def build(
    spec: Spec | str | os.PathLike[str],
    *,
    params: Mapping[str, Any] | None = None,
    batch: int = 1,
    training: bool = False,
    dtype: str | None = None,
) -> nn.Module:
    """The spec as a torch.nn.Module, to train or to run; its submodules carry the spec's paths.

    It takes the spec's inputs by position, and returns a tensor, or a tuple for several outputs. Parameters are
    initialised as torch does it; under ``torch.device("meta")`` they take no memory. Raises MissingExtraError without
    torch, and what :func:`analyze` raises.
    """
    from archcost.graph.unroll import unroll
    from archcost.pytorch import require
    from archcost.settings import Settings
    from archcost.spec.model import Spec as SpecType

    require("torch")
    from archcost.pytorch.module import build as build_network

    loaded = spec if isinstance(spec, SpecType) else load(spec)
    return build_network(unroll(loaded, Settings(params or {}, batch, training, dtype)))


def check(
    specs: Iterable[str | os.PathLike[str]] = (),
    *,
    params: Mapping[str, Any] | None = None,
    batch: int = 1,
    config: str | None = None,
    baseline: str | None = None,
    baseline_ref: str | None = None,
    expect: bool = False,
    latency: bool = False,
    weight_dtype: str | None = None,
    strict: bool = False,
) -> Verdict:
    """Judge specs (default: those of the configuration) by their budgets, as ``archcost check`` does.

    A wrong spec, configuration or lock file is part of the verdict: ``exit_code`` is then 2, 1 where a limit is
    exceeded, else 0. ``strict`` fails growth limits that have no baseline. Raises UsageError for calls that make no
    sense.
    """
    import os

    from archcost.budget.cases import Request
    from archcost.budget.check import check as judge
    from archcost.settings import Settings

    return judge(
        Request(
            specs=tuple(os.fspath(spec) for spec in specs),
            settings=Settings(dict(params or {}), batch, weight_dtype=weight_dtype),
            config=config,
            baseline=baseline,
            baseline_ref=baseline_ref,
            expect=expect,
            latency=latency,
            strict=strict,
        )
    )


def verify(
    spec: Spec | str | os.PathLike[str],
    *,
    params: Mapping[str, Any] | None = None,
    batch: int = 1,
    training: bool = False,
    tolerance: Fraction | float = 0,
    against: str | None = None,
    device: str | None = None,
    latency: bool = False,
) -> Verification:
    """Build a spec in PyTorch and hold every layer's shapes, params and MACs against it.

    ``tolerance`` is the allowed relative difference; ``against`` names a model to compare with, as
    ``torchvision:resnet50`` or ``package.module:callable``. The spec's expected figures are judged when nothing is
    overridden. ``device`` is where fvcore traces: ``meta``, where nothing is computed, ``cpu`` or ``cuda``. With
    ``latency`` every layer is measured there as well (``cpu`` by default); ``clock`` holds the times.
    Raises MissingExtraError without torch and fvcore, UsageError for a target that gives no model or a device that is
    missing, and what :func:`analyze` raises.
    """
    from archcost.pytorch import require

    require("torch", "fvcore")
    from archcost.pytorch.latency import MeasureSettings
    from archcost.pytorch.verify import verify as verify_report

    report = analyze(spec, params=params, batch=batch, training=training)
    return verify_report(
        report,
        tolerance=tolerance,
        expected=report.graph.settings.as_it_stands,
        against=against,
        device=device,
        latency=MeasureSettings() if latency else None,
    )


def __getattr__(name: str) -> Any:
    """Load the types on first use, so that ``import archcost`` stays instant."""
    if name not in _EXPORTS:
        raise AttributeError(f"module 'archcost' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_EXPORTS[name]), name)
