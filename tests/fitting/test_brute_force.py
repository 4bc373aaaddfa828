"""The answer of ``fits`` on models, devices and dtypes against ``memory`` and ``analyze``, without the search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

import archcost
from tests.cover import one_of_each

if TYPE_CHECKING:
    from collections.abc import Mapping

SMALL = 40  # up to which every batch is tried, not the edge alone


class Case(NamedTuple):
    """A model on a device under settings; ``context`` is that of a language model that generates."""

    model: str
    device: str
    settings: Mapping[str, Any] = {}
    context: int = 0


def cnns() -> list[Case]:
    models = ("alexnet", "vgg16", "resnet18", "resnet50", "googlenet", "mobilenet_v2", "efficientnet_b0", "densenet121")
    ways: list[tuple[str, dict[str, Any]]] = [
        ("gtx1080", {}),
        ("jetson-nano-4gb", {"dtype": "float16", "batch": 8}),
        ("t4", {"weight_dtype": "int8", "batch": 3}),
    ]
    turned = [(model, ways[number % 3 :] + ways[: number % 3]) for number, model in enumerate(models)]
    return [Case(model, device, settings) for model, own in turned for device, settings in own]


def vits() -> list[Case]:
    return [
        Case("vit_b_16", "t4"),
        Case("vit_b_16", "rtx4090", {"dtype": "bfloat16", "batch": 64}),
        Case("vit_l_16", "rtx3060", {"batch": 2}),
        Case("swin_t", "a100-sxm-80gb", {"dtype": "float16"}),
        Case("swin_t", "apple-m1"),
    ]


def language_models() -> list[Case]:
    return [
        Case("gpt2", "jetson-nano-4gb", {}, 1024),
        Case("gpt2_xl", "t4", {"dtype": "float16", "batch": 4}, 800),
        Case("llama_2_7b", "rtx4090", {}, 4096),
        Case("llama_2_7b", "a100-sxm-40gb", {"batch": 8}, 2048),
        Case("llama_3_8b", "rtx4090", {"weight_dtype": "int4"}, 8192),
        Case("llama_3_8b", "h100-sxm", {"batch": 16, "kv_dtype": "float8"}, 8192),
        Case("llama_3_8b", "t4", {"weight_dtype": "int8", "kv_dtype": "int4"}, 1000),
        Case("llama_3_70b", "h200-sxm", {"weight_dtype": "int8"}, 8192),
        Case("llama_3_70b", "mi300x", {}, 4096),
        Case("mistral_7b", "rtx3090", {}, 3000),
        Case("mixtral_8x7b", "h100-nvl", {"weight_dtype": "int4"}, 5000),
        Case("gemma_2_2b", "rtx4090", {}, 8192),
        Case("gemma_2_9b", "l40s", {"batch": 2}, 6000),
        Case("deepseek_v2_lite", "h100-sxm", {"batch": 4}, 4096),
    ]


def encoders() -> list[Case]:
    return [
        Case("bert_base", "p4", {"batch": 7}),
        Case("bert_large", "rtx2080-ti", {"dtype": "float16"}),
        Case("t5_small", "t4"),
    ]


def training() -> list[Case]:
    return [
        Case("resnet18", "gtx1080", {"training": True}),
        Case("resnet18", "t4", {"optimizer": "adam", "batch": 16}),
        Case("resnet50", "rtx3090", {"optimizer": "momentum", "checkpoint": ["layer?.*"]}),
        Case("mobilenet_v2", "t4", {"training": True, "mixed": "float16"}),
        Case("vgg16", "rtx3060", {"optimizer": "adam", "foreach": True}),
        Case("vit_b_16", "t4", {"optimizer": "adamw", "batch": 2}),
        Case("vit_b_16", "rtx4090", {"lora": 8, "weight_dtype": "int4", "dtype": "bfloat16"}),
        Case("alexnet", "jetson-nano-4gb", {"optimizer": "adam8bit", "accumulate": 2}),
        Case("googlenet", "rtx3060", {"parallel": ["zero3=4"], "optimizer": "adam"}),
        Case("resnet18", "gtx1080", {"dtype": "bfloat16", "master_weights": True, "optimizer": "adam"}),
    ]


CASES = [*cnns(), *vits(), *language_models(), *encoders(), *training()]


def alike(case: Case) -> object:
    """Convolutional nets are alike, and models of a line; training steps, and caches in other dtypes, are not."""
    line = "" if case in cnns() else case.model.rpartition("_")[0] or case.model
    settings = case.settings if case in [*cnns(), *training()] or "kv_dtype" in case.settings else ()
    return line, tuple(settings)


def named(case: Case) -> str:
    return "-".join([case.model, case.device, *[f"{name}={value}" for name, value in case.settings.items()]])


def room_of(name: str) -> int:
    """What programs find, less a tenth, or a quarter where a system has a part; the rest rounded down."""
    device = archcost.device(name)
    memory = device.usable_bytes or device.memory_bytes
    return memory - -(-memory // (4 if device.kind in ("soc", "edge") else 10))


def params_at(case: Case, context: int) -> dict[str, int]:
    return {"tokens": 1, "past": context - 1} if context else {}


def needed(case: Case, *, batch: int = 0, context: int = 0) -> int:
    """What memory says; of inference as it stands the same as what analyze says."""
    settings = {**case.settings, "batch": batch or case.settings.get("batch", 1)}
    params = params_at(case, context or case.context)
    size = archcost.memory(case.model, params=params, what_if=False, **settings).run.total
    if set(settings) <= {"batch", "dtype", "weight_dtype", "kv_dtype"}:
        assert size == archcost.analyze(case.model, params=params, **settings).totals.run_bytes
    return size


def test_there_are_fifty_of_every_sort() -> None:
    assert len({named(case) for case in CASES}) == len(CASES) >= 50


@pytest.mark.parametrize("case", one_of_each(CASES, alike), ids=named)
def test_fits_says_what_memory_says(case: Case) -> None:
    params = params_at(case, case.context)
    found = archcost.fits(case.model, device=case.device, params=params, **case.settings)
    (fit,) = found.devices
    now, room = needed(case), room_of(case.device)
    assert (fit.needed, fit.capacity, fit.headroom) == (now, room, room - now)
    assert fit.fits is found.fits is (now <= room)
    assert found.exit_code == int(now > room)
    most = fit.largest_batch
    assert most is not None
    assert most.limit == "memory"
    assert needed(case, batch=most.size + 1) > room
    tried = range(1, most.size + 1) if most.size <= SMALL and "training" not in named(case) else [most.size]
    assert all(needed(case, batch=size) <= room for size in tried if size)
    if case.context:
        longest = fit.largest_context
        assert longest is not None
        assert not longest.size or needed(case, context=longest.size) <= room
        if longest.limit == "memory":
            assert needed(case, context=longest.size + 1) > room
        elif longest.limit == "spec":
            params_now, params_then = [
                archcost.analyze(case.model, params=params_at(case, size)).totals.params
                for size in (case.context, longest.size + 1)
            ]
            assert params_then > params_now
        else:
            assert needed(case, context=10**9) == needed(case, context=10**6)  # a sliding window
    else:
        assert fit.largest_context is None or "tokens" in archcost.analyze(case.model).params


def settings_of(option: str) -> dict[str, Any]:
    """The arguments of a function for options as they are typed."""
    found: dict[str, Any] = {}
    for words in option.split("--")[1:]:
        name, _, text = words.strip().partition(" ")
        value = text.strip("'")
        listed = name in ("checkpoint", "parallel")
        given = True if not value else [value] if listed else int(value) if value.isdigit() else value
        found[name.replace("-", "_")] = given
    return found


@pytest.mark.parametrize("case", [CASES[0], *language_models()[4:6], training()[1]], ids=named)
def test_what_needs_less_needs_what_memory_says(case: Case) -> None:
    params = params_at(case, case.context)
    changes = archcost.fits(case.model, device=case.device, params=params, **case.settings).devices[0].changes
    assert changes
    assert [change.total for change in changes] == sorted([change.total for change in changes])
    for change in changes:
        given = {**case.settings, **settings_of(change.option)}
        less = archcost.memory(case.model, params=params, what_if=False, **given).run.total
        assert change.total == less < needed(case)
