from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import archcost
from archcost.errors import UsageError
from archcost.settings import Settings
from archcost.spec.loader import reads
from archcost.sweeping.axes import make_space, read_vary, read_zip, wish_of, zip_of

if TYPE_CHECKING:
    from pathlib import Path

    from archcost.sweeping.space import Space

NET = """archcost: 1
name: net
params:
  width: 8
  n: 3
  kernels: [3, 5, 7]
  grid: [[1, 2], [3]]
  made: "$([width, width])"
  text: relu
input: [3, 32, 32]
layers:
  - repeat: "$(len(kernels))"
    conv2d: {out_channels: $width, kernel_size: "$(kernels[i])"}
"""


def space_of(*vary: str, zips: tuple[str, ...] = (), **given: object) -> Space:
    spec = reads(NET, name="net.yaml")
    return make_space(spec, Settings(given), [*map(read_vary, vary), *map(read_zip, zips)])


@pytest.mark.parametrize(
    ("vary", "design", "params"),
    [
        (("width=4,8", "n=1..3"), (1, 2), {"width": 8, "n": 3}),
        (("kernels[1]=1,3",), (0,), {"kernels": [3, 1, 7]}),
        (("kernels[-1]=1,3",), (1,), {"kernels": [3, 5, 3]}),
        (("kernels[*]=1,3",), (0, 1, 0), {"kernels": [1, 3, 1]}),
        (("kernels=[1],[1,3]",), (1,), {"kernels": [1, 3]}),
        (("grid[*][*]=5,6",), (1, 0, 1), {"grid": [[6, 5], [6]]}),
        (("grid[0][*]=5,6",), (1, 0), {"grid": [[6, 5], [3]]}),
        (("grid[1]=[5],[6,7]",), (1,), {"grid": [[1, 2], [6, 7]]}),
    ],
)
def test_params_of_a_design(vary: tuple[str, ...], design: tuple[int, ...], params: dict[str, object]) -> None:
    assert space_of(*vary).params_of(design) == params


def test_elements_depart_from_what_is_set() -> None:
    assert space_of("kernels[0]=1", kernels=[9, 9]).params_of((0,)) == {"kernels": [1, 9]}


def test_zip_is_one_axis() -> None:
    space = space_of("n=1,2", zips=("width,kernels[0]=4/1,8/3,16/5",))
    assert space.lengths == (2, 3)
    assert space.params_of((1, 2)) == {"n": 2, "width": 16, "kernels": [5, 5, 7]}
    assert space.indices_of({"n": 2, "width": 16, "kernels[0]": 5}) == (1, 2)


@pytest.mark.parametrize(
    ("vary", "message", "help_text"),
    [
        (("widht=1",), "net has no param 'widht'", "did you mean 'width'?"),
        (("kernels[3]=1",), "kernels[3] is outside of its list", "kernels has 3 elements: kernels[0] to kernels[2]"),
        (("width[0]=1",), "width is 8, no list of which an element could vary", ""),
        (("kernels[0][0]=1",), "kernels[0] is 3, no list of which an element could vary", ""),
        (("kernels[0]=1", "kernels[*]=1"), "kernels[0] is to vary twice: by kernels[0], and by kernels[*]", ""),
        (("kernels=[1]", "kernels[0]=1"), "kernels[0] is to vary twice: by kernels, and by kernels[0]", ""),
        (("kernels[0]=1", "kernels[0]=3"), "kernels[0] is to vary twice", "give all of its values at once"),
        (("width=1", "made[0]=1"), "'made' is made of width, which vary as well", ""),
        (("wi-dth=1",), "'wi-dth' names no param", ""),
        (("batch=a,b",), "a batch size is a whole number ≥ 1, got a", "batch=1,8,64"),
        (("batch=1.5,2",), "a batch size is a whole number ≥ 1, got 1.5", ""),
        (("batch=0,1",), "a batch size is a whole number ≥ 1, got 0", ""),
        (("dtype=float16,float32",), "'dtype' is no param: it is the same for all designs", "`--dtype float16`"),
        (("weight-dtype=int4,int8",), "'weight_dtype' is no param", "`--weight-dtype int4`"),
        (("kv_dtype=int8",), "'kv_dtype' is no param: it is the same for all designs", "`--kv-dtype float8`"),
        (("training=true,false",), "'training' is no param: it is the same for all designs", "`--training`"),
        (("input[1]=32,64",), "'input' is no param: it is the same for all designs", "`--vary side=128,224`"),
        (("batch=true,1",), "a batch size is a whole number ≥ 1, got true", ""),
    ],
)
def test_wrong_names(vary: tuple[str, ...], message: str, help_text: str) -> None:
    with pytest.raises(UsageError) as raised:
        space_of(*vary)
    assert raised.value.message.startswith(message)
    assert help_text in raised.value.help


def test_unknown_setting_is_told_before_any_work() -> None:
    with pytest.raises(UsageError, match="no param 'depth'"):
        space_of("n=1", depth=3)


def test_an_empty_list_has_no_axes() -> None:
    assert space_of("kernels[*]=1,3", "n=1,2", kernels=[]).lengths == (2,)


def test_what_is_set_does_not_vary_as_well() -> None:
    spec = reads(NET, name="net.yaml")
    with pytest.raises(UsageError, match="width is to vary, and is set to 4 as well"):
        archcost.space(spec, vary={"width": [1, 2]}, params={"width": 4})
    with pytest.raises(UsageError, match="the batch varies, and is set to 4 as well"):
        archcost.space(spec, vary={"batch": [1, 2]}, batch=4)
    space = archcost.space(spec, vary={"kernels[0]": [1, 3]}, params={"kernels": [9, 9]}).space
    assert space.params_of((1,)) == {"kernels": [3, 9]}


def test_what_a_file_sets_may_vary_beside_it(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(NET)
    file = tmp_path / "space.yaml"
    file.write_text("archcost_space: 1\nname: s\nspec: net.yaml\nset: {width: 4}\nvary: {n: [1, 2]}\n")
    assert archcost.space(file, vary={"width": [1, 2]}).space.params_of((0, 1)) == {"n": 1, "width": 2}
    with pytest.raises(UsageError, match="n is to vary, and is set to 3 as well"):
        archcost.space(file, params={"n": 3})
    file.write_text("archcost_space: 1\nname: s\nspec: net.yaml\nset: {width: 4}\nvary: {width: [1, 2]}\n")
    with pytest.raises(UsageError, match="width is to vary, and is set to 4 as well"):
        archcost.space(file)


@pytest.mark.parametrize("value", [{"a": 1}, [{"a": 1}], object(), b"x"])
def test_values_that_no_param_can_be(value: object) -> None:
    with pytest.raises(UsageError, match="is no value of a param"):
        wish_of("width", [value, 1])


def test_values_without_end_are_refused() -> None:
    with pytest.raises(UsageError, match="more than 65,536 values"):
        wish_of("width", range(10**12))


def test_values_of_a_call() -> None:
    spec = archcost.load("mobilenet_v1")
    wishes = [wish_of("resolution", range(128, 193, 32)), wish_of("width", "0.5:1:0.25")]
    space = make_space(spec, Settings(), wishes)
    assert [axis.values for axis in space.axes] == [((128,), (160,), (192,)), ((0.5,), (0.75,), (1.0,))]
    assert zip_of({"a": [1, 2], "b": "3..4"}).values == ((1, 3), (2, 4))
    with pytest.raises(UsageError, match="equally many values, got a 1, b 2"):
        zip_of({"a": [1], "b": [1, 2]})
