"""Every help is followed: what it says to write is written, and the spec is then right."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from help_corpus import (
    ATTRIBUTES,
    DOLLARS,
    HEADS,
    IMAGE,
    INDICES,
    KINDS,
    OF_INDICES,
    OF_TOKENS,
    OF_VOLUMES,
    PARAMS,
    PLACES,
    TAKEN,
    TEXTS,
    TOKENS,
    VOLUME,
    WORDS,
)

import archcost
from archcost.analysis.report import analyze
from archcost.errors import Source
from archcost.ops import REGISTRY
from archcost.spec.document import Mapping, Scalar, parse_document
from archcost.spec.loader import reads
from archcost.spec.vocabulary import MODIFIERS, TOP_KEYS

if TYPE_CHECKING:
    from archcost.errors import Diagnostic
    from archcost.spec.document import Value

BEFORE = "  - {identity: , id: a}\n  - {identity: , id: b}\n"
STEPS = [
    *((IMAGE, step, said) for step, said in [*KINDS, *ATTRIBUTES, *PLACES]),
    *((PARAMS, step, said) for step, said in DOLLARS),
    *((TOKENS, step, said) for step, said in OF_TOKENS),
    *((INDICES, step, said) for step, said in OF_INDICES),
    *((VOLUME, step, said) for step, said in OF_VOLUMES),
]
CODE = re.compile(r"`([^`]+)`")


class Text:
    """A spec as lines: what stands before the layers, steps before, and the steps in question."""

    def __init__(self, head: str, before: str, steps: list[str]) -> None:
        self.head, self.before, self.steps = head, before, steps

    def __str__(self) -> str:
        steps = "".join(f"  - {step}\n" for step in self.steps)
        return f"archcost: 1\nname: net\n{self.head}layers:\n{self.before}{steps}"


def problems(text: Text) -> tuple[Diagnostic, ...]:
    try:
        analyze(reads(str(text), name="net.yaml"))
    except archcost.SpecError as error:
        return error.diagnostics
    return ()


def tree(text: str) -> Value:
    return parse_document(Source("code", text))[0]


def written(value: Any) -> str:
    """A value of a step, as it stands inside of braces."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {written(item)}" for key, (_, item) in value.entries.items()) + "}"
    if isinstance(value, Scalar):
        quote = value.quoted or any(sign in value.text for sign in ",[]{}")
        return f'"{value.text}"' if quote else value.text
    return "[" + ", ".join(map(written, value.items)) + "]"


def parts_of(step: str) -> tuple[str, dict[str, str], dict[str, str]]:
    """The kind of a step, its attributes and its modifiers, each as it is written."""
    value = tree(step)
    if not isinstance(value, Mapping):
        return step, {}, {}
    beside = {key: written(item) for key, (_, item) in value.entries.items() if key in MODIFIERS}
    kind = next(key for key in value.entries if key not in MODIFIERS)
    given = value.entries[kind][1]
    inside = {key: written(item) for key, (_, item) in given.entries.items()} if isinstance(given, Mapping) else {}
    return kind, inside, beside


def step_of(kind: str, inside: dict[str, str], beside: dict[str, str]) -> str:
    attributes = "{" + ", ".join(f"{key}: {value}" for key, value in inside.items()) + "}" if inside else ""
    return "{" + ", ".join([f"{kind}: {attributes}", *(f"{key}: {value}" for key, value in beside.items())]) + "}"


def follow(text: Text, problem: Diagnostic) -> Text:
    """The spec with what a help says done: up to the first `;`, behind which stands what else is to know."""
    clause = re.split(r";(?=(?:[^`]*`[^`]*`)*[^`]*$)", problem.help)[0].partition(", or ")[0]
    codes = CODE.findall(clause)
    if "leave it out" in clause:
        return Text(text.head, text.before, [without(text.steps[-1], marked(text, problem))])
    if re.match(r"it is `\w+` here$|steps have names|did you mean", clause):
        return replaced(text, problem, re.findall(r"[`']([^`']+)[`']", clause)[0])
    if clause.startswith("YAML ends a value"):
        name = codes[0].partition(":")[0]
        step = re.sub(rf"{name}: [^()]*\([^()]*\)", codes[0], text.steps[-1])
        return Text(text.head, text.before, [step])
    if clause.startswith("it is `") or ("beside the kind" in clause and codes[0] != "from: []"):
        return Text(text.head, text.before, codes[1:])  # the first names the modifier
    if clause.startswith("lists of lists"):
        del codes[1:]
    if clause.startswith(("put `", "that is `")):
        codes = CODE.findall(clause.partition(": write ")[2])
    return applied(text, problem, [code.removeprefix("- ") for code in codes if code not in ("$", "//", "--batch")])


def applied(text: Text, problem: Diagnostic, codes: list[str]) -> Text:
    head, steps, beside = text.head, [], {}
    kind, inside, own = parts_of(text.steps[-1])
    for code in codes:
        value = tree(code)
        keys = list(value.entries) if isinstance(value, Mapping) else []
        if len(keys) == 1 and keys[0] in TOP_KEYS and keys[0] not in inside:
            replaces = ("input", "inputs") if keys[0].startswith("input") else keys
            lines = [line for line in head.splitlines() if line.partition(":")[0] not in replaces]
            head = "\n".join([*lines, code, ""])
        elif len(keys) == 1 and keys[0] in MODIFIERS:
            beside[keys[0]] = written(value.entries[keys[0]][1])  # type: ignore[attr-defined]  # a mapping
        elif len(keys) == 1 and keys[0] not in REGISTRY and not re.search(rf"^  {keys[0]}|{{{keys[0]}:", head):
            inside[keys[0]] = written(value.entries[keys[0]][1])  # type: ignore[attr-defined]  # a mapping
        elif keys or "kind" in problem.message or "activation" in problem.help or code in REGISTRY:
            steps.append(code)
        else:
            return replaced(text, problem, code)
    if not steps:
        return Text(head, text.before, [step_of(kind, inside, {**own, **beside})])
    modifiers = {key: value for key, value in own.items() if key not in parts_of(steps[0])[2]}
    first, attributes, mine = parts_of(steps[0])
    return Text(head, text.before, [step_of(first, attributes, {**mine, **modifiers}), *steps[1:]])


def marked(text: Text, problem: Diagnostic) -> str:
    mark = problem.mark
    assert mark is not None
    return str(text).splitlines()[mark.line][mark.column : mark.column + mark.length]


def without(step: str, name: str) -> str:
    kind, inside, beside = parts_of(step)
    del inside[name]
    return step_of(kind, inside, beside)


def replaced(text: Text, problem: Diagnostic, word: str) -> Text:
    """The spec with another word at the place of a problem."""
    mark = problem.mark
    assert mark is not None
    lines = str(text).splitlines()
    line = lines[mark.line]
    lines[mark.line] = line[: mark.column] + word + line[mark.column + mark.length :]
    whole = "\n".join(lines) + "\n"
    head = whole.removeprefix("archcost: 1\nname: net\n").partition("layers:\n  - {identity")[0]
    return Text(head, text.before, [whole.rpartition("  - ")[2].rstrip("\n")])


def check(text: Text, said: str) -> None:
    found = problems(text)
    assert found, "there is no mistake in it"
    assert said in found[0].help, found[0].help
    assert len(found) == 1, found
    assert not said.endswith("…")
    for _ in range(5):  # of several ids, each is a mistake of its own
        if not found:
            return
        text = follow(text, found[0])
        found = problems(text)
    assert not found, f"{text}\n{found}"


@pytest.mark.parametrize(("head", "step", "said"), STEPS, ids=[row[1] for row in STEPS])
def test_a_step_is_right_once_its_help_is_followed(head: str, step: str, said: str) -> None:
    check(Text(head, BEFORE, [step]), said)


@pytest.mark.parametrize(("head", "step", "said"), HEADS, ids=[f"{row[0]}{row[1]}" for row in HEADS])
def test_a_spec_is_right_once_its_help_is_followed(head: str, step: str, said: str) -> None:
    check(Text(head, BEFORE, [step]), said)


@pytest.mark.parametrize(("step", "said"), WORDS)
def test_what_no_step_can_be_made_of_is_told_in_words(step: str, said: str) -> None:
    found = problems(Text(IMAGE, BEFORE, [step]))
    assert said in found[0].help
    assert len(found) == 1


@pytest.mark.parametrize(("wrong", "said", "right"), TEXTS)
def test_a_text_is_right_once_its_help_is_followed(wrong: str, said: str, right: str) -> None:
    before, after = Text(PARAMS, BEFORE + wrong, []), Text(PARAMS, BEFORE + right, [])
    found = problems(before)
    assert said in found[0].help
    assert len(found) == 1
    assert not problems(after)
    code = (CODE.findall(said) or ["…"])[0].removeprefix("- ")
    assert "…" in code or code in right, "the help says something else"


@pytest.mark.parametrize("step", TAKEN)
def test_what_other_libraries_write_is_taken(step: str) -> None:
    assert not problems(Text(IMAGE, BEFORE, [step]))


@pytest.mark.parametrize(
    ("sizes", "said"),
    [("[8, 4, 3]", "channels come first: write `input: [3, 8, 4]`"), ("[8, 4, 4]", "")],  # 4 is no multiple of 3 either
)
def test_channels_come_first_where_that_would_do(sizes: str, said: str) -> None:
    with pytest.raises(archcost.SpecError) as raised:
        analyze(reads(f"archcost: 1\ninput: {sizes}\nlayers: [group_norm: 3]\n"))
    assert [problem.help for problem in raised.value.diagnostics] == [said]


@pytest.mark.parametrize(
    ("params", "head", "step", "said"),
    [
        (
            {"depths": 3},
            "params: {depths: [3, 4, 6, 3]}\n",
            '{relu, repeat: "$(depths[3])"}',
            "depths is a list of 4: `--set 'depths=[3,4,6,3]'`",
        ),
        (
            {"width": [1, 2]},
            "params: {width: 1.0}\n",
            "linear: {out_features: $(round(8 * width))}",
            "width is no list: `--set 'width=1.0'`",
        ),
    ],
)
def test_a_list_in_place_of_a_number_and_the_reverse(params: dict[str, Any], head: str, step: str, said: str) -> None:
    spec = reads(str(Text(head + IMAGE, BEFORE, [step])))
    with pytest.raises(archcost.SpecError) as caught:
        archcost.analyze(spec, params=params)
    assert [found.help for found in caught.value.diagnostics] == [said]
    name, value = re.findall(r"--set '(\w+)=(.*)'", said)[0]
    archcost.analyze(spec, params={name: tree(value).plain()})


def rows_of_the_page() -> list[tuple[str, str]]:
    """What docs/language.md says of words of other libraries: each with what stands for it here."""
    page = (Path(__file__).parents[2] / "docs/language.md").read_text(encoding="utf-8")
    section = page.partition("## Coming from PyTorch or Keras\n")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| `")]
    return [(there, here) for words, here in rows for there in CODE.findall(words)]


@pytest.mark.parametrize(("there", "here"), rows_of_the_page())
def test_the_page_says_what_the_help_says(there: str, here: str) -> None:
    found = problems(Text(IMAGE, BEFORE, [there]))
    assert found[0].help.partition(";")[0] == f"write {here}"


def test_the_page_has_enough_of_them() -> None:
    assert len(rows_of_the_page()) >= 20


def test_there_are_enough_of_them() -> None:
    assert len({*STEPS, *HEADS}) + len(TEXTS) >= 300
