"""What a SOURCE is: the name of a model that is no spec, and how such names differ from files and revisions.

What stands before the first colon decides. ``zoo``, ``torchvision``, ``timm`` and ``transformers`` are sources,
whatever files or branches there are; what ends like a file is a file at a git revision; and ``package.module:name`` is
Python. A branch that is called like a source is written ``refs/heads/timm:net.yaml``. Nothing here needs the libraries.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from archcost.errors import UsageError
from archcost.files import TooLargeError, located, read_named
from archcost.standard_input import NAME, WRITTEN, standard_input

if TYPE_CHECKING:
    from archcost.files import Files

ZOO, PYTHON, FILE = "zoo", "", "file"
CONFIGURED = "transformers"  # its models are named by the files of their configurations
LIBRARIES = ("torchvision", "timm", CONFIGURED)
RUN_FORM = "torchvision:MODEL, timm:MODEL, transformers:config.json or package.module:callable"
FORM = f"config.json, a model YAML of Ultralytics, FILE.onnx, {RUN_FORM}"
FILE_ENDINGS = (".yaml", ".yml", ".json", ".onnx")
_CALLED = "a function of one line gives them: `def net(): return Net(64)`, and the source is `package.module:net`"
PYTHON_FILE = ".py"
_CALLABLE = ", where NAME makes the network"
_NAMED = {"torchvision": "resnet50", "timm": "convnext_tiny", "transformers": "config.json"}


class ImportSource(NamedTuple):
    """A model from outside: of a library, by its name there or its configuration's path, of Python, or of a file.

    ``folder`` is where modules of Python are looked up, before the working directory; empty: only there.
    """

    library: str
    name: str
    folder: str = ""

    @property
    def text(self) -> str:
        """The source as it is typed."""
        return self.name if self.library in (PYTHON, FILE) else f"{self.library}:{self.name}"

    @property
    def runs_users_code(self) -> bool:
        """Whether to make the model is to run code that is not of an installed library."""
        return self.library == PYTHON

    @property
    def is_run(self) -> bool:
        """Whether the model is made and run, and not only read."""
        return self.library != FILE

    @property
    def title(self) -> str:
        """What its spec is called."""
        if self.library == PYTHON:
            return self.name.rpartition(":")[2].rpartition(".")[2]
        return title_of(self.name, "model" if self.library == FILE else self.library)


def title_of(path: str, otherwise: str) -> str:
    """What a spec is called that is made of a file: as the file, or as its folder where all files have its name."""
    parts = path.replace("\\", "/").split("/")
    named = [part for part in parts if part not in ("", ".", "..", "config.json", NAME, WRITTEN)]
    stem, dot, ending = named[-1].rpartition(".") if named else ("", "", "")
    return stem if stem and f"{dot}{ending}" in FILE_ENDINGS else named[-1] if named else otherwise


def parse_source(text: str) -> ImportSource | None:
    """The source that a text names; None for what is a file, a model of the zoo or a path at a git revision.

    Raises UsageError for the name of a library without that of a model, for a file of Python's, and for a call.
    """
    before, colon, name = text.partition(":")
    if not colon:
        if text.endswith(PYTHON_FILE):
            raise _python_file(text, "NAME")
        return None
    if before in LIBRARIES:
        if not name:
            raise UsageError(f"'{text}' names no model", f"write it like `{before}:{_NAMED[before]}`")
        return ImportSource(before, name)
    if before.endswith(PYTHON_FILE) and _is_dotted(name) and not name.endswith(FILE_ENDINGS):
        raise _python_file(before, name)
    called, bracket, _ = name.partition("(")
    if bracket and name.endswith(")") and _is_dotted(before) and _is_dotted(called):
        raise UsageError(f"'{text}' is a call, and a source names what is called, without arguments", _CALLED)
    if before != ZOO and _is_dotted(before) and _is_dotted(name) and not name.endswith(FILE_ENDINGS):
        return ImportSource(PYTHON, text)
    return None


def _python_file(path: str, name: str) -> UsageError:
    dotted = path.removesuffix(PYTHON_FILE).replace("\\", "/").removeprefix("./").replace("/", ".")
    way = f"`{dotted}:{name}`" if _is_dotted(dotted) else "`package.module:callable`"
    message = f"'{path}' is a file, and a source names a module of Python"
    return UsageError(message, f"write a module as Python imports it: {way}" + _CALLABLE * (name == "NAME"))


def is_source(text: str) -> bool:
    """Whether a text names a source, be it an incomplete one."""
    try:
        return parse_source(text) is not None
    except UsageError:
        return True


def required_source(text: str) -> ImportSource:
    """The source that a text names, or the file or standard input, whatever it holds.

    Raises UsageError for what is neither.
    """
    source = parse_source(text)
    if source is None and (text == WRITTEN or os.path.isfile(text)):
        return ImportSource(FILE, text)
    if source is None:
        from archcost.spec.loader import meant_by

        way = meant_by(text) or f"a source is {FORM}"
        if ":" not in text and text.endswith(FILE_ENDINGS) and not os.path.lexists(text):
            raise UsageError(f"cannot read {text}: there is no such file", way)
        raise UsageError(f"'{text}' is no source of a model", way)
    return source


def runs_users_code(text: str) -> bool:
    """Whether a word of a command line may be a source that runs code of the user's."""
    try:
        source = parse_source(text)
    except UsageError:  # told where the word is read
        return False
    return source is not None and source.runs_users_code


def content_of(path: str, files: Files | None, limit: int) -> bytes:
    """The content of a file that a source names, in the tree that bounds it, if any does; raises FileError."""
    if files is None and path == WRITTEN:
        data = standard_input(limit)
        if len(data) > limit:
            raise TooLargeError(limit)
        return data
    if files is None:
        return read_named(located(path).real, limit)
    return files.read(files.resolve(path), limit)


def _is_dotted(text: str) -> bool:
    return all(part.isidentifier() for part in text.split("."))
