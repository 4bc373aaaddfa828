"""Where in its source a model called a function: the innermost line that is neither torch's nor ours; and how."""

from __future__ import annotations

import os
import sys
from dis import opname
from functools import cache
from typing import TYPE_CHECKING

import torch

import archcost

if TYPE_CHECKING:
    from types import FrameType

_OURS = tuple([folder + os.sep for folder in archcost.__path__])
_INSIDE = tuple([folder + os.sep for package in (torch, archcost) for folder in package.__path__])


def place() -> str:
    """``torchvision/models/resnet.py:146``; empty if no frame is the model's."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - what `inspect` reads as well, which loads much more
    while frame is not None:
        file = _shown(frame.f_code.co_filename)
        if file:
            return f"{file}:{frame.f_lineno}"
        frame = frame.f_back
    return ""


def is_operator() -> bool:
    """Whether the call that is recorded now is an operator of Python's: ``a @ b``, not ``a.matmul(b)``."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - as above
    while frame is not None and frame.f_code.co_filename.startswith(_OURS):
        frame = frame.f_back
    return frame is not None and opname[frame.f_code.co_code[frame.f_lasti]] == "BINARY_OP"


@cache
def _shown(file: str) -> str:
    """A file below the folder that Python imports it from; empty if it is not the model's."""
    if file.startswith(("<", *_INSIDE)):
        return ""
    folders = [folder + os.sep for folder in sys.path if folder and file.startswith(folder + os.sep)]
    return file.removeprefix(max(folders, key=len, default=""))
