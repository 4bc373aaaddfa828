"""archcost tells what a neural-network architecture costs before anyone writes its code.

>>> import archcost
>>> report = archcost.analyze("resnet50", params={}, batch=1)
>>> report.totals.macs
4089184256

Every command has its function here, which returns the value that the command prints. Nothing else is public.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.version import __version__

if TYPE_CHECKING:
    from archcost.analysis.costs import Costs
    from archcost.analysis.report import Layer, Report, Totals
    from archcost.api.calibrating import calibrate
    from archcost.api.fitting import fits
    from archcost.api.guarding import check, update_baseline
    from archcost.api.hardware import device, devices
    from archcost.api.importing import import_model
    from archcost.api.measuring import bench, verify
    from archcost.api.models import analyze, build, export, init, load, schema, validate, zoo, zoo_check, zoo_copy
    from archcost.api.predicting import predict, training_cost
    from archcost.api.showing import page
    from archcost.api.suggesting import suggest
    from archcost.api.sweeping import space
    from archcost.api.understanding import compare, explain, memory, microcontroller, op_reference, reconcile
    from archcost.budget.verdict import Finding, Verdict
    from archcost.errors import ArchcostError, ConfigError, Diagnostic, Mark, MissingExtraError, SpecError, UsageError
    from archcost.hardware.device import Device
    from archcost.pytorch.verification import Verification
    from archcost.spec.model import Spec

_EXPORTS = {
    "ArchcostError": "archcost.errors",
    "ConfigError": "archcost.errors",
    "Costs": "archcost.analysis.costs",
    "Device": "archcost.hardware.device",
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
    "analyze": "archcost.api.models",
    "bench": "archcost.api.measuring",
    "build": "archcost.api.models",
    "calibrate": "archcost.api.calibrating",
    "check": "archcost.api.guarding",
    "compare": "archcost.api.understanding",
    "device": "archcost.api.hardware",
    "devices": "archcost.api.hardware",
    "explain": "archcost.api.understanding",
    "export": "archcost.api.models",
    "fits": "archcost.api.fitting",
    "import_model": "archcost.api.importing",
    "init": "archcost.api.models",
    "load": "archcost.api.models",
    "memory": "archcost.api.understanding",
    "microcontroller": "archcost.api.understanding",
    "op_reference": "archcost.api.understanding",
    "page": "archcost.api.showing",
    "predict": "archcost.api.predicting",
    "reconcile": "archcost.api.understanding",
    "schema": "archcost.api.models",
    "suggest": "archcost.api.suggesting",
    "training_cost": "archcost.api.predicting",
    "space": "archcost.api.sweeping",
    "update_baseline": "archcost.api.guarding",
    "validate": "archcost.api.models",
    "verify": "archcost.api.measuring",
    "zoo": "archcost.api.models",
    "zoo_check": "archcost.api.models",
    "zoo_copy": "archcost.api.models",
}

__all__ = [
    "ArchcostError",
    "ConfigError",
    "Costs",
    "Device",
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
    "bench",
    "build",
    "calibrate",
    "check",
    "compare",
    "device",
    "devices",
    "explain",
    "export",
    "fits",
    "import_model",
    "init",
    "load",
    "memory",
    "microcontroller",
    "op_reference",
    "page",
    "predict",
    "reconcile",
    "schema",
    "space",
    "suggest",
    "training_cost",
    "update_baseline",
    "validate",
    "verify",
    "zoo",
    "zoo_check",
    "zoo_copy",
]


def __getattr__(name: str) -> Any:
    """Load functions and types on first use, so that ``import archcost`` stays instant."""
    if name not in _EXPORTS:
        raise AttributeError(f"module 'archcost' has no attribute '{name}'")
    from importlib import import_module

    found = getattr(import_module(_EXPORTS[name]), name)
    if name.islower():  # a function, whose arguments are checked at this door
        found = import_module("archcost.api.arguments").checked(found)
    globals()[name] = found
    return found
