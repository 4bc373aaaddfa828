"""Models that a configuration names, with what they take and their limits: ``[tool.archcost.models.NAME]``.

A model is judged as a spec is, under ``@NAME``. What makes it may be code of the repository, and a configuration may
come with a pull request: such code runs only where the configuration allows it, and who calls archcost does, too.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from archcost.errors import CallError, Diagnostic, UsageError
from archcost.given_inputs import read_inputs
from archcost.importers.sources import CONFIGURED, FILE_ENDINGS, RUN_FORM, parse_source
from archcost.named_specs import MODEL, SpecResult, attempt_read, imported_spec
from archcost.spec.budget_reader import read_budgets
from archcost.spec.document import Scalar, Sequence
from archcost.spec.value_reader import brief

if TYPE_CHECKING:
    from archcost.errors import Mark
    from archcost.files import Files
    from archcost.importers.sources import ImportSource
    from archcost.settings import InputShape, Settings
    from archcost.spec.budget_limits import Limit
    from archcost.spec.document import Value
    from archcost.spec.model import Spec
    from archcost.spec.value_reader import Reader

MAX_MODELS = 1000
MODEL_KEYS = ("source", "input", "budgets")
_ODD = frozenset("*?[]:/\\@!")  # what paths, globs and sources mean


class ConfiguredModel(NamedTuple):
    """A model of the configuration: its source, what it takes, its limits, and its place."""

    source: ImportSource
    inputs: dict[str, InputShape]
    limits: tuple[Limit, ...]
    mark: Mark
    input_mark: Mark | None = None  # where its inputs stand


def read_models(reader: Reader, value: Value) -> dict[str, ConfiguredModel]:
    """The tables of ``models``, by the names that they are judged under; what is wrong with one goes to the reader."""
    tables = reader.mapping(value, "'models'", lambda: 'write `[models.NAME]` with `source = "timm:resnet50"`')
    if tables is None:
        return {}
    if len(tables.entries) > MAX_MODELS:
        reader.report(f"a configuration holds at most {MAX_MODELS:,} models, got {len(tables.entries):,}", value)
        return {}
    found = {}
    for key, inner in tables.entries.values():
        if not reader.label(key, "a model"):
            continue
        if _ODD & set(key.text):
            reader.report(f"'{brief(key)}' cannot name a model", key, "use letters, digits, _ and -")
            continue
        model = _read_model(reader, key, inner)
        if model is not None:
            found[f"{MODEL}{key.text}"] = model
    return found


def _read_model(reader: Reader, key: Scalar, value: Value) -> ConfiguredModel | None:
    table = reader.mapping(value, f"the model '{brief(key)}'")
    if table is None:
        return None
    reader.keys(table, MODEL_KEYS, f"the model '{brief(key)}'")
    entries = table.entries
    if "source" not in entries:
        reader.report(f"the model '{brief(key)}' has no source", key, 'write `source = "mypkg.nets:build"`')
        return None
    source = _read_source(reader, entries["source"][1])
    inputs = _read_inputs(reader, entries["input"][1]) if "input" in entries else {}
    limits = read_budgets(reader, entries["budgets"][1]) if "budgets" in entries else []
    if source is None:
        return None
    place = entries["input"][1].mark if "input" in entries else None
    return ConfiguredModel(source, inputs, tuple(limits), entries["source"][1].mark, place)


def _read_source(reader: Reader, value: Value) -> ImportSource | None:
    text = reader.text(value, "'source'")
    if text is None:
        return None
    try:
        source = parse_source(text)
    except UsageError as error:
        reader.report(error.message, value, error.help)
        return None
    if source is None:
        way = f"a source is {RUN_FORM}; files go under `specs`"
        if text.endswith(FILE_ENDINGS):
            way = f'a file is a spec: `specs = ["{brief(value)}"]`, with its limits in `[[budgets]]`'
        reader.report(f"'{brief(value)}' is no source of a model", value, way)
    return source


def _read_inputs(reader: Reader, value: Value) -> dict[str, InputShape]:
    """``input = "3x224x224"``, or a list of such texts where there are several."""
    items = value.items if isinstance(value, Sequence) else [value]
    words = [text for item in items if (text := reader.text(item, "'input'")) is not None]
    try:
        return read_inputs(words, "'input'")
    except UsageError as error:
        reader.report(error.message, value, error.help)
        return {}


def read_allowance(reader: Reader, value: Value) -> bool:
    """``allow_import``."""
    allowed = value.value if isinstance(value, Scalar) else None
    if not isinstance(allowed, bool):
        reader.report(f"'allow_import' is true or false, got {brief(value)}", value)
    return allowed is True


class Permission(NamedTuple):
    """What a configured model may use: the ``folder`` that paths start from, and the ``files`` that bound them.

    ``configured`` and ``called``: the configuration, and who calls archcost, allow that code of the repository runs.
    """

    folder: str
    files: Files
    configured: bool
    called: bool


def analyze_model(path: str, model: ConfiguredModel, settings: Settings, may: Permission) -> SpecResult:
    """The result of a configured model, which is imported; one that may not run is a problem of the configuration."""
    from archcost.analysis.report import analyze

    if model.source.runs_users_code and not (may.configured and may.called):
        return SpecResult(path, None, (_forbidden(model, may),))
    asked = settings._replace(inputs={**model.inputs, **settings.inputs})

    def work(spec: Spec) -> SpecResult:
        return SpecResult(path, analyze(spec, asked))

    try:
        found = attempt_read(path, lambda: spec_of_model(path, model, asked, may), work)
    except CallError as error:  # a library that is missing
        return SpecResult(path, None, (Diagnostic(error.message, model.mark, error.help),))
    found.diagnostics = tuple([each if each.mark else _placed(each, model, settings) for each in found.diagnostics])
    return found


def _placed(found: Diagnostic, model: ConfiguredModel, settings: Settings) -> Diagnostic:
    """A problem at the line of the configuration that says what is wrong: that of the input where it has to do with it.

    Where inputs are asked for beside the configuration, nobody knows which is wrong.
    """
    if settings.inputs:
        return found
    of_input = model.input_mark is not None and "input" in f"{found.message} {found.help}"
    return found._replace(mark=model.input_mark if of_input else model.mark)


def spec_of_model(path: str, model: ConfiguredModel, settings: Settings, may: Permission) -> Spec:
    """The spec of a configured model that may run, under settings; raises as imports do."""
    source = model.source
    if source.library == CONFIGURED:
        source = source._replace(name=os.path.join(may.folder, source.name))
    elif source.runs_users_code:
        source = source._replace(folder=may.folder)
    spec = imported_spec(source, settings, may.files)
    spec.name = path.removeprefix(MODEL)
    return spec


def _forbidden(model: ConfiguredModel, may: Permission) -> Diagnostic:
    ways = []
    if not may.configured:
        ways.append("set `allow_import = true` in the configuration")
    if not may.called:
        ways.append("give `--allow-import`")
    message = f"{model.source.text} is code of the repository, which a configuration alone does not have run"
    return Diagnostic(message, model.mark, " and ".join(ways) + ", where you trust what is checked out")
