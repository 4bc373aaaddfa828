"""The formats of files that stand for specs, each with its reader: a folder here, and a row in the table."""

from __future__ import annotations

from typing import NamedTuple

from archcost.spec.included import HUGGINGFACE, ULTRALYTICS


class FileFormat(NamedTuple):
    """A format: what it is in words, what reads it, and what reads more of it, where ``{path}`` is the file's."""

    words: str
    module: str
    way_out: str

    def spec_text(self, text: str, path: str) -> str:
        """The text of the spec that the text of a file stands for, without ``expect``; raises SpecError."""
        from importlib import import_module

        made: str = import_module(self.module).spec_text(text, path)
        return made


FORMATS = {
    HUGGINGFACE: FileFormat(
        "a configuration of Hugging Face",
        "archcost.importers.huggingface.configuration",
        "`transformers:{path}` has the library build the model, and takes these options",
    ),
    ULTRALYTICS: FileFormat(
        "a model YAML of Ultralytics",
        "archcost.importers.ultralytics.architecture",
        "the params of the spec say sizes: `--set scale=s`, `--set resolution=320`, or `--input` of any other command",
    ),
}
