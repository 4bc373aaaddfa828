"""A configuration as a spec to keep: its few lines, and the figures to expect of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.report import analyze
from archcost.errors import UsageError
from archcost.files import FileError
from archcost.importers.huggingface.configuration import spec_text
from archcost.importers.imported import Imported
from archcost.importers.layout import Flat, laid_out
from archcost.importers.sources import content_of
from archcost.spec.document import MAX_BYTES
from archcost.spec.included import decode, is_configuration
from archcost.spec.loader import loads

if TYPE_CHECKING:
    from archcost.importers.importing import Ask
    from archcost.importers.layout import Node


def import_configuration(ask: Ask) -> Imported:
    """The spec of a configuration's file; raises UsageError for another file, SpecError with places in this one."""
    path = ask.source.name
    try:
        text = decode(content_of(path, ask.files, MAX_BYTES), path)
    except FileError as error:
        raise UsageError(f"cannot read {path}: {error.reason}", error.help) from None
    if not is_configuration(text):
        raise UsageError(f"{path} is no configuration of a model", "it is a JSON object with `model_type`")
    if ask.flat or ask.training or ask.until or ask.inputs:
        hint = f"`transformers:{path}` has the library build the model, and takes these options"
        raise UsageError("a configuration is read, not run: it takes no options but -o, --strict and --check", hint)
    spec = spec_text(text, path)
    return Imported(spec + _expected(spec, path))


def _expected(text: str, path: str) -> str:
    """What to expect of a spec: its figures, and the shape of its first output."""
    report = analyze(loads(text, name=path))
    figures: dict[str, Node] = {"params": report.totals.params, "macs": report.totals.macs}
    shapes = list(report.outputs.values())
    return laid_out({"expect": Flat(({"output": shapes[0]} if len(shapes) == 1 else {}) | figures)})
