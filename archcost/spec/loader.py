"""Files to specs: a path that a person names, the zoo, standard input, and the files of other trees."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from archcost import model_zoo
from archcost.errors import Diagnostic, Mark, Source, UnreadError, close_names
from archcost.files import DISK, FileError, MissingFileError, located, read_named
from archcost.meter import WorkError
from archcost.ops import REGISTRY
from archcost.spec.checks import link
from archcost.spec.document import MAX_BYTES, parse_document
from archcost.spec.included import IncludeTree, NamedFiles, decode, spec_text
from archcost.spec.model import Spec
from archcost.spec.spec_reader import SpecReader
from archcost.standard_input import NAME, WRITTEN, standard_input
from archcost.written_paths import stem

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.files import Files

    Translate = Callable[[str, str], str]  # of a text and its path: the text of the spec that it stands for

_FEW = 3  # models that a message names
_CONFIGURATION = "config.json"  # what libraries call the file of a model in its folder


def itself(text: str, path: str) -> str:
    """A text that is a spec already."""
    del path
    return text


def load(spec: str | os.PathLike[str]) -> Spec:
    """Parse a spec file, a zoo model by its name, or standard input (``-``).

    Raises SpecError with every problem found, each with its file, line and column.
    """
    return _checked(read(spec))


def loads(text: str, *, name: str = "<string>", folder: str = ".") -> Spec:
    """Parse the text of a spec; ``include`` is read relative to ``folder``. Raises as :func:`load`."""
    return _checked(reads(text, name=name, folder=folder))


def read(spec: str | os.PathLike[str], translate: Translate = itself) -> Spec:
    """As :func:`load`, but problems that leave something to analyse stay in the spec, for the graph to add its own.

    ``translate`` makes specs of other texts that may stand there.
    """
    name = os.fspath(spec)
    if name == WRITTEN:
        text = decode(standard_input(MAX_BYTES), NAME)
        return _filled(_spec_of(text, NAME, translate), IncludeTree(DISK, ".", NAME))
    path = name if os.path.lexists(name) else model_zoo.find(name) or name
    made = _spec_of(_named_text(path), path, translate)
    return _filled(made, IncludeTree(DISK, os.path.dirname(path), path))


def load_from(files: Files, path: str, prefix: str = "", translate: Translate = itself) -> Spec:
    """As :func:`load`, for a path that a configuration names, or that is looked up at a revision.

    ``files`` is the tree that it is looked up in, and all that it includes; ``prefix`` stands before paths in messages.
    Raises FileError where the path leads to nothing that may be read as a spec.
    """
    return _checked(read_from(files, path, prefix, translate))


def read_from(files: Files, path: str, prefix: str = "", translate: Translate = itself) -> Spec:
    """As :func:`load_from`, with problems kept as in :func:`read`."""
    spec = _spec_of(spec_text(files, files.resolve(path), prefix + path), prefix + path, translate)
    return _filled(spec, IncludeTree(files, os.path.dirname(path), path, prefix))


def reads(text: str, *, name: str = "<string>", folder: str = ".", is_made: bool = False) -> Spec:
    """As :func:`loads`, with problems kept as in :func:`read`; ``is_made``: of a file that holds another text."""
    return _filled(Spec(Source(name, text, is_made=is_made), name), IncludeTree(DISK, folder, name))


def _spec_of(text: str, name: str, translate: Translate) -> Spec:
    """The spec of a text, or of what it is translated into, that is still to be filled."""
    made = translate(text, name)
    return Spec(Source(name, made, name=model_zoo.name_at(name), is_made=made != text), name)


def _filled(spec: Spec, tree: IncludeTree) -> Spec:
    """Read the text of a spec, what it extends and includes, and check it."""
    try:
        _fill(spec, tree)
    except WorkError as error:
        spec.problems.extend(error.diagnostics)
        raise spec.problems.error() from None
    if not spec.name:
        spec.name = stem(spec.path)
    return spec


def _fill(spec: Spec, tree: IncludeTree) -> None:
    root, problems = parse_document(spec.text_source, spec.meter)
    spec.problems.extend(problems)
    reader = SpecReader(spec)
    named = NamedFiles(spec, reader, tree)
    variants, root, place = named.bases(root)
    includes = reader.main(root, base=bool(variants))
    for number in reversed(range(len(variants))):
        reader.variant(variants[number], base=number > 0)
    named.read(includes, place)
    link(spec)


def _checked(spec: Spec) -> Spec:
    if spec.problems:
        raise spec.problems.error()
    return spec


def _named_text(path: str) -> str:
    """The text of a file that a person named; raises UnreadError at its first line for what cannot be read."""
    try:
        real, is_linked = located(path)
        return spec_text(DISK, real, path) if is_linked else decode(read_named(real, MAX_BYTES), path)
    except FileError as error:
        hint = _missing_help(path) if isinstance(error, MissingFileError) else meant_by(path) or error.help
        message = f"cannot read {path}: {error.reason}"
        raise UnreadError([Diagnostic(message, Mark(Source(path, ""), 0, 0), hint)]) from None


def meant_by(name: str) -> str:
    """How to name the model in a folder, or a network of Python that is written with dots alone; empty for neither."""
    inner = os.path.join(name, _CONFIGURATION)
    if os.path.isfile(inner):
        return f"name the file in it: {inner}"
    parts = name.split(".")
    if not all(map(str.isidentifier, parts)):
        return ""
    for count in range(len(parts), 0, -1):
        path = os.path.join(*parts[:count])
        if os.path.isfile(f"{path}.py") or os.path.isfile(os.path.join(path, "__init__.py")):
            callable_ = ".".join(parts[count:]) or "NAME"
            return f"a network of Python is named `{'.'.join(parts[:count])}:{callable_}`"
    return ""


def _setting_help(name: str) -> str:
    """The help for ``width=32`` beside a spec."""
    param, _, value = name.partition("=")
    return f"a param of a spec is set by `--set {name}`" if value and param.isidentifier() else ""


def _missing_help(name: str) -> str:
    if found := meant_by(name) or _setting_help(name):
        return found
    if name in REGISTRY:
        return f"{name} is an op: `archcost ops {name}` shows it"
    for ending in (".yaml", ".archcost.yaml"):
        if os.path.isfile(name + ending):
            return f"did you mean '{name}{ending}'?"
    known = model_zoo.names() if os.sep not in name else []
    if name.lower() not in known and sum(name.lower() in model for model in known) > _FEW:
        return f"`archcost zoo {name.lower()}` lists the models that have this in their name"
    close = close_names(name, known)
    if close:
        return "did you mean the zoo model " + " or ".join(f"'{candidate}'" for candidate in close) + "?"
    return "give a path, or the name of a model that `archcost zoo` lists"
