"""Whatever a spec holds, it is analysed or refused with an error of ours; nothing else escapes.

`ARCHCOST_FUZZ_EXAMPLES` sets how many examples each test draws.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import FRAGMENTS, SPECS, mutations, sound_specs

import archcost
from archcost import model_zoo as zoo
from archcost.analysis.report import analyze
from archcost.errors import format_diagnostic
from archcost.spec.loader import reads
from tests.profiles import examples

if TYPE_CHECKING:
    from archcost.graph.model import Graph

moderate = settings(
    max_examples=int(os.environ.get("ARCHCOST_FUZZ_EXAMPLES", examples(300, usual=60))),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


def judge(text: str, folder: str = ".") -> None:
    """Analyse a text; errors must be ours, and graphs must hold together."""
    try:
        report = analyze(reads(text, name="fuzz.yaml", folder=folder))
    except archcost.SpecError as error:
        check_error(error)
    except archcost.UsageError as error:
        check_message(error.message)
    else:
        json.dumps(report.to_dict())
        check_graph(report.graph)


def check_error(error: archcost.SpecError) -> None:
    """Every problem is told once, in words, at a place in the text."""
    assert error.diagnostics
    places = [(diagnostic.message, diagnostic.mark) for diagnostic in error.diagnostics]
    assert len(set(places)) == len(places)
    for diagnostic in error.diagnostics:
        check_message(diagnostic.message)
        assert format_diagnostic(diagnostic).startswith("error: ")
        json.dumps(diagnostic.to_dict())
        mark = diagnostic.mark
        if mark is not None and mark.source.name == "fuzz.yaml":
            lines = (mark.source.text + "x").splitlines()
            assert 0 <= mark.line <= len(lines)
            assert 0 <= mark.column <= (len(lines[mark.line]) if mark.line < len(lines) else 0)
    if error.partial is not None:
        json.dumps(error.partial.to_dict())


def check_message(message: str) -> None:
    assert 0 < len(message) < 2000, message[:300]


def check_graph(graph: Graph) -> None:
    """Paths are unique, and every node reads values made before it, of the types that it was typed with."""
    types = {-1 - index: tensor for index, tensor in enumerate(graph.inputs.values())}
    for index, node in enumerate(graph.nodes):
        assert tuple(types[value] for value in node.inputs) == node.signature.inputs
        assert node.weights_of < index
        types.update(enumerate(node.outputs, node.first_value))
    assert set(graph.outputs) <= types.keys()
    assert {value for scope in graph.scopes for value in scope.outputs} <= types.keys()
    paths = [node.path for node in graph.nodes]
    assert len({*paths, *(scope.path for scope in graph.scopes)}) == len(paths) + len(graph.scopes)


@moderate
@given(st.text(max_size=200))
def test_random_text_is_refused_or_analysed(text: str) -> None:
    judge(text)


@moderate
@given(st.lists(FRAGMENTS, max_size=40))
def test_random_fragments_of_the_language_are_refused_or_analysed(fragments: list[str]) -> None:
    judge("".join(fragments))
    judge("archcost: 1\ninput: [3, 8, 8]\nlayers:\n  - " + "".join(fragments))


@moderate
@given(st.binary(max_size=200))
def test_random_bytes_are_refused_or_analysed(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fuzz.yaml"
        path.write_bytes(data)
        try:
            archcost.analyze(path)
        except archcost.SpecError as error:
            check_error(error)
        except archcost.UsageError as error:  # of a file that only points to another
            if "git has only a pointer to it" not in str(error):
                raise


@moderate
@given(SPECS, st.sampled_from([None, True, False]))
def test_random_specs_are_refused_or_analysed(spec: dict[str, Any], flow: bool | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        judge(yaml.safe_dump(spec, default_flow_style=flow, sort_keys=False, allow_unicode=True), folder)


@moderate
@given(sound_specs())
def test_specs_that_hold_together_are_refused_or_analysed(spec: dict[str, Any]) -> None:
    judge(json.dumps(spec))


@moderate
@given(mutations())
def test_mutated_zoo_specs_are_refused_or_analysed(text: str) -> None:
    judge(text, zoo.folder())
