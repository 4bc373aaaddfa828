"""A spec as a text to change: in one piece, in any folder, with the same layers as the spec that it is made of."""

from __future__ import annotations

import os
import re
from functools import cached_property
from typing import TYPE_CHECKING

from archcost import model_zoo
from archcost.analysis.report import Report
from archcost.collector import collector_paused
from archcost.errors import SpecError
from archcost.files import is_below
from archcost.graph.inputs import params_in_inputs
from archcost.graph.unroll import unroll
from archcost.importers.yaml_values import text as text_of
from archcost.importers.yaml_values import value_text
from archcost.model_zoo import ZOO
from archcost.printable import one_line
from archcost.spec.expressions import Divided, Names
from archcost.spec.included import ENDINGS
from archcost.spec.loader import reads
from archcost.suggesting.block_text import block_column, block_copy, flow_text, inserted_blocks
from archcost.suggesting.top_text import TopText
from archcost.suggesting.uses import Uses
from archcost.suggesting.yaml_text import MAPPING, UnwritableError, YamlText, spliced

if TYPE_CHECKING:
    from archcost.errors import Source
    from archcost.graph.model import Graph
    from archcost.settings import Settings
    from archcost.spec.model import Spec

CHANGED = "<changed>"  # what the text is called while it has no file
MAX_LAYERS, MAX_LENGTH = 100_000, 4 * 2**20  # layers of a graph, and characters of a text, that are looked at
_LONE_RETURN = r"\r(?!\n)"  # ends a line in YAML, and nowhere else
_LABELS = ("family", "dtype")


class BaseText:
    """A spec as a text that can be changed, and its graph, whose nodes are those of the spec.

    ``document`` is its text, with places. ``sources`` are the texts of all files that its steps stand in.
    """

    def __init__(self, spec: Spec, graph: Graph, folder: str) -> None:
        self.spec = spec
        self.graph = graph
        self.folder = folder
        self.uses = Uses(graph)
        self._documents: dict[str, YamlText] = {}
        self._params = {scope.path: scope.params for scope in graph.scopes if scope.params is not None}

    @property
    def settings(self) -> Settings:
        """The settings of the graph: its params are those of the text."""
        return self.graph.settings

    @property
    def document(self) -> YamlText:
        """The text."""
        return self.document_of(self.spec.text_source)

    @cached_property
    def report(self) -> Report:
        """The report of the text as it is."""
        return Report(self.graph)

    def names(self, instance: str) -> Names:
        """The names that expressions see in an instance of a block, or in the model."""
        graph = self.graph
        found = self._params.get(instance)
        if isinstance(found, Names):
            return found
        return Names({**graph.params, "batch": graph.batch, "training": graph.training})

    def document_of(self, source: Source) -> YamlText:
        """The text of one of the files."""
        known = self._documents.get(source.file)
        if known is None:
            known = self._documents[source.file] = YamlText(source.text)
        return known


def grounded(graph: Graph, *, folder: str = ".", name: str = "") -> BaseText:
    """The text of a spec to change, for a file in a folder, under a name; raises UnwritableError.

    It is called ``name``, or as the spec is. What it extends becomes a part of it. Files that it includes stay where
    they are found from the folder, those of the zoo by ``zoo:``; of others it gets the blocks. The params that were set
    are its defaults. Figures that it expects are left out: a changed spec has others.
    """
    spec, settings = graph.spec, graph.settings
    if len(graph.nodes) > MAX_LAYERS or len(spec.text) > MAX_LENGTH:
        raise UnwritableError(f"only models of up to {MAX_LAYERS:,} layers are looked at, in texts of up to 4 MiB")
    text = in_one_piece(spec, settings, folder, name)
    try:
        made = reads(text, name=CHANGED, folder=folder, is_made=True)
        if made.problems:
            raise made.problems.error()
        with collector_paused():
            again = unroll(made, settings._replace(params={}))
    except SpecError as error:
        raise UnwritableError(f"the spec cannot be written in one piece: {error.diagnostics[0].message}") from None
    before = [(node.path, node.signature.output_shapes) for node in graph.nodes]
    if before != [(node.path, node.signature.output_shapes) for node in again.nodes]:
        raise UnwritableError("the spec in one piece has other layers")
    return BaseText(made, again, folder)


def in_one_piece(spec: Spec, settings: Settings, folder: str, name: str) -> str:
    """The text for :func:`grounded`, of a spec without problems."""
    base = spec.bases[-1] if spec.bases else spec.text_source
    document = YamlText(re.sub(_LONE_RETURN, "\n", base.text))
    top = TopText(document)
    top.drop("expect")
    top.drop("source")
    for variant in reversed([spec.text_source, *spec.bases[:-1]] if spec.bases else []):
        _extend(top, YamlText(variant.text))
    if spec.bases:
        top.drop("budgets")
        top.append(YamlText(spec.text_source.text), "budgets")
    sizes = {name: size for name, size in params_in_inputs(spec, settings).items() if not isinstance(size, Divided)}
    for param, value in {**sizes, **settings.params}.items():
        top.set_param(param, value_text(tuple(value) if isinstance(value, list) else value, flow=True))
    top.set("name", text_of(name or spec.name, flow=False))
    copied = _include(top, spec, base, folder)
    written = _origin(spec, document.newline) + top.text()
    if not copied:
        return written
    document = YamlText(written)
    column = block_column(document)
    texts = [block_copy(YamlText(source.text), block, column) for block, source in copied.items()]
    return spliced(written, inserted_blocks(document, texts))


def _origin(spec: Spec, newline: str) -> str:
    """A comment that says of which model this was made, in place of its ``source``; nothing where it has none."""
    return f"# made of {one_line(f'{spec.name}: {spec.source}')}{newline}" if spec.source else ""


def _extend(top: TopText, variant: YamlText) -> None:
    """Other defaults and labels, as a spec that extends another one gives them."""
    for key in _LABELS:
        value = variant.root.get(key)
        if value is not None:
            top.set(key, flow_text(variant, value))
    params = variant.root.get("params")
    for name, default in params.pairs if params is not None and params.kind == MAPPING else ():
        top.set_param(name.text, flow_text(variant, default))


def _include(top: TopText, spec: Spec, base: Source, folder: str) -> dict[str, Source]:
    """Name the files that are included as they are found from a folder; returns the blocks to copy, where they are not.

    A file of one's own is found from the folder of the spec alone.
    """
    named = [node.text for node in top.items("include")]
    own_folder = os.path.dirname(spec.path) or "."
    stays = os.path.isfile(spec.path) and os.path.realpath(own_folder) == os.path.realpath(folder)
    found = {text: _zoo_name(_around(base, text)) for text in named}
    if stays or all(found.values()):
        for text in named:
            relative = os.path.relpath(_around(base, text), own_folder).replace(os.sep, "/")
            top.replace_item("include", text, found[text] or relative)
        return {}
    zoo = {source.file: _zoo_name(source.file) for source in spec.included if source not in spec.bases}
    top.drop("include")
    if any(zoo.values()):
        top.set("include", "[" + ", ".join([text_of(one, flow=True) for one in zoo.values() if one]) + "]")
    own = {file for file, shipped in zoo.items() if not shipped}
    return {block.name: block.mark.source for block in spec.blocks.values() if block.mark.source.file in own}


def _around(base: Source, named: str) -> str:
    """A file that another one names: a path, or a name in the zoo."""
    if named.startswith(ZOO):
        return named
    if base.file.startswith(ZOO):
        inside = os.path.dirname(base.file.removeprefix(ZOO))
        return ZOO + os.path.normpath(os.path.join(inside, named)).replace(os.sep, "/")
    return os.path.normpath(os.path.join(os.path.dirname(base.file), named))


def _zoo_name(file: str) -> str:
    """What a file of the zoo is called anywhere; empty for others."""
    if file.startswith(ZOO):
        return os.path.splitext(file)[0] if file.endswith(ENDINGS) else file
    top, real = os.path.realpath(model_zoo.folder()), os.path.realpath(file)
    if not is_below(real, top):
        return ""
    return ZOO + os.path.splitext(os.path.relpath(real, top))[0].replace(os.sep, "/")
