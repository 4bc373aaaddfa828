"""The functions that explain costs: of a change, of memory, of a layer, and of other tools' figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from archcost.api.hardware import device_in
from archcost.api.models import report_of, reports_of_each
from archcost.engines import TINYENGINE
from archcost.settings import Settings, shapes_by_name

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from fractions import Fraction

    from archcost.analysis.memory.study import Study
    from archcost.analysis.microcontroller.study import FusedStudy
    from archcost.analysis.report import Report
    from archcost.api.models import AnyInputs, AnySpec
    from archcost.comparing import Comparison, SideBySide
    from archcost.conventions.reconciliation import Reconciliation
    from archcost.explaining.equations import Explanation
    from archcost.explaining.in_variable import VariableFormulas
    from archcost.explaining.op_reference import OpReference
    from archcost.explaining.overview import Story
    from archcost.hardware.device import Device


@overload
def compare(
    before: AnySpec | Report,
    after: AnySpec | Report,
    *,
    params: Mapping[str, Any] | None = None,
    inputs: AnyInputs | None = None,
    batch: int = 1,
    training: bool = False,
    dtype: str | None = None,
    weight_dtype: str | None = None,
    kv_dtype: str | None = None,
) -> Comparison: ...


@overload
def compare(
    before: AnySpec | Report,
    after: AnySpec | Report,
    *others: AnySpec | Report,
    params: Mapping[str, Any] | None = None,
    inputs: AnyInputs | None = None,
    batch: int = 1,
    training: bool = False,
    dtype: str | None = None,
    weight_dtype: str | None = None,
    kv_dtype: str | None = None,
    sort: str | None = None,
) -> Comparison | SideBySide: ...


def compare(
    before: AnySpec | Report,
    after: AnySpec | Report,
    *others: AnySpec | Report,
    params: Mapping[str, Any] | None = None,
    inputs: AnyInputs | None = None,
    batch: int = 1,
    training: bool = False,
    dtype: str | None = None,
    weight_dtype: str | None = None,
    kv_dtype: str | None = None,
    sort: str | None = None,
) -> Comparison | SideBySide:
    """What differs between two models, whole and by scope; three and more are put side by side.

    ``sort`` puts these in the order of a total, the smallest first. Settings are those of all, inputs by name of those
    that have them; for settings of their own, give reports: ``compare(analyze(a), analyze(a, batch=8))``.
    Raises what :func:`archcost.analyze` raises, and UsageError for an unknown total, and for settings beside a report,
    which has its own.
    """
    from archcost.comparing import SideBySide, rank
    from archcost.comparing import compare as compare_reports
    from archcost.errors import CallError, suggestion
    from archcost.figures import TOTALS

    if sort is not None and sort not in TOTALS:
        raise CallError(f"there is no total '{sort}'", suggestion(sort, TOTALS, "totals"))
    settings = Settings(params or {}, batch, training, dtype, weight_dtype, shapes_by_name(inputs), kv_dtype)
    reports = reports_of_each((before, after, *others), settings)
    if others:
        return SideBySide(tuple(rank(reports, sort) if sort else reports))
    return compare_reports(*reports)


def memory(
    spec: AnySpec,
    *,
    params: Mapping[str, Any] | None = None,
    inputs: AnyInputs | None = None,
    batch: int = 1,
    dtype: str | None = None,
    weight_dtype: str | None = None,
    kv_dtype: str | None = None,
    training: bool = False,
    schedule: str = "spec",
    inplace: bool = False,
    optimizer: str | None = None,
    foreach: bool = False,
    mixed: str | None = None,
    master_weights: bool = False,
    accumulate: int = 1,
    checkpoint: Sequence[str] = (),
    lora: int | None = None,
    lora_targets: Sequence[str] = (),
    parallel: Sequence[str] = (),
    devices: int = 1,
    what_if: bool = True,
) -> Study:
    """The memory that a model needs to run or to train, its peak, the tensors alive then, and ways to need less.

    ``schedule`` is the order of the layers, ``spec`` or ``min-peak``; ``inplace`` lets activations overwrite their
    input. What follows is of a ``training`` step, and implies one: an ``optimizer`` (sgd, adamw, adafactor …),
    ``foreach``, ``mixed`` precision (bfloat16, float16), ``master_weights`` in float32 beside half-precision params,
    ``accumulate`` batches, patterns of blocks to ``checkpoint``, adapters of a rank (``lora``) on the layers that
    ``lora_targets`` name, and how devices divide it, ``parallel=["zero3=8", "tensor=4"]``. Inference on several
    ``devices`` that divide the layers is that of one of them. ``what_if=False`` leaves out what would need less. The
    dtypes are as in :func:`archcost.analyze`. Raises UsageError for a word or a pattern that
    names nothing, and what :func:`archcost.analyze` raises.
    """
    from archcost.analysis.memory.conditions import conditions_of
    from archcost.analysis.memory.study import study
    from archcost.graph.adapters import lora_of

    adapters = lora_of(lora, lora_targets)
    conditions = conditions_of(
        training=training,
        schedule=schedule,
        inplace=inplace,
        optimizer=optimizer,
        foreach=foreach,
        mixed=mixed,
        master_weights=master_weights,
        accumulate=accumulate,
        checkpoints=checkpoint,
        parallel=parallel,
        devices=devices,
        adapters=adapters,
        whatifs=what_if,
    )
    shapes = shapes_by_name(inputs)
    settings = Settings(params or {}, batch, conditions.training, dtype, weight_dtype, shapes, kv_dtype, adapters)
    return study(report_of(spec, settings), conditions)


def microcontroller(
    spec: AnySpec | Report,
    *,
    params: Mapping[str, Any] | None = None,
    inputs: AnyInputs | None = None,
    batch: int = 1,
    inplace: bool = False,
    what_if: bool = True,
    engine: str = TINYENGINE,
) -> FusedStudy:
    """The SRAM and the flash of a model in int8 on a microcontroller, and the tensors that are there at the peak.

    A convolution or linear layer, the batch norm and the activations behind it are one kernel. ``inplace`` lets
    depthwise convolutions write over what they read. ``what_if=False`` leaves out what would need less. ``engine`` is
    ``tinyengine``, or ``tinyengine-2020``, which always works in place. Raises what :func:`archcost.analyze` raises,
    and UsageError for another engine.
    """
    from archcost.analysis.microcontroller.study import engine_of, fused_study

    settings = Settings(params or {}, batch, inputs=shapes_by_name(inputs))
    return fused_study(report_of(spec, settings), inplace=inplace, what_if=what_if, engine=engine_of(engine))


def explain(
    spec: AnySpec | Report,
    path: str | None = None,
    *,
    params: Mapping[str, Any] | None = None,
    inputs: AnyInputs | None = None,
    batch: int = 1,
    training: bool = False,
    dtype: str | None = None,
    weight_dtype: str | None = None,
    kv_dtype: str | None = None,
    balance: Fraction | float | None = None,
    device: str | os.PathLike[str] | Device | None = None,
    variable: str | None = None,
) -> Explanation | Story | VariableFormulas:
    """The arithmetic of the layer or scope at a path; without a path, an overview of the model's costs.

    ``balance`` is the number of FLOPs a byte below which a layer waits for memory; without one it is that of a
    ``device`` in the model's dtype, or of an A100 in float32. With a ``variable``, ``batch`` or a param that is a
    number, it is the figures of the model, layer or scope as formulas in it. Raises UsageError for a path or variable
    that is not there, a balance that is not above 0 and a device without one, and what :func:`archcost.analyze` raises.
    """
    from fractions import Fraction as Ratio

    from archcost.errors import UsageError
    from archcost.explaining.overview import explain_model
    from archcost.explaining.resolve_path import explain_path

    if balance is not None and not 0 < balance < float("inf"):
        raise UsageError(f"a balance is a number of FLOPs a byte above 0, got {balance}")
    settings = Settings(params or {}, batch, training, dtype, weight_dtype, shapes_by_name(inputs), kv_dtype)
    report = report_of(spec, settings)
    if variable is not None:
        from archcost.explaining.in_variable import formulas_in

        return formulas_in(report, variable, path)
    if path is not None:
        return _with_suggestion(explain_path(report, path))
    chosen = None if device is None else device_in(device)
    return explain_model(report, None if balance is None else Ratio(balance), chosen)


def _with_suggestion(found: Explanation) -> Explanation:
    """An explanation with what would save most of the MACs there, or of the params where there are no MACs."""
    from archcost.suggesting.best import best_for

    values = {each.figure: each.value for each in found.equations}
    metric = next((name for name in ("macs", "params") if values.get(name)), "")
    return found._replace(suggestion=best_for(found.report, found.path, metric)) if metric else found


def reconcile(
    spec: AnySpec | Report,
    *,
    tools: Sequence[str] = (),
    functional: Sequence[str] = (),
    published: str | None = None,
    params: Mapping[str, Any] | None = None,
    inputs: AnyInputs | None = None,
    batch: int = 1,
    training: bool = False,
) -> Reconciliation:
    """What other tools print for a spec and why, and which count gives a ``published`` figure (``4.1 GFLOPs``).

    Without ``tools`` they are all asked. ``functional`` are kinds or paths of layers that the original code writes as
    function calls. Raises UsageError for an unknown tool, a pattern without a layer and what is no figure, and what
    :func:`archcost.analyze` raises.
    """
    from archcost.conventions import ALL_TOOLS
    from archcost.conventions.reconciliation import reconcile as reconcile_report
    from archcost.conventions.reconciliation import search_published

    report = report_of(spec, Settings(params or {}, batch, training, inputs=shapes_by_name(inputs)))
    names = list(dict.fromkeys(tools)) or list(ALL_TOOLS)
    found = reconcile_report(report, names, functional, with_quoted=report.graph.settings.as_it_stands)
    return found if published is None else found._replace(search=search_published(published, report, functional))


def op_reference(pattern: str | None = None) -> list[OpReference]:
    """The ops that specs are made of, by family: what each computes, attributes, formulas, an example, torch's page.

    A pattern with wildcards fits names, an op's name that op, and any other text what has it in its name. Raises
    UsageError for what fits nothing.
    """
    from archcost.explaining.op_reference import op_references

    return op_references(pattern)
