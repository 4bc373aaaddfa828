"""Specs and what can be made from them: reports, problems, modules, source, the zoo, and schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.settings import AS_IT_STANDS, Settings, shapes_by_name

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from torch import nn

    from archcost.analysis.report import Report
    from archcost.analysis.zoo_check import ZooCheck
    from archcost.errors import Diagnostic
    from archcost.first_files import Begun
    from archcost.named_specs import Track
    from archcost.spec.model import Spec
    from archcost.zoo_index import ZooModel

    AnySpec = Spec | str | os.PathLike[str]
    AnyInputs = Mapping[str, Sequence[int]] | Sequence[int]  # shapes without the batch, by name, or of the only input


def load(spec: str | os.PathLike[str]) -> Spec:
    """Parse a spec file, a model of the zoo by its name, or any other name of a spec, a source among them.

    Raises SpecError with every problem found, each with file, line and column. The result can be analysed under any
    number of params without being parsed again.
    """
    import os

    from archcost.collector import collector_paused
    from archcost.named_specs import load_spec

    with collector_paused():
        return load_spec(os.fspath(spec))


def analyze(
    spec: AnySpec,
    *,
    params: Mapping[str, Any] | None = None,
    inputs: AnyInputs | None = None,
    batch: int = 1,
    training: bool = False,
    dtype: str | None = None,
    weight_dtype: str | None = None,
    kv_dtype: str | None = None,
    lora: int | None = None,
    lora_targets: Sequence[str] = (),
) -> Report:
    """Shapes, params, MACs and bytes of every layer of a spec.

    ``spec`` is a loaded spec, a path, or the name of a zoo model; ``params`` override the spec's own. ``inputs``
    replace the shapes of its inputs, without the batch: ``(3, 480, 640)``, or ``{"image": (3, 480, 640)}`` by name.
    ``training`` includes what a spec builds only then, such as auxiliary heads. ``dtype`` is that of weights and
    floating inputs; ``weight_dtype`` (int8, int4 …) that of quantised matrices: it changes bytes of weights alone, and
    ``kv_dtype`` those of the KV cache alone. ``lora`` is the rank of adapters on linear layers, or on those that the
    patterns ``lora_targets`` name; all other weights are then frozen.
    Raises SpecError for a wrong spec (its ``partial`` holds the layers before the first failing one) and UsageError for
    params and inputs that the spec does not have.
    """
    settings = Settings(params or {}, batch, training, dtype, weight_dtype, shapes_by_name(inputs), kv_dtype)
    if lora is not None or lora_targets:
        from archcost.graph.adapters import lora_of

        settings = settings._replace(lora=lora_of(lora, lora_targets))
    return report_of(spec, settings)


def validate(
    spec: AnySpec,
    *,
    params: Mapping[str, Any] | None = None,
    inputs: AnyInputs | None = None,
    batch: int = 1,
    training: bool = False,
    strict: bool = False,
) -> tuple[Diagnostic, ...]:
    """The problems of a spec in syntax, names, attributes and shapes, each with its place. No costs are computed.

    With ``strict``, warnings are problems as well. A file that holds only blocks is checked as such. Raises UsageError
    for params that the spec does not have.
    """
    from archcost.analysis.report import check
    from archcost.errors import SpecError, as_errors

    try:
        settings = Settings(params or {}, batch, training, inputs=shapes_by_name(inputs))
        warnings = check(spec_of(spec, settings), settings)
    except SpecError as error:
        return error.diagnostics
    return as_errors(warnings) if strict else ()


def build(
    spec: AnySpec,
    *,
    params: Mapping[str, Any] | None = None,
    inputs: AnyInputs | None = None,
    batch: int = 1,
    training: bool = False,
    dtype: str | None = None,
) -> nn.Module:
    """The spec as a torch.nn.Module, to train or to run; its submodules carry the spec's paths.

    It takes the spec's inputs by position, and returns a tensor, or a tuple for several outputs. Parameters are
    initialised as torch does it; under ``torch.device("meta")`` they take no memory. Raises MissingExtraError without
    torch, and what :func:`analyze` raises.
    """
    from archcost.extras import require
    from archcost.graph.unroll import unroll

    require("torch")
    from archcost.pytorch.module import build as build_network

    settings = Settings(params or {}, batch, training, dtype, inputs=shapes_by_name(inputs))
    return build_network(unroll(spec_of(spec, settings), settings))


def export(
    spec: AnySpec | Report,
    *,
    params: Mapping[str, Any] | None = None,
    inputs: AnyInputs | None = None,
    training: bool = False,
) -> str:
    """The model as readable PyTorch source that needs nothing but torch.

    Raises UsageError for settings beside a report, which has its own, and what :func:`analyze` raises.
    """
    from archcost.exporting.source import to_torch

    return to_torch(report_of(spec, Settings(params or {}, training=training, inputs=shapes_by_name(inputs))))


def zoo(
    pattern: str | None = None,
    *,
    family: str | None = None,
    dtype: str | None = None,
    weight_dtype: str | None = None,
    kv_dtype: str | None = None,
    track: Track = list,
) -> list[ZooModel]:
    """The models that come with archcost, with the figures that ship with them: nothing is analysed without a dtype.

    A ``pattern`` with wildcards fits names, a model's name that model, and any other text what has it in its name or
    family. Case does not matter. The dtypes are as in :func:`analyze`. Models that are analysed are taken as ``track``
    gives out their names, which may show how far it is. Raises UsageError for a pattern that fits nothing, a family
    that there is not and an unknown dtype.
    """
    from archcost.errors import SpecError
    from archcost.zoo_index import model_names, models

    settings = Settings(dtype=dtype, weight_dtype=weight_dtype, kv_dtype=kv_dtype)
    found, problems = models(model_names(pattern, family), settings, track)
    if problems:
        raise SpecError(problems)
    return found


def zoo_copy(model: str) -> str:
    """The spec of a model of the zoo as one to begin with: what it includes and extends it finds in the zoo.

    The figures that it is expected to have are left out, since they are those of the model as it is. Raises UsageError
    for a model that there is not.
    """
    from archcost.zoo_copies import copy_text

    return copy_text(model)


def zoo_check(models: Iterable[AnySpec | Report] | None = None) -> ZooCheck:
    """Models of the zoo, all of them by default, held against every figure that they state: what differs, and sources.

    ``zoo_check(model.name for model in zoo(family="ResNet"))`` is of one family.
    """
    from archcost import model_zoo
    from archcost.analysis.zoo_check import check_zoo

    return check_zoo([report_of(model) for model in (model_zoo.names() if models is None else models)])


def init(file: str | None = None, *, ci: bool = False, force: bool = False) -> Begun:
    """Write an annotated first spec, by default net.yaml; with ``ci`` also a configuration and a GitHub workflow.

    With ``ci`` the spec is by default specs/net.yaml, and stays as it is where there is one. Any other file that is
    there is written over by ``force`` alone: raises UsageError, before anything is written.
    """
    from archcost.first_files import begin

    return begin(file, ci=ci, force=force)


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema (draft-07) of specs (``spec``), or of a document, such as ``report`` or ``memory``.

    Raises UsageError for a name without a schema.
    """
    from archcost.errors import UsageError, suggestion
    from archcost.render.schemas import SCHEMAS, named_schema

    if name not in SCHEMAS:
        raise UsageError(f"there is no schema '{name}'", suggestion(name, list(SCHEMAS), "schemas"))
    return named_schema(name)


def report_of(model: AnySpec | Report, settings: Settings = AS_IT_STANDS) -> Report:
    """A report as it is, or that of a spec under settings; raises as :func:`analyze`."""
    from archcost.analysis.report import Report as ReportType
    from archcost.analysis.report import analyze as analyze_spec
    from archcost.errors import UsageError

    if not isinstance(model, ReportType):
        return analyze_spec(spec_of(model, settings), settings)
    if settings != AS_IT_STANDS:
        raise UsageError(f"the report of {model.name} has its settings already", "give its spec instead")
    return model


def reports_of_each(models: Sequence[AnySpec | Report], settings: Settings) -> list[Report]:
    """The reports of models; an input that only some of their specs have is that of these."""
    from archcost.analysis.report import Report as ReportType
    from archcost.graph.inputs import inputs_of_each
    from archcost.named_specs import read_beside

    if not any(settings.inputs) or any(isinstance(model, ReportType) for model in models):
        return [report_of(model, settings) for model in models]
    specs = [spec_of(model, settings, read_beside) for model in models if not isinstance(model, ReportType)]
    return [report_of(spec, own) for spec, own in zip(specs, inputs_of_each(specs, settings), strict=True)]


def spec_of(
    spec: AnySpec, settings: Settings = AS_IT_STANDS, read: Callable[[str, Settings], Spec] | None = None
) -> Spec:
    """A loaded spec as it is; of others, the problems of the text stay in it, for those of shapes to join them.

    Names are read by ``read``, by default ``named_specs.read_spec``.
    """
    import os

    from archcost.named_specs import read_spec
    from archcost.spec.model import Spec as SpecType

    return spec if isinstance(spec, SpecType) else (read or read_spec)(os.fspath(spec), settings)
