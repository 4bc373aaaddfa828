"""What a shell offers at the cursor: commands, options, their words, files, models of the zoo, and names in a spec.

The scripts of :mod:`archcost.commands.completion` call archcost with the words of the line. Nothing is costed: models
are names of files, params and inputs stand in the text of a spec, and only for paths its blocks are unrolled.
"""

# long: a function for each thing that may stand at the cursor
from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.commands.value_readers import value_words
from archcost.figures import OF_LAYERS, PEAK, PREDICTED, RUN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from archcost.spec.model import Spec

BETWEEN = "  "  # a value and its meaning
_SPECS = (".yaml", ".yml")
_SPECIAL = re.compile(r"([^\w@%+=:,./~-])")  # what bash reads otherwise than it is written


class Candidate(NamedTuple):
    """What may stand at the cursor, and what it means."""

    value: str
    meaning: str = ""


def answer(shell: str, command: Any, words: Sequence[str]) -> str:
    """The candidates for a shell, a line each: for bash as it reads them, for others with their meanings.

    ``words`` are those behind the program's name, the last one unfinished; of bash the line up to the cursor, and what
    it takes for the word there, which begins behind the last ``=`` or ``:``.
    """
    if shell != "bash":
        *before, unfinished = words or [""]
        return "".join([f"{one.value}{BETWEEN}{one.meaning}\n" for one in candidates(command, before, unfinished)])
    line, word = words
    before, unfinished, quoted = split_line(line)
    start = len(unfinished) - len(word) if unfinished.endswith(word) else 0
    values = [one.value[start:] for one in candidates(command, before, unfinished)]
    return "".join([(value if quoted else _SPECIAL.sub(r"\\\1", value)) + "\n" for value in values])


def split_line(line: str) -> tuple[list[str], str, bool]:
    """The words behind the program's name, the unfinished one at the end, and whether that is within quotes."""
    import shlex

    for closing in ("", '"', "'"):
        try:
            _, *words = shlex.split(line + closing) or [""]
        except ValueError:
            continue
        ended = not closing and (line.endswith(" ") or not words)
        return (words, "", False) if ended else (words[:-1], words[-1], bool(closing))
    return [], "", False


def candidates(command: Any, words: Sequence[str], unfinished: str) -> list[Candidate]:
    """What may stand in place of an unfinished word behind others."""
    place = _Place(command)
    for word in words:
        place.take(word)
    name, equals, value = unfinished.partition("=")
    option = place.options().get(name)
    if place.awaited is None and equals and option is not None:
        return [Candidate(f"{name}={one.value}", one.meaning) for one in place.values(option, value)]
    return list(place.offers(unfinished))


class _Place:
    """Where a line has come to."""

    def __init__(self, command: Any) -> None:
        self.command = command  # None behind a word that is no command
        self.awaited: Any = None  # the option whose value is next
        self._arguments: list[str] = []

    def options(self) -> dict[str, Any]:
        """The options of the command, by each of their names."""
        found = [each for each in getattr(self.command, "params", ()) if each.param_type_name == "option"]
        return {name: each for each in found for name in (*each.opts, *each.secondary_opts)}

    def take(self, word: str) -> None:
        """Go past a word."""
        if self.command is None:
            return
        members = getattr(self.command, "commands", {})
        option = self.options().get(word)
        if self.awaited is not None:
            self.awaited = None
        elif option is not None:
            self.awaited = None if option.is_flag else option
        elif members:
            self.command = members.get(word)
        elif not word.startswith("-") or word == "-":
            self._arguments.append(word)

    def offers(self, unfinished: str) -> Iterator[Candidate]:
        """What may stand here."""
        if self.command is None:
            return
        members = getattr(self.command, "commands", {})
        if self.awaited is not None:
            yield from self.values(self.awaited, unfinished)
        elif unfinished.startswith("-"):
            for name, each in {**self.options(), "--help": None}.items():
                if name.startswith(unfinished):
                    yield Candidate(name, getattr(each, "help", None) or "")
        elif members:
            for name, each in members.items():
                if name.startswith(unfinished):
                    yield Candidate(name, _first_sentence(each.help or ""))
        else:
            arguments = [each for each in self.command.params if each.param_type_name == "argument"]
            if arguments:
                yield from self.values(arguments[min(len(self._arguments), len(arguments) - 1)], unfinished)

    def values(self, parameter: Any, unfinished: str) -> Iterator[Candidate]:
        """The values of an option or argument that begin like this."""
        words, metavar = value_words(parameter), parameter.metavar or ""
        if words:
            yield from [Candidate(word) for word in words if word.startswith(unfinished)]
        elif metavar in _NAMES:
            yield from _named_in(self._arguments, unfinished, _NAMES[metavar])
        elif metavar.strip("[]") == "PATH":  # which an argument may leave out
            yield from _paths(self._arguments, unfinished)
        elif parameter.name in _LISTED:
            yield from _one_more(_LISTED[parameter.name](), unfinished)
        elif parameter.name in _OFFERED:
            yield from _OFFERED[parameter.name](unfinished)
        elif metavar == "FILE":
            yield from _files(unfinished)
        elif parameter.param_type_name == "argument" and parameter.name == "op":
            from archcost.ops import REGISTRY

            yield from [Candidate(kind, op.family) for kind, op in REGISTRY.items() if kind.startswith(unfinished)]
        elif parameter.param_type_name == "argument":
            yield from self._named(parameter.name, unfinished)

    def _named(self, argument: str, unfinished: str) -> Iterator[Candidate]:
        """Ops, models and files that an argument may name."""
        if self.command.name == "ops":
            from archcost.ops import REGISTRY

            yield from [Candidate(kind, "op") for kind in REGISTRY if kind.startswith(unfinished)]
        elif self.command.name == "devices":
            yield from _devices(unfinished)
        elif argument == "source":
            yield from _sources(unfinished)
        elif argument in ("spec", "specs") or self.command.name == "zoo":
            from archcost import model_zoo

            yield from [Candidate(name, "zoo") for name in model_zoo.names() if name.startswith(unfinished)]
            if self.command.name != "zoo":
                yield from _sources(unfinished)
                yield from _configured(unfinished)
                yield from _files(unfinished, _SPECS)


def _devices(unfinished: str) -> Iterator[Candidate]:
    """The devices that ship."""
    from archcost.hardware.table import shipped

    yield from [Candidate(name, each.title) for name, each in shipped().items() if name.startswith(unfinished)]


def _sources(unfinished: str) -> Iterator[Candidate]:
    """Libraries, and behind a colon their models, or the files of configurations."""
    from archcost.importers.model_names import model_names
    from archcost.importers.sources import CONFIGURED, LIBRARIES

    library, colon, name = unfinished.partition(":")
    if not colon:
        yield from [Candidate(f"{each}:", "PyTorch models") for each in LIBRARIES if each.startswith(library)]
    elif library == CONFIGURED:
        yield from [one._replace(value=f"{library}:{one.value}") for one in _files(name, (".json",))]
    else:
        found = [each for each in model_names(library) if each.startswith(name)]
        yield from [Candidate(f"{library}:{each}", library) for each in found]


def _configured(unfinished: str) -> Iterator[Candidate]:
    """The models of the configuration, where one is meant."""
    if not unfinished.startswith("@"):
        return
    from archcost.budget.config import load_config
    from archcost.errors import ArchcostError

    try:
        models = load_config(None).models
    except ArchcostError:
        return
    yield from [Candidate(name, each.source.text) for name, each in models.items() if name.startswith(unfinished)]


def _first_sentence(text: str) -> str:
    return " ".join(text.split()).partition(". ")[0]


def _files(unfinished: str, endings: tuple[str, ...] = ("",)) -> Iterator[Candidate]:
    """Files with one of the endings, and folders, hidden ones only where they are asked for."""
    folder, name = os.path.split(unfinished)
    try:
        with os.scandir(os.path.expanduser(folder) or ".") as entries:
            found = sorted((entry.name, entry.is_dir()) for entry in entries)
    except OSError:
        return
    for each, is_folder in found:
        if each.startswith(name) and (name or not each.startswith(".")) and (is_folder or each.endswith(endings)):
            yield Candidate(os.path.join(folder, each) + "/" * is_folder, "folder" if is_folder else "file")


def _named_in(specs: Sequence[str], unfinished: str, names: Callable[[Spec], Iterable[str]]) -> Iterator[Candidate]:
    """What the specs that the line names so far give names to, each as far as its value."""
    for name, spec in _read(specs):
        yield from [Candidate(f"{one}=", f"of {name}") for one in names(spec) if one.startswith(unfinished)]


def _paths(specs: Sequence[str], unfinished: str) -> Iterator[Candidate]:
    """The layers, blocks and branches of the first spec of the line, one level at a time."""
    from archcost.errors import ArchcostError
    from archcost.graph.unroll import unroll
    from archcost.paths import DOT, scopes

    for _, spec in _read(specs[:1]):
        try:
            nodes = unroll(spec).nodes
        except ArchcostError:
            return
        paths = dict.fromkeys(path for node in nodes for path in scopes(node.path))
        yield from [
            Candidate(path) for path in paths if path.startswith(unfinished) and DOT not in path[len(unfinished) :]
        ]


def _read(specs: Sequence[str]) -> Iterator[tuple[str, Spec]]:
    """The specs of these names that can be read."""
    from archcost.errors import ArchcostError
    from archcost.spec.loader import load

    for name in specs:
        try:
            yield name, load(name)
        except (ArchcostError, OSError):
            continue


def _varying_names(spec: Spec) -> Iterator[str]:
    """What may vary: params, and behind each that is a list all of its elements."""
    for name, param in spec.params.items():
        yield name
        if param.default is not None and isinstance(param.default.value, list):
            yield f"{name}[*]"


def _spaces(unfinished: str) -> Iterator[Candidate]:
    """The spaces that ship, and files."""
    from archcost.sweeping.space_file import shipped_spaces

    yield from [Candidate(name, "space") for name in shipped_spaces() if name.startswith(unfinished)]
    yield from _files(unfinished, _SPECS)


def _one_more(names: Iterable[str], unfinished: str) -> Iterator[Candidate]:
    """A list with commas, with one more of the names that it does not hold yet."""
    before, comma, last = unfinished.rpartition(",")
    held = before.split(",")
    yield from [Candidate(f"{before}{comma}{one}") for one in names if one.startswith(last) and one not in held]


def _column_names() -> Iterable[str]:
    from archcost.render.optional_columns import LABELS

    return LABELS


def _tool_names() -> Iterable[str]:
    from archcost.conventions import ALL_TOOLS, EARLIER

    return (*ALL_TOOLS, *EARLIER)


def _rewrite_names() -> Iterable[str]:
    from archcost.suggesting.making import all_rewrites

    return all_rewrites()


def _goals(unfinished: str) -> Iterator[Candidate]:
    """Figures to make less; behind an @ the devices that a time is predicted on."""
    from archcost.suggesting.goals import GOALS, LATENCY_AT

    if unfinished.startswith(LATENCY_AT):
        found = _devices(unfinished.removeprefix(LATENCY_AT))
        yield from [one._replace(value=LATENCY_AT + one.value) for one in found]
        return
    words = [word for word in GOALS if not LATENCY_AT.startswith(word)]
    yield from [Candidate(word) for word in (*words, LATENCY_AT) if word.startswith(unfinished)]


_LISTED: dict[str, Callable[[], Iterable[str]]] = {
    "columns": _column_names,
    "only": _rewrite_names,
    "tools": _tool_names,
    "metrics": lambda: (*OF_LAYERS, PEAK, RUN, PREDICTED),
}  # by parameter
_NAMES: dict[str, Callable[[Spec], Iterable[str]]] = {  # in a spec, by how an option is written
    "NAME=VALUE": lambda spec: spec.params,
    "NAME=VALUES": _varying_names,
    "[NAME=]SHAPE": lambda spec: spec.inputs,
}
_OFFERED = {"against": _sources, "device": _devices, "goal": _goals, "space": _spaces}
