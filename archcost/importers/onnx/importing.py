"""An ONNX file as a spec that is proven."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.errors import UsageError
from archcost.extras import require
from archcost.importers.imported import import_text
from archcost.standard_input import NAME, WRITTEN

if TYPE_CHECKING:
    from archcost.importers.imported import Imported
    from archcost.importers.importing import Ask


def import_onnx(ask: Ask, data: bytes) -> Imported:
    """The spec of the file with these bytes; raises UsageError for what cannot be said, MissingExtraError."""
    if ask.training or ask.until:
        hint = "a file holds a model for inference: export the part, or the mode, that you want to see"
        raise UsageError("an ONNX file is read, not run: --training and --until are for models of PyTorch", hint)
    require("google.protobuf", extra="onnx")
    from archcost.importers.onnx.reader import read_model

    path = NAME if ask.source.name == WRITTEN else ask.source.name
    model = read_model(data, path, ask.source.title, ask.inputs)
    return import_text(model, flat=ask.flat)
