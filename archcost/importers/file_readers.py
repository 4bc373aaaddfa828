"""Files that hold a model and are no specs, recognised by what they hold: a row for each kind.

Readers are loaded when a file of theirs is met.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.errors import UsageError
from archcost.files import LFS_POINTER, LFS_REASON, FileError, TooLargeError
from archcost.importers.onnx.recognition import ENDING, MAX_BOUNDED, MAX_BYTES, is_onnx, no_onnx
from archcost.importers.sources import content_of

if TYPE_CHECKING:
    from archcost.importers.imported import Imported
    from archcost.importers.importing import Ask

_WEIGHTS = (".bin", ".ckpt", ".gguf", ".h5", ".npz", ".pt", ".pth", ".safetensors")  # how names of such files end


def import_file(ask: Ask) -> Imported:
    """The spec of a file; raises UsageError for one of no kind that is known, and as its reader does.

    Raises FileError for a file that cannot be read in the tree that bounds it.
    """
    data = _content(ask)
    if is_onnx(data):
        from archcost.importers.onnx.importing import import_onnx

        return import_onnx(ask, data)
    _refuse_others(ask.source.name, data)
    from archcost.importers.reading_files import import_text

    return import_text(ask)


def takes_inputs(ask: Ask) -> bool:
    """Whether shapes of inputs can be asked of a file."""
    return is_onnx(_content(ask))


def holds_no_text(path: str) -> bool:
    """Whether a file that a person named holds a model, and no text; raises UsageError for one that holds neither."""
    try:
        data = content_of(path, None, MAX_BYTES)
    except TooLargeError:
        data = b""
    except FileError:
        return False
    if is_onnx(data):
        return True
    _refuse_others(path, data)
    return False


def _refuse_others(path: str, data: bytes) -> None:
    """Raise UsageError for a file that says by its first bytes or its name what it is, and is nothing to read."""
    if data.startswith(LFS_POINTER):
        raise UsageError(f"cannot read {path}: {LFS_REASON}", "`git lfs pull` fetches the content")
    if path.endswith(ENDING):
        raise no_onnx(path)
    if path.endswith(_WEIGHTS):
        raise UsageError(
            f"{path} is a file of weights, which does not say what is computed with them",
            "name a spec, a file of ONNX, the config.json beside it, or a network of Python as `MODULE:NAME`",
        )


def _content(ask: Ask) -> bytes:
    path = ask.source.name
    try:
        return content_of(path, ask.files, MAX_BYTES if ask.files is None else MAX_BOUNDED)
    except FileError as error:
        if ask.files is not None:
            raise
        raise UsageError(f"cannot read {path}: {error.reason}", error.help) from None
