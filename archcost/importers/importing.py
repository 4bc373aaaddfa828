"""What is asked of an import, and the import itself: a source or a live module → the text of a spec, proven.

What is slow is told to whoever watches. Libraries are loaded only where something is read.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from torch import nn

    from archcost.files import Files
    from archcost.importers.form import Form
    from archcost.importers.imported import Imported
    from archcost.importers.sources import ImportSource
    from archcost.settings import InputShape

    Tell = Callable[[str], None]  # of words for what is being done
    Watch = Callable[[str], AbstractContextManager[Tell]]  # of the source


class Ask(NamedTuple):
    """What to import, and how.

    ``inputs`` replace what the model usually takes, by name. ``flat``: no blocks. ``training``: as the model runs in
    training. ``until``: the path of the module with which the run ends. ``files`` bound what the source names, unless
    a person named it.
    """

    source: ImportSource
    inputs: Mapping[str, InputShape] = {}
    flat: bool = False
    training: bool = False
    until: str = ""
    files: Files | None = None


class Watched:
    """Who is told of slow work, for the process: the command line sets it, a library stays silent."""

    watch: Watch | None = None


def import_source(ask: Ask) -> Imported:
    """The spec of a source, from the cache where it is known.

    Raises UsageError for what cannot be imported, MissingExtraError without a library.
    """
    from archcost.importers.cache import cached

    return cached(ask, lambda: import_anew(ask))


def import_anew(ask: Ask) -> Imported:
    """The spec of a source as it is now, whatever is kept; raises as import_source."""
    from archcost.importers.sources import FILE

    if ask.source.library == FILE:
        from archcost.importers.file_readers import import_file

        return import_file(ask)
    from archcost.extras import require

    require("torch", extra="import", also=ask.source.library)
    with _watched(ask.source.text) as tell:
        tell("loading libraries")
        from archcost.importers.torch import reader

        return _written(reader.read_source(ask, tell), ask, tell)


def import_live(module: nn.Module, inputs: Mapping[str, InputShape], **how: Any) -> Imported:
    """The spec of a module that is there; it stays as it is. ``how`` is as in Ask. Raises UsageError."""
    from archcost.importers.sources import PYTHON, ImportSource
    from archcost.importers.torch import reader

    name = type(module).__name__
    ask = Ask(ImportSource(PYTHON, name), inputs, **how)
    with _watched(name) as tell:
        return _written(reader.read_module(module, ask, tell), ask, tell)


def _written(model: Form, ask: Ask, tell: Tell) -> Imported:
    from archcost.importers.imported import import_text

    tell("writing and proving the spec")
    return import_text(model, flat=ask.flat)


def _watched(text: str) -> AbstractContextManager[Tell]:
    return nullcontext(_unheard) if Watched.watch is None else Watched.watch(text)


def _unheard(words: str) -> None:
    """Nobody watches."""
