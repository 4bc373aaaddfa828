"""Files that hold a model and are no specs, recognised by what they hold: a row for each kind.

Readers are loaded when a file of theirs is met.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.errors import UsageError
from archcost.files import FileError
from archcost.importers.onnx.recognition import MAX_BOUNDED, MAX_BYTES, is_onnx
from archcost.importers.sources import content_of

if TYPE_CHECKING:
    from archcost.importers.imported import Imported
    from archcost.importers.importing import Ask


def import_file(ask: Ask) -> Imported:
    """The spec of a file; raises UsageError for one of no kind that is known, and as its reader does.

    Raises FileError for a file that cannot be read in the tree that bounds it.
    """
    data = _content(ask)
    if is_onnx(data):
        from archcost.importers.onnx.importing import import_onnx

        return import_onnx(ask, data)
    from archcost.importers.reading_files import import_text

    return import_text(ask)


def takes_inputs(ask: Ask) -> bool:
    """Whether shapes of inputs can be asked of a file."""
    return is_onnx(_content(ask))


def holds_no_text(path: str) -> bool:
    """Whether a file that a person named holds a model, and no text."""
    try:
        return is_onnx(content_of(path, None, MAX_BYTES))
    except FileError:
        return False


def _content(ask: Ask) -> bytes:
    path = ask.source.name
    try:
        return content_of(path, ask.files, MAX_BYTES if ask.files is None else MAX_BOUNDED)
    except FileError as error:
        if ask.files is not None:
            raise
        raise UsageError(f"cannot read {path}: {error.reason}", error.help) from None
