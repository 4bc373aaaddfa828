"""One walk for all designs gives each what an analysis of it alone does: its figures, or that it is invalid."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

import archcost
from archcost.graph.params import resolve_params
from archcost.meter import Meter
from archcost.settings import Lora, Settings
from archcost.spec.problems import Problems
from archcost.sweeping.defaults import derived
from archcost.sweeping.space import Axis, AxisTarget, Space
from tests.profiles import examples
from tests.sweeping.hard_spaces import SPACES, space_named, space_of, written
from tests.sweeping.rows import assert_rows_agree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TIMES = examples(1)  # 1 in the suite, 20 nightly
WORDS = ("relu", "gelu", "silu", "relu6", "hardswish")


@pytest.fixture(scope="session")
def dice(pytestconfig: pytest.Config) -> str:
    """What draws begin with: that of ``--hypothesis-seed``, a fresh one nightly, and the same in the suite."""
    given = pytestconfig.getoption("hypothesis_seed", None)
    return str(given) if given is not None else str(random.SystemRandom().getrandbits(32)) if TIMES > 1 else ""


@pytest.mark.parametrize("name", SPACES)
def test_rows_of_hard_spaces(name: str, tmp_path: Path, dice: str) -> None:
    space = space_named(name, tmp_path)
    rows, failed = assert_rows_agree(space, 60 * TIMES, seed=f"{name} {dice}")
    assert failed < rows, "no row is valid: the space shows nothing"


def _values(value: Any, chance: random.Random) -> list[Any]:
    """Some values near that of a param, a few of them without sense."""
    if isinstance(value, bool):
        return [True, False]
    if isinstance(value, int):
        near = list(dict.fromkeys([value, value + 1, max(0, value - 1), value * 2, value // 2, 0, 3, value + 8]))
    elif isinstance(value, float):
        near = list(dict.fromkeys([value, value * 1.5, value / 2, value + 0.1, 1]))
    elif isinstance(value, str):
        near = list(dict.fromkeys([value, *chance.sample(WORDS, 2)]))
    else:
        return []
    chance.shuffle(near)
    return near[: chance.randint(2, 4)]


def _axes(spec: Any, chance: random.Random) -> Iterator[Axis]:
    """Up to three params of a spec, or elements of those that are lists, and values for them."""
    names = resolve_params(spec, Settings(), Problems(spec.text_source), Meter())
    params = list(spec.params)
    chance.shuffle(params)
    found = 0
    for param in params:
        value = names[param]
        place: tuple[int, ...] = ()
        if isinstance(value, list) and value:
            if chance.random() < 0.3:
                yield Axis((AxisTarget(param),), ((value,), (value[:-1],)))
                found += 1
                continue
            place = (chance.randrange(len(value)),)
            value = value[place[0]]
        values = _values(value, chance)
        if len(values) > 1:
            found += 1
            yield Axis((AxisTarget(param, place),), tuple([(each,) for each in values]))
        if found == 3:
            return


def _space(spec: Any, chance: random.Random) -> Space:
    """Some params of a spec, as they may be asked for: no element of a list that follows from another of them."""
    axes = list(_axes(spec, chance))
    varied = [axis.targets[0].param for axis in axes]

    def follows(param: str) -> bool:
        return param in derived(spec, Settings(), [other for other in varied if other != param])

    allowed = [axis for axis in axes if not axis.targets[0].place or not follows(axis.targets[0].param)]
    return Space(spec, Settings(), tuple(allowed))


@pytest.mark.few
def test_rows_of_zoo_specs(zoo_model: str, dice: str) -> None:
    spec = archcost.load(zoo_model)
    for number in range(TIMES):
        seed = f"{zoo_model} {number} {dice}"
        assert_rows_agree(_space(spec, random.Random(seed)), 6, seed)


# --- what is not a param ----------------------------------------------------------------------------------------------

NET = """\
input: [8, $n, $n]
params: {n: 16, out: 8, deep: 1}
layers:
  - {repeat: $deep, conv2d: {out_channels: $out, kernel_size: 3, padding: 1}}
  - {id: head, layers: [flatten, {linear: $out}, relu, {linear: 10}]}
"""


@pytest.mark.parametrize(
    "settings_",
    [
        Settings(batch=3),
        Settings(dtype="float16", weight_dtype="int4"),
        Settings(training=True),
        Settings(lora=Lora(4)),
        Settings(params={"out": 6}),
    ],
)
def test_settings_hold_for_all_designs(settings_: Settings, tmp_path: Path) -> None:
    vary = {"n": [8, 16, 3], "deep": [0, 1, 3], **({} if settings_.params else {"out": [4, 8]})}
    assert_rows_agree(space_of(written(tmp_path, NET), vary, settings_), 50)


def test_the_batch_is_an_axis(tmp_path: Path) -> None:
    assert_rows_agree(space_of(written(tmp_path, NET), {"batch": [1, 2, 7], "n": [8, 9]}), 50)
