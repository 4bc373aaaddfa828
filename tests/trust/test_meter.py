"""The work that a spec asks for is counted, so that hostile specs end with an error and long ones are not refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from archcost.analysis.memory.training import Setting, training_memory
from archcost.collector import collector_paused
from archcost.errors import MAX_MESSAGE, Mark, Source, SpecError, UsageError
from archcost.graph import unroll
from archcost.graph.blocks import copy_body
from archcost.meter import BUDGET, PER_LAYER, Meter, WorkError
from archcost.settings import Settings
from archcost.spec.document import Mapping, Sequence, parse_document
from archcost.spec.expressions import Expression, Names
from archcost.spec.loader import load, loads, reads
from scripts import forked
from tests.cover import zoo_models

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from archcost.graph.blocks import Unrolled
    from archcost.graph.model import Graph
    from archcost.graph.scope import Values
    from archcost.spec.document import Value

HEAD = "archcost: 1\nname: hostile\ninput: [8, 8]\n"
MARK = Mark(Source("spec.yaml", ""), 0, 0)
LONG = "$(8+" + "+".join(["i"] * 400) + ")"  # 801 nodes that are evaluated


def ids(count: int, name: str = "a") -> str:
    return ",".join([name] * count)


class Hostile(NamedTuple):
    text: str
    message: str = "the spec asks for more than "


HOSTILE = {
    "one_expression_of_many_nodes_in_every_round": Hostile(
        HEAD + f'layers: [{{linear: {{out_features: "{LONG}"}}, repeat: 30000}}]\n'
    ),
    "a_condition_of_many_nodes_in_every_round": Hostile(
        HEAD + f'layers: [{{b: {{n: "{LONG}"}}, repeat: 30000}}]\nblocks: {{b: {{params: {{n: 1}}, layers: [relu]}}}}\n'
    ),
    "many_different_expressions": Hostile(
        HEAD + "layers: [relu]\nparams:\n" + "".join(f"  p{k}: $({k}+{'+'.join(['1'] * 390)})\n" for k in range(4000))
    ),
    "one_expression_by_alias": Hostile(
        HEAD
        + "layers: [relu]\nparams:\n  p0: &a ["
        + ",".join(['"$(' + "+".join(["1"] * 400) + ')"'] * 1000)
        + "]\n"
        + "".join(f"  p{k}: *a\n" for k in range(1, 4))
    ),
    "many_references_in_every_round": Hostile(
        HEAD + f"layers: [{{id: a, relu: }}, {{add: , repeat: 10000, from: [{ids(10000)}]}}]\n"
    ),
    "many_references_of_an_expression": Hostile(
        HEAD + "layers: [{id: a, relu: }, {add: , repeat: 10000, from: \"$(['a'] * 9000)\"}]\n"
    ),
    "many_references_in_a_block_that_is_copied": Hostile(
        HEAD + f"blocks: {{b: {{layers: [{{id: a, relu: }}, {{add: , from: [{ids(10000)}]}}]}}}}\n"
        "layers: [{b: , repeat: 30000}]\n"
    ),
    "many_outputs_of_a_block": Hostile(
        HEAD + f"blocks: {{b: {{layers: [{{id: a, relu: }}], outputs: [{ids(10000)}]}}}}\n"
        "layers:\n" + "- {b: , from: input}\n" * 2000
    ),
    "many_branches_in_every_round": Hostile(
        HEAD + "layers:\n- add: \n  repeat: 1000\n  branches:\n" + "".join(f"    b{k}: []\n" for k in range(20000))
    ),
    "many_outputs_of_many_layers": Hostile(
        "archcost: 1\nname: chunks\ninput: [10000]\n"
        "layers:\n" + "- {chunk: {chunks: 10000, dim: 1}, from: input}\n" * 2000
    ),
    "many_outputs_in_a_block_that_is_copied": Hostile(
        "archcost: 1\nname: chunks\ninput: [10000]\n"
        "blocks: {b: {layers: [{chunk: {chunks: 10000, dim: 1}}, {relu: , from: input}]}}\n"
        "layers: [{b: , repeat: 30000}]\n"
    ),
    "a_path_of_many_characters": Hostile(HEAD + f"layers: [{{id: {'a' * 1_000_000}, relu: , repeat: 3000}}]\n"),
    "recurrent_layers_of_many_shapes": Hostile(
        HEAD + "layers: [{lstm: {hidden_size: $(8 + i), num_layers: 1000}, repeat: 3000}]\n"
    ),
    "experts_of_many_shapes": Hostile(
        HEAD
        + "layers: [{mixture_of_experts: {num_experts: 10000, top_k: 1, hidden_features: $(8 + i)}, repeat: 3000}]\n"
    ),
    "recurrent_layers": Hostile(HEAD + "layers: [{lstm: {hidden_size: 8, num_layers: 10000}}]\n", "more than 1000"),
    "experts": Hostile(
        HEAD + "layers: [{mixture_of_experts: {num_experts: 1000000000, top_k: 1, hidden_features: 8}}]\n",
        "num_experts is 1000000000, more than 10000",
    ),
    "params_of_a_block": Hostile(
        HEAD
        + "layers: [relu]\nblocks: {b: {layers: [relu], params: {"
        + ",".join(f"p{k}: $(q{k})" for k in range(50_000))
        + "}}}\n",
        "there are more than 100 errors",
    ),
    "values": Hostile("x: [" + "[]," * 1_100_000 + "]\n", "more than 1,000,000 values"),
}


@pytest.fixture
def meters(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Meter]]:
    """The meters of the analyses of a test."""
    made: list[Meter] = []

    def meter() -> Meter:
        made.append(Meter())
        return made[-1]

    monkeypatch.setattr(unroll, "Meter", meter)
    return made  # type: ignore[return-value]


# What takes half a second and more; what each of them shows is shown with a tenth of the budget, or by shorter files.
SLOW = [
    "one_expression_of_many_nodes_in_every_round",
    "a_condition_of_many_nodes_in_every_round",
    "many_different_expressions",
    "one_expression_by_alias",
    "many_branches_in_every_round",
    "params_of_a_block",
    "values",
]
QUICK = [name for name in HOSTILE if name not in SLOW]
# To read these takes a tenth of the budget, and what they are about comes after it.
LONG_TO_READ = ("one_expression_by_alias", "many_references_in_a_block_that_is_copied")


@pytest.mark.parametrize("names", [QUICK, pytest.param(SLOW, marks=pytest.mark.long)], ids=["quick", "slow"])
def test_hostile_specs_end_with_an_error(names: list[str], tmp_path: Path) -> None:
    for name in names:
        (tmp_path / f"{name}.yaml").write_text(HOSTILE[name].text)
    orders = [(["validate", f"{name}.yaml"], tmp_path) for name in names]
    limits = forked.Limits(seconds=20, memory=2 << 30)
    done = dict(zip(names, forked.run_all(["archcost.commands.analyze"], orders, limits), strict=True))
    assert {name: found.returncode for name, found in done.items()} == dict.fromkeys(names, 2)
    assert [name for name, found in done.items() if HOSTILE[name].message not in found.stderr] == []
    assert [name for name, found in done.items() if "Traceback" in found.stderr] == []
    assert [name for name, found in done.items() if len(found.stderr) >= 102 * (MAX_MESSAGE + 1000)] == []


@pytest.mark.parametrize("name", [name for name, case in HOSTILE.items() if case.message.endswith("more than ")])
def test_the_count_stops_at_the_budget(name: str, meters: list[Meter], monkeypatch: pytest.MonkeyPatch) -> None:
    budget = BUDGET // (4 if name in LONG_TO_READ else 10)
    monkeypatch.setattr(Meter.__init__, "__defaults__", (budget,))
    with pytest.raises(SpecError) as caught, collector_paused():
        unroll.unroll(reads(HOSTILE[name].text))
    work = [found for found in caught.value.diagnostics if f"more than {budget:,} steps of work" in found.message]
    assert len(work) == 1
    assert work[0].mark is not None
    assert "block with `repeat`" in work[0].help
    for meter in meters:
        assert meter.spent < meter.allowed + 5_000_000  # no more than one thing beyond: 10,000 experts of 500 each
        assert meter.allowed <= budget + 30_000 * PER_LAYER


def test_a_node_of_an_expression_counts_and_so_do_the_items_of_its_value() -> None:
    names = Names({"a": 1}, meter=Meter())
    Expression("$(a + 2)", MARK).evaluate(names)
    assert names.meter.spent == 3 * (5 + 1)  # a, 2 and the sum: a node and one number each
    Expression("$(range(10))", MARK).evaluate(names)
    assert names.meter.spent == 3 * 6 + (5 + 1) + (5 + 11)  # 10, and the list of 10 with itself


def test_a_character_counts_once_for_equal_texts() -> None:
    text = HEAD + 'layers: [{linear: {out_features: "$(4 + 4)"}}, {linear: {out_features: "$(4 + 4)"}}]\n'
    other = text.replace("$(4 + 4)", "$(4 + 3)", 1)
    assert reads(other).meter.spent - reads(text).meter.spent == 8 * len("$(4 + 4)")


def test_a_layer_adds_to_what_is_allowed(meters: list[Meter]) -> None:
    unroll.unroll(loads(HEAD + "layers: [{relu: , repeat: 500}]\n"))
    assert meters[0].allowed == BUDGET + 500 * PER_LAYER
    assert meters[0].spent == 15 + sum(5 + 8 + len(f"relu.{k}") // 8 for k in range(500))  # the step, and each layer


def test_every_analysis_has_a_meter_of_its_own(meters: list[Meter]) -> None:
    spec = loads(HEAD + "params: {n: 8}\nlayers: [{linear: {out_features: $(n * 2)}, repeat: 10}]\n")
    read = spec.meter.spent
    for n in range(1, 30):
        unroll.unroll(spec, Settings({"n": n}))
    assert {meter.spent for meter in meters} == {meters[0].spent}
    assert spec.meter.spent == read


def test_the_problems_found_before_are_kept(meters: list[Meter], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Meter.__init__, "__defaults__", (BUDGET // 10,))
    text = HEAD + f'layers: [{{relu: , from: b}}, {{from: input, linear: {{out_features: "{LONG}"}}, repeat: 30000}}]\n'
    with pytest.raises(SpecError) as caught:
        unroll.unroll(reads(text))
    assert [found.message for found in caught.value.diagnostics] == [
        "unknown id 'b'",
        f"the spec asks for more than {meters[0].budget:,} steps of work and 100 for each step or layer",
    ]


def test_models_of_the_zoo_are_far_below(meters: list[Meter], pytestconfig: pytest.Config) -> None:
    found = {}
    for name in zoo_models(pytestconfig):
        spec = load(name)
        unroll.unroll(spec)
        found[name] = max(spec.meter.spent, meters[-1].spent)
    assert {name: spent for name, spent in found.items() if spent >= BUDGET // 50} == {}


def test_long_specs_are_far_below(meters: list[Meter], pytestconfig: pytest.Config) -> None:
    count = 20_000 if pytestconfig.getoption("--all") else 5_000
    steps = "".join(f"- {{id: l{k}, linear: {{out_features: {8 + k * 31 % 97}}}}}\n" for k in range(count))
    spec = loads(HEAD + "layers:\n" + steps)
    assert spec.meter.spent < BUDGET * count // 100_000
    unroll.unroll(spec)
    assert meters[0].spent < BUDGET * count // 200_000
    densely = "".join(
        f"- {{id: a{k}, concat: , from: [{','.join(f'a{j}' for j in range(k))}]}}\n" for k in range(1, 13)
    )
    unroll.unroll(loads(HEAD + "layers:\n- {id: a0, relu: }\n" + densely))
    assert meters[1].spent < BUDGET // 1000


def nested(levels: int, layers: int, uses: int = 1) -> Graph:
    blocks = "".join(f"  b{k}: {{layers: [b{k + 1}]}}\n" for k in range(levels - 1))
    last = f"  b{levels - 1}: {{layers: [{{relu: , repeat: {layers}}}]}}\n"
    return unroll.unroll(loads(HEAD + "blocks:\n" + blocks + last + f"layers: [{', '.join(['b0'] * uses)}]\n"))


@pytest.mark.parametrize(("uses", "copied"), [(1, 0), (2, 100), (5, 400)])
def test_a_body_is_unrolled_in_place_and_copied_where_it_is_used_again(
    uses: int, copied: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """100 layers in 10 blocks around one another: once they are made, and the other times copied from the outermost."""
    sizes: list[int] = []

    def counted(sub: Unrolled, *rest: Any) -> Values:
        sizes.append(len(sub.nodes))
        return copy_body(sub, *rest)

    monkeypatch.setattr(unroll, "copy_body", counted)
    assert len(nested(10, 100, uses).nodes) == 100 * uses
    assert sum(sizes) == copied == 100 * (uses - 1)


def test_blocks_around_a_body_do_not_take_its_work_again(meters: list[Meter]) -> None:
    """With 10 blocks around 1,000 layers or 60 the work is the same, but for the blocks and the length of the paths."""
    for levels in (10, 60):
        nested(levels, 1000)
    shorter, longer = (meter.spent for meter in meters)
    characters = sum(len(f"b{k}.") for k in range(10, 60))
    assert longer - shorter <= 50 * 100 + 1000 * (characters // 8 + 1)


def test_a_meter_says_where() -> None:
    meter = Meter(10)
    meter.spend(10, MARK)
    with pytest.raises(WorkError, match="more than 10 steps of work") as caught:
        meter.spend(1, MARK)
    assert caught.value.diagnostics[0].mark == MARK


def test_messages_are_cut() -> None:
    shape = f"[{', '.join(['1'] * 50_000)}]"
    with pytest.raises(SpecError) as caught:
        unroll.unroll(loads(HEAD + f"layers: [{{reshape: {{shape: {shape}}}}}]\n"))
    assert len(caught.value.diagnostics[0].message) == MAX_MESSAGE + 1


def test_an_expression_that_gives_no_ids_is_one_problem() -> None:
    with pytest.raises(SpecError) as caught:
        unroll.unroll(loads(HEAD + 'layers: [relu, {relu: , from: "$(range(1000) + range(1000))"}]\n'))
    assert [found.message for found in caught.value.diagnostics] == ["the expression must give ids, got 0"]


def test_the_training_memory_of_many_recurrent_layers_is_refused() -> None:
    """1,050 positions of 8 layers are 8,400 steps, in one op or in 8, each worked out by itself; of 1,024, 8,192."""
    head = "archcost: 1\nname: r\ninput: [1050, 4]\n"
    several = f"{head}layers: [{{rnn: {{hidden_size: 4}}, repeat: 8}}]\n"
    for text in (f"{head}layers: [{{rnn: {{hidden_size: 4, num_layers: 8}}}}]\n", several):
        with pytest.raises(UsageError, match="at most 8,192 steps of all layers"):
            training_memory(unroll.unroll(loads(text), Settings(training=True)), Setting())


@pytest.mark.parametrize(
    ("text", "work"),
    [
        ("inputs: {a: [8], b: [8]}\n", 2 * 50),
        ("params: {a: 1, b: 2, c: 3}\n", 3 * 50),
        ("blocks: {a: {layers: [relu]}}\n", 200),
        ("blocks: {a: {inputs: [x, y], layers: [add]}}\n", 200 + 2 * 50),
        ("layers: [{branches: {a: [relu], b: [relu]}, add: }]\n", 2 * 200),
    ],
)
def test_declarations_are_work(text: str, work: int) -> None:
    """Beside the values, 10 each, a param or input takes 50 steps, a block or a branch 200."""
    text = f"archcost: 1\nname: x\n{text}"
    root, _ = parse_document(Source("x", text))
    spec = reads(text)
    assert spec.meter.spent == 10 * _values(root) + work


def _values(root: Value) -> int:
    """The values of a tree and its keys."""
    if isinstance(root, Mapping):
        return 1 + sum(1 + _values(value) for _, value in root.entries.values())
    return 1 + sum(map(_values, root.items)) if isinstance(root, Sequence) else 1
