"""Arguments of the public functions: what is of a wrong type is told at the door, and all else goes in."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

import archcost
from archcost.api.arguments import kinds_of
from archcost.api.design_space import DesignSpace
from archcost.api.design_tables import DesignTables
from archcost.errors import CallError

if TYPE_CHECKING:
    from collections.abc import Callable

NET = "archcost: 1\nparams: {width: 8}\ninput: [3, 8, 8]\nlayers:\n  - conv2d: {out_channels: $width, kernel_size: 3}\n"
SPEC, REPORT, DEVICE = archcost.load("alexnet"), archcost.analyze("alexnet"), archcost.device("4090")


class Nothing:
    """A value of no use."""

    def __repr__(self) -> str:  # the same in all processes, for it is part of tests' names
        return "nothing"


NOTHING = Nothing()

# by the words of an annotation: values that it lets through, and values that it does not
RIGHT: dict[str, list[Any]] = {
    "bool": [True, False, np.bool_(True)],
    "int": [1, np.int64(4)],
    "float": [1, 0.5, Fraction(1, 2), np.float32(1)],
    "Fraction": [Fraction(1, 2), 0.5],
    "str": ["", "text"],
    "None": [None],
    "os.PathLike[str]": [Path("net.yaml")],
    "AnySpec": [SPEC, "alexnet", Path("net.yaml")],
    "Report": [REPORT],
    "Sweep": [],
    "Device": [DEVICE],
    "AnyDevice": [DEVICE, "4090", Path("lab.toml")],
    "nn.Module": [torch.nn.ReLU()],
    "AnyInputs": [(3, 8, 8), [3, np.int64(8)], {"image": (3, 8, 8)}, torch.Size((3, 8)), range(3), {}],
    "Inputs": ["3x8x8", (3, 8, 8), ["ids=128:int64"], {"ids": "128"}],
    "Mapping[str, Any]": [{}, {"width": 0.5}],
    "Sequence[str]": [(), ["a"], ("a", "b"), iter("a")],
    "Sequence[int]": [(1, 2)],
    "Sequence[Objective]": [[("macs", "min")]],
    "Sequence[str | os.PathLike[str] | Device]": [["4090", DEVICE]],
    "Iterable[str | os.PathLike[str]]": [["net.yaml", Path("net.yaml")], iter(())],
    "Iterable[AnySpec | Report]": [["alexnet", REPORT]],
    "Iterable[Mapping[str, Iterable[Any]] | str]": [["a,b=1,2"], [{"a": [1]}]],
    "Callable[[str], None]": [print],
    "Callable[[int], None]": [print],
    "Track": [list],
    "Any": [NOTHING],
}
WRONG: dict[str, list[Any]] = {
    "bool": [1, "yes", None],
    "int": [1.5, "2", True, [1]],
    "float": ["0.5", True],
    "Fraction": ["1/2"],
    "str": [3, b"text", ["text"], True],
    "None": [],
    "os.PathLike[str]": [3, b"net.yaml"],
    "AnySpec": [3, ["alexnet"], DEVICE],
    "Report": [3, SPEC],
    "Sweep": [3],
    "Device": [3, SPEC],
    "AnyDevice": [3, ["4090"]],
    "nn.Module": [3],
    "AnyInputs": ["3x8x8", 3, (3, "8"), {"image": "3x8x8"}, {0: (3, 8)}, (3.5, 8)],
    "Inputs": [],
    "Mapping[str, Any]": [3, "width=1", ["width"], {3: 1}],
    "Sequence[str]": [3, "text", [3], {"a": 1}],
    "Sequence[int]": [3, ["a"]],
    "Sequence[Objective]": ["macs", [("macs",)], ["min:macs"]],
    "Sequence[str | os.PathLike[str] | Device]": [3, [3]],
    "Iterable[str | os.PathLike[str]]": ["net.yaml", 3, [SPEC]],
    "Iterable[AnySpec | Report]": [3, [3]],
    "Iterable[Mapping[str, Iterable[Any]] | str]": [3, "a,b", [3]],
    "Callable[[str], None]": [3, "print"],
    "Callable[[int], None]": [3],
    "Track": [3],
    "Any": [],
}
FUNCTIONS = [getattr(archcost, name) for name in archcost.__all__ if name.islower() and name != "__version__"]
METHODS = [
    method
    for owner in (DesignSpace, DesignTables)
    for name, method in vars(owner).items()
    if not name.startswith("_") and callable(method)
]
ARGUMENTS = [
    (function, name, annotation)
    for function in (*FUNCTIONS, *METHODS)
    for name, annotation in function.__annotations__.items()
    if name != "return"
]


def words_of(annotation: str) -> list[str]:
    """The alternatives of an annotation, each a row of the tables."""
    found, depth = [""], 0
    for part in annotation.split(" | "):
        found[-1] += (" | " if depth else "") + part
        depth += part.count("[") - part.count("]")
        if not depth:
            found.append("")
    return found[:-1]


def fits(annotation: str, value: Any) -> bool:
    return any(kind.fits(value) for kind in kinds_of(annotation))


def test_the_tables_have_every_word_of_every_annotation() -> None:
    words = {word for _, _, annotation in ARGUMENTS for word in words_of(annotation)}
    assert words <= set(RIGHT)
    assert set(RIGHT) == set(WRONG)


@pytest.mark.parametrize("word", RIGHT)
def test_a_word_lets_through_what_it_says(word: str) -> None:
    assert [value for value in RIGHT[word] if not fits(word, value)] == []
    assert [value for value in WRONG[word] if fits(word, value)] == []


@pytest.mark.parametrize(
    ("function", "name", "annotation"), ARGUMENTS, ids=[f"{each.__qualname__}-{name}" for each, name, _ in ARGUMENTS]
)
def test_every_argument_of_a_wrong_type_is_told(function: Callable[..., Any], name: str, annotation: str) -> None:
    """Of every function and argument: before anything is done, and with the name of both."""
    words = words_of(annotation)
    wrong = [value for word in words for value in WRONG[word] if not any(fits(other, value) for other in words)]
    assert wrong or {"Any", "Inputs"} & set(words)
    for value in wrong:
        with pytest.raises(CallError, match=rf"^{function.__name__}\({name}=…\) takes .+, got "):
            function(**{name: value})


TAKES_INPUTS = "analyze(inputs=…) takes sizes without the batch, alone or by name, got "
SAYS: list[tuple[Callable[[], Any], str, str]] = [
    (lambda: archcost.predict("alexnet", device="4090", mixed=3), "predict(mixed=…) takes text, got 3", ""),
    (lambda: archcost.load(3), "load(spec=…) takes text or a path, got 3", ""),
    (
        lambda: archcost.compare("alexnet", "vgg11", 3),
        "compare(others=…) takes a Spec, text, a path or a Report, got 3",
        "",
    ),
    (
        lambda: archcost.fits("alexnet", training=1),
        "fits(training=…) takes True or False, got 1",
        "",
    ),
    (
        lambda: archcost.memory("alexnet", checkpoint="stage.*"),
        "memory(checkpoint=…) takes a list of texts, got 'stage.*'",
        "write it like `checkpoint=['stage.*']`",
    ),
    (
        lambda: archcost.analyze("alexnet", inputs="3x8x8"),
        f"{TAKES_INPUTS}'3x8x8'",
        "write it like `inputs=(3, 480, 640)`",
    ),
    (
        lambda: archcost.analyze("alexnet", inputs=["w" * 99]),
        f"{TAKES_INPUTS}['{'w' * 58}…",
        "write it like `inputs=(3, 480, 640)`",
    ),
]


@pytest.mark.parametrize(("call", "message", "way_out"), SAYS)
def test_what_is_said(call: Callable[[], Any], message: str, way_out: str) -> None:
    with pytest.raises(CallError) as found:
        call()
    assert (found.value.message, found.value.help) == (message, way_out)


# values of the right type that make no sense: told by whoever reads them, as an error of ours
SENSELESS: list[dict[str, Any]] = [
    {"dtype": "text"},
    {"params": {"width": NOTHING}},
    {"params": {"width": None}},
    {"inputs": (3, 0, 8)},
    {"inputs": (3, -8, 8)},
    {"inputs": ()},
    {"inputs": {}, "params": {"": 1}},
    {"inputs": {"": (3, 8, 8), "other": (3, 8, 8)}},
]


@pytest.mark.parametrize("settings", SENSELESS, ids=str)
@pytest.mark.parametrize("function", [archcost.analyze, archcost.memory, archcost.fits, archcost.explain])
def test_senseless_values_are_errors_of_ours(
    function: Callable[..., Any], settings: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(NET)
    with pytest.raises(archcost.ArchcostError):
        function(path, **settings)


def test_numbers_of_numpy_become_pythons(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(NET)
    report = archcost.analyze(path, params={"width": np.int64(4)}, inputs=(3, np.int32(9), 9), batch=np.int64(2))
    assert report.totals.macs == 2 * 4 * 7 * 7 * 3 * 3 * 3
    assert type(report.totals.macs) is type(report.totals.run_bytes) is int
    assert report.to_dict()["batch"] == 2


@pytest.mark.parametrize("batch", [0, -1])
def test_a_batch_is_told_as_such(batch: int) -> None:
    with pytest.raises(CallError, match=f"a batch is a whole number from 1 up, got {batch}"):
        archcost.analyze("alexnet", batch=batch)
