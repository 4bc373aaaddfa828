"""``archcost sweep --plot``: what is drawn, and the same file each time."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

import archcost
from archcost.errors import UsageError
from archcost.sweeping.picture import picture
from scripts import forked

pytest.importorskip("matplotlib")
ROOT = Path(__file__).parents[2]
VARY = {"width": "0.25:1.5:0.05", "resolution": "128..224..32", "middle": "3..5"}
WHERE = "params <= 5 M and macs <= 300 M"


def test_a_picture_has_the_front_and_what_is_best() -> None:
    tables = archcost.space("mobilenet_v1", vary=VARY).tables()
    found = picture(tables.tables, WHERE, (), ("params", "macs"), 0)
    assert found.objectives == (("macs", "min"), ("params", "max"))
    assert len(found.cloud) == 26 * 4 * 3
    assert not found.is_drawn
    expected = [(one["macs"], one["params"]) for one in tables.front(min="macs", max="params")]
    assert [(point.x, point.y) for point in found.front] == expected
    assert found.budgets == [("params", 5_000_000), ("macs", 300_000_000)]
    best = tables.best("params", where=WHERE)
    assert best is not None
    assert [(point.x, point.y) for point in found.best] == [(best["macs"], best["params"])]
    assert found.best[0].label == "width=1.1, resolution=128, middle=5"


def test_without_a_condition_the_ends_of_the_front_are_best() -> None:
    tables = archcost.space("mobilenet_v1", vary=VARY).tables().tables
    found = picture(tables, "", (("flops", "min"), ("params", "max")), (), 0)
    assert [(point.x, point.y) for point in found.best] == [(end.x, end.y) for end in (found.front[0], found.front[-1])]


BEGINS = {".svg": b"<?xml", ".png": b"\x89PNG", ".pdf": b"%PDF"}
MODULES = ["archcost.commands.sweep", *(f"matplotlib.backends.backend_{name}" for name in ("svg", "agg", "pdf"))]


@pytest.mark.parametrize("endings", [[".svg"], pytest.param([".png", ".pdf"], marks=pytest.mark.long)])
def test_a_plot_is_the_same_each_time(tmp_path: Path, endings: list[str]) -> None:
    """Two processes that start anew, of other hashes of words, make one of each kind."""
    vary = [word for axis, values in VARY.items() for word in ("--vary", f"{axis}={values}")]
    for name in ("one", "two"):
        words = ["sweep", "mobilenet_v1", *vary, "--top", "1", "--where", WHERE]
        for done in forked.run_all(MODULES, [([*words, "--plot", f"{name}{ending}"], tmp_path) for ending in endings]):
            assert (done.returncode, done.stderr) == (0, "")
            assert "178 meet the budgets" in done.stdout
    for ending in endings:
        one, two = ((tmp_path / f"{name}{ending}").read_bytes() for name in ("one", "two"))
        assert one.startswith(BEGINS[ending])
        assert sha256(one).hexdigest() == sha256(two).hexdigest()
        assert b"Date" not in one


@pytest.mark.parametrize("ending", [".png", ".pdf"])
def test_a_plot_is_of_the_kind_of_its_name(tmp_path: Path, ending: str) -> None:
    space = archcost.space("mobilenet_v1", vary={"width": [0.5, 1.0], "middle": [3, 5]})
    space.plot(tmp_path / f"plot{ending}")
    written = (tmp_path / f"plot{ending}").read_bytes()
    assert written.startswith(BEGINS[ending])
    assert b"Date" not in written


def test_bad_plots(tmp_path: Path) -> None:
    space = archcost.space("mobilenet_v1", vary=VARY)
    with pytest.raises(UsageError, match=r"no plot ends in '\.gif'"):
        space.plot(tmp_path / "plot.gif")
    with pytest.raises(UsageError, match="a plot has two objectives"):
        space.plot(tmp_path / "plot.svg", pareto="min:macs,max:params,min:flops")
    with pytest.raises(UsageError, match="a plot is of two metrics"):
        space.plot(tmp_path / "plot.svg", metrics="macs")
    with pytest.raises(UsageError, match="peak_activation_bytes is not drawn"):
        space.plot(tmp_path / "plot.svg", metrics="macs,peak_activation_bytes")
    with pytest.raises(UsageError, match="there is no such folder"):
        space.plot(tmp_path / "none" / "plot.svg")
    assert not list(tmp_path.iterdir())
