"""A file that stands for a spec as one to keep: its lines, and the figures to expect of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.report import analyze
from archcost.errors import UsageError
from archcost.files import FileError
from archcost.importers.file_formats import FORMATS
from archcost.importers.imported import Imported
from archcost.importers.layout import Flat, laid_out
from archcost.importers.sources import content_of
from archcost.importers.writing import Figures, expectation
from archcost.spec.document import MAX_BYTES
from archcost.spec.included import decode, format_of
from archcost.spec.loader import reads
from archcost.standard_input import NAME, WRITTEN

if TYPE_CHECKING:
    from archcost.importers.importing import Ask


def import_text(ask: Ask) -> Imported:
    """The spec of a file of text; raises UsageError for one of no known format, SpecError with places in this one."""
    path = NAME if ask.source.name == WRITTEN else ask.source.name
    try:
        text = decode(content_of(ask.source.name, ask.files, MAX_BYTES), path)
    except FileError as error:
        raise UsageError(f"cannot read {path}: {error.reason}", error.help) from None
    found = format_of(text)
    if not found:
        known = ", ".join(each.words for each in FORMATS.values()) + " and files of ONNX"
        raise UsageError(f"{path} is none of the files that can be imported", f"they are {known}")
    form = FORMATS[found]
    if ask.flat or ask.training or ask.until or ask.inputs:
        message = f"{form.words} is read, not run: it takes no options but -o, --strict and --check"
        raise UsageError(message, form.way_out.format(path=path))
    spec = form.spec_text(text, path)
    return Imported(spec + _expected(spec, path))


def _expected(text: str, path: str) -> str:
    """What to expect of a spec: its figures, and the shape of its first output."""
    report = analyze(reads(text, name=path, is_made=True))
    shapes = list(report.outputs.values())
    output = shapes[0] if len(shapes) == 1 else None
    return laid_out({"expect": Flat(expectation(Figures(report.totals.params, report.totals.macs, output)))})
