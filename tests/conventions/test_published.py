"""What ``reconcile --published`` finds: the figures that people quote, each with its sum, the likeliest first."""

from __future__ import annotations

import json
from contextlib import suppress
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import archcost
from archcost.analysis.report import Report, analyze
from archcost.conventions.candidate_figures import candidates
from archcost.conventions.embedding_tables import tables
from archcost.conventions.printed_figures import parse_written
from archcost.conventions.published_figures import BYTES, FLOPS, MACS, PARAMS, CandidateFigure, figure
from archcost.conventions.published_search import RESOLUTIONS, Match, Search, search
from archcost.conventions.published_work import readings
from archcost.conventions.tool_report import read
from archcost.conventions.torchprofile import CONVENTION as TORCHPROFILE
from archcost.errors import UsageError
from archcost.render.reconciliation_sentences import away, chance
from archcost.settings import Settings
from archcost.spec.loader import loads
from tests.cover import one_of_each, some
from tests.profiles import examples

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from conftest import Run

MOVING = "params and moving statistics (Keras's total params)"
BIASES = (
    "params with biases before the norms (Keras's ResNet) = "
    "params and moving statistics, without scales of norms (Keras's Inception)"
)
BUFFERS = "params and all buffers (torch's state_dict)"
BLIND = "without the last linear layer"
STATISTICS = """
archcost: 1
input: [64]
layers: [linear: {out_features: 32}, relu, batch_norm1d, linear: {out_features: 10}]
"""
TWICE = """
archcost: 1
input: [3, 32, 32]
layers:
  - conv2d: {out_channels: 16, kernel_size: 3, padding: 1, bias: false}
  - batch_norm2d
  - silu
  - conv2d: {out_channels: 32, kernel_size: 3, padding: 1, bias: false}
  - batch_norm2d
  - silu
"""
LSTM = """
archcost: 1
input: [20, 12]
layers: [lstm: {hidden_size: 24}]
"""
POOLED = """
archcost: 1
input: [3, 16, 16]
layers:
  - conv2d: {out_channels: 8, kernel_size: 3, padding: 1, bias: false}
  - batch_norm2d
  - relu
  - avg_pool2d: {kernel_size: 2}
  - flatten
  - linear: {out_features: 10}
"""
FROZEN = """
archcost: 1
input: [4, 8]
layers:
  - linear: {out_features: 6}
  - {id: scale, parameter: {shape: [4, 6], requires_grad: false}}
  - {mul: , from: [linear, scale]}
"""
SPECS = {"statistics": STATISTICS, "twice": TWICE, "lstm": LSTM, "pooled": POOLED, "frozen": FROZEN}


@cache
def report_of(name: str, changed: tuple[tuple[str, Any], ...] = (), *, training: bool = False) -> Report:
    spec = loads(SPECS[name]) if name in SPECS else archcost.load(name)
    return analyze(spec, Settings(dict(changed), training=training))


def found(name: str, text: str) -> Search:
    def analyse(changed: Mapping[str, Any], *, training: bool) -> Report:
        return report_of(name, tuple(sorted(changed.items())), training=training)

    return search(parse_written(text), analyse)


# What the figure is, the settings that it takes, and its value; the sums are those of the words.
QUOTED: list[tuple[str, str, str, tuple[str, ...], int]] = [
    ("statistics", "2538", MOVING, (), 64 * 32 + 32 + 32 * 10 + 10 + 2 * 32 + 2 * 32),
    ("statistics", "2539", BUFFERS, (), 2_474 + 2 * 32 + 1),
    ("twice", "10.7M", "2 × thop's MACs", (), 2 * (1024 * 3 * 3 * (3 * 16 + 16 * 32) + 4 * 1024 * (16 + 32))),
    ("twice", "5.2K", MOVING, (), 3 * 3 * (3 * 16 + 16 * 32) + 2 * (16 + 32) + 2 * (16 + 32)),
    ("lstm", "3552", "params with one bias a gate (Keras)", (), 4 * (12 * 24 + 24 * 24 + 24)),
    ("lstm", "3648", "params", (), 4 * (12 * 24 + 24 * 24 + 2 * 24)),
    ("pooled", "62976", "torchprofile's MACs", (), 256 * 27 * 8 + 8 * 64 * 10 + 8 * 256 + 8 * 64),
    ("frozen", "54", "trainable params", (), 8 * 6 + 6),
    ("gpt2", "124M", "params", (), 124_439_808),
    ("gpt2", "123.65M", "params without the position table", (), 124_439_808 - 1024 * 768),
    ("gpt2", "163,037,184", "params with an untied head", (), 124_439_808 + 50_257 * 768),
    ("gpt2_medium", "406.29M", "params with an untied head", (), 354_823_168 + 50_257 * 1024),
    ("gpt2_medium", "302.31M", "params without embeddings", (), 354_823_168 - 50_257 * 1024 - 1024 * 1024),
    ("mixtral_8x7b", "46.7B params", "params", (), 46_702_792_704),
    ("mixtral_8x7b", "12.9B active params", "active params", (), 46_702_792_704 - 32 * 6 * 3 * 4096 * 14_336),
    ("llama_2_7b", "6.61B", "params without embeddings", (), 6_738_415_616 - 32_000 * 4096),
    ("whisper_tiny", "37,760,640", BUFFERS, (), 37_184_640 + 1500 * 384),
    ("xception", "22,855,952", "params", (), 22_855_952),  # Chollet 2016, Table 3
    ("xception", "22,910,480", MOVING, (), 22_855_952 + 2 * 27_264),  # Keras
    (
        "resnet50",
        "25,636,712",
        f"{MOVING[:28]}, with biases before the norms (Keras's ResNet)",
        (),
        25_610_152 + 26_560,
    ),
    (
        "inception_v3",
        "23,851,784",
        BIASES,
        (),
        23_869_000 - 17_216,
    ),
    ("mixtral_8x7b", "12.9B active", "active params", (), 46_702_792_704 - 32 * 6 * 3 * 4096 * 14_336),
    ("frozen", "54 trainable", "trainable params", (), 8 * 6 + 6),
    ("resnet50", "25.5e6 params", "params", (), 25_557_032),  # Xie et al. 2016, Table 1
    ("resnet50", "4.1e9", "MACs", (), 4_089_184_256),
    ("resnet50", "3.86 GFLOPs", "MACs", ("stride_in_1x1=true",), 3_857_973_248),  # Hu et al. 2017, Table 2
    ("resnet50", "8.18 GFLOPs", "2 × MACs = torch's FLOPs", (), 2 * 4_089_184_256),
    ("resnet50", "23.5M params", "params", (BLIND,), 25_557_032 - 1000 * 2049),
    ("resnet50", "97.5 MB", "bytes of the params in float32", (), 4 * 25_557_032),  # K = 1024
    ("resnet50", "97.7 MB", "bytes of params and buffers in float32", (), 4 * (25_557_032 + 53_120) + 8 * 53),
    ("resnet50", "51.1 MB", "bytes of the params in float16", (), 2 * 25_557_032),
    ("resnet101", "7.6e9 FLOPs", "MACs", ("stride_in_1x1=true",), 7_570_194_432),  # He et al. 2015, Table 1
    ("bert_base", "110M", "params", (), 109_482_240),  # Devlin et al. 2018: rounded to two digits
    ("vgg16", "138M", "params", (), 138_357_544),  # Simonyan and Zisserman 2014, Table 2
    ("vgg19", "19.6e9", "MACs", (), 19_632_062_464),
    ("alexnet", "2.47M", "params", ("convolutions only",), 2_469_696),
    ("resnet1202", "19.4M", "params", (), 19_421_274),  # He et al. 2015, Table 6
    ("efficientnet_b0", "0.39B FLOPs", "MACs", (), 385_814_752),  # Tan and Le 2019, Table 2
    ("mobilenet_v2", "300M MAdds", "MACs", (), 300_774_272),  # Sandler et al. 2018, Table 4
    ("yolov3", "65.86 BFLOPs", "2 × MACs = torch's FLOPs", (), 2 * 32_932_037_632),  # Darknet
    ("yolov3", "66.17 GFLOPs", "2 × thop's MACs", (), 2 * (32_932_037_632 + 4 * 38_288_640 + 519_168)),
]


@pytest.mark.parametrize(
    ("name", "text", "what", "chosen", "value"),
    one_of_each(QUOTED, lambda quoted: (quoted[2], bool(quoted[3]))),
    ids=str,
)
def test_quoted_figures(name: str, text: str, what: str, chosen: tuple[str, ...], value: int) -> None:
    first = found(name, text).matches[0]
    assert (first.figure.what, first.settings, first.figure.value) == (what, chosen, value)


SUMS = [
    ("statistics", "2538", "2,474 params + 32 means + 32 variances = 2,538"),
    ("twice", "10.7M", "2 × (5,160,960 MACs + 196,608 batch norm (4 per element)) = 10,715,136"),
    ("lstm", "3552", "3,648 params − 96 second biases of the gates = 3,552"),
    ("pooled", "62976", "60,416 MACs + 2,048 batch norm (1 per element) + 512 avg pool (1 per output) = 62,976"),
    ("gpt2", "123.65M", "124,439,808 params − 1,024·768 of wpe = 123,653,376"),
    ("gpt2_medium", "406.29M", "354,823,168 params + 50,257·1,024 of lm_head = 406,286,336"),
    ("gpt2_medium", "302.31M", "354,823,168 params − 50,257·1,024 of wte − 1,024·1,024 of wpe = 302,311,424"),
    ("resnet50", "23.5M params", "25,557,032 params − 2,049,000 of fc = 23,508,032"),
    ("resnet50", "97.7 MB", "4·(25,557,032 params + 53,120 in buffers) + 8·53 of integers = 102,441,032"),
    ("resnet50", "25,557,032", ""),
]


@pytest.mark.parametrize(("name", "text", "arithmetic"), SUMS, ids=str)
def test_sums(name: str, text: str, arithmetic: str) -> None:
    matches = found(name, text).matches
    assert [match.figure.arithmetic for match in matches[:1]] == ([arithmetic] if matches else [])


@pytest.fixture
def statistics(tmp_path: Path) -> str:
    path = tmp_path / "statistics.yaml"
    path.write_text(STATISTICS, encoding="utf-8")
    return str(path)


def test_every_format_shows_the_sum(statistics: str, run: Callable[..., Run]) -> None:
    """A coincidence, ptflops's 64·32 + 32·10 MACs + 64 + 64 + 42, comes behind: 2,538 has the size of the params."""
    arithmetic = "2,474 params + 32 means + 32 variances = 2,538"
    options = ("reconcile", statistics, "--with", "torch", "--published", "2538")
    text = run(*options).out
    assert text.index(MOVING) < text.index(arithmetic) < text.index("ptflops's MACs (exactly)")
    assert "4 digits: 2 figures fit, and about 0.01 would by chance" in text
    assert "2,474  params (2.5% below)" in text
    assert f"| {arithmetic} |" in run(*options, "--format", "markdown").out
    document = json.loads(run(*options, "--format", "json").out)["published"]
    first = document["matches"][0]
    assert (first["kind"], first["arithmetic"]) == ("params", arithmetic)
    assert [term["amount"] for term in first["terms"]] == [2474, 32, 32]
    assert [(match["figure"], match["what"]) for match in document["nearest"]] == [(2474, "params")]


def test_the_plain_figure_is_told_beside_others() -> None:
    """5.2K is 5,136 + 96, and 5,136 params are 1 − 5,136 / 5,200 = 1.2% below."""
    (nearest,) = found("twice", "5.2K").nearest
    assert (nearest.figure.what, nearest.figure.value) == ("params", 432 + 32 + 4608 + 64)
    assert nearest.ratio == 1 / nearest.times == Fraction(5200, 5136)
    assert away(nearest) == "1.2% below"


# Of 1,000: the figure, and how far it is, relative to what is printed.
DISTANCES = {
    500: "50.0% below",  # half of it
    878: "12.2% below",
    211: "78.9% below",
    1: "99.9% below",
    1138: "13.8% above",
    1990: "99.0% above",
    2000: "2.00 times the figure",
    3200: "3.20 times the figure",
    31_500: "31.5 times the figure",
    10**9: "1,000,000 times the figure",
}


@pytest.mark.parametrize("value", DISTANCES)
def test_distances_are_shares_of_what_is_printed(value: int) -> None:
    ratio, more = parse_written("1000").ratio(value)
    match = Match(CandidateFigure("params", value, 0, PARAMS), (), "", 0, 0, ratio, more)
    assert away(match) == DISTANCES[value]
    assert match.times == Fraction(value, 1000)


@pytest.mark.parametrize(
    ("text", "value", "told"),
    [
        ("1M", 1, "more than 99.9% below"),
        ("1M", 1_000_001, "less than 0.1% above"),
        ("1M", 999_999, "less than 0.1% below"),
    ],
)
def test_no_distance_is_rounded_to_what_it_is_not(text: str, value: int, told: str) -> None:
    ratio, more = parse_written(text).ratio(value)
    assert away(Match(CandidateFigure("params", value, 0, PARAMS), (), "", 0, 0, ratio, more)) == told


def test_json_has_the_same_distance(run: Callable[..., Run]) -> None:
    out = run("reconcile", "yolov3", "--with", "torch", "--published", "65.86 GMACs", "--format", "json").out
    (plain,) = [match for match in json.loads(out)["published"]["nearest"] if match["what"] == "MACs"]
    assert plain["deviation"] == pytest.approx(32_932_037_632 / 65.86e9 - 1)
    assert (
        "32,932,037,632  MACs (50.0% below)"
        in run("reconcile", "yolov3", "--with", "torch", "--published", "65.86 GMACs").out
    )


@pytest.mark.parametrize(
    ("by_chance", "told"),
    [
        (12.4, "about 12 would"),
        (0.96, "about 1 would"),
        (0.089, "about 0.1 would"),
        (0.03, "about 0.03 would"),
        (0.009, "fewer than 0.01 would"),
        (0.0, "fewer than 0.01 would"),
    ],
)
def test_chance_is_never_none(by_chance: float, told: str) -> None:
    assert told in chance(Search(parse_written("4.1G"), (), (), by_chance))


@pytest.mark.parametrize(
    ("name", "text", "heading"),
    [
        ("bert_base", "110M FLOPs", "No MACs or FLOPs fit. Of another kind:"),
        ("bert_base", "110M MACs", "No MACs fit. Of another kind:"),
        ("resnet50", "4.09G params", "No params fit. Of another kind:"),
        ("statistics", "2368 params", "2368 params could be, most likely first:"),
    ],
)
@pytest.mark.parametrize("format_name", ["text", "markdown"])
def test_another_kind_than_was_written_is_told(
    name: str, text: str, heading: str, format_name: str, tmp_path: Path, run: Callable[..., Run]
) -> None:
    path = tmp_path / "statistics.yaml"
    path.write_text(STATISTICS, encoding="utf-8")
    spec = str(path) if name == "statistics" else name
    out = run("reconcile", spec, "--with", "torch", "--published", text, "--format", format_name).out
    assert heading in out.splitlines()
    assert out.count("f another kind:") == 1  # 2368 is as many MACs as params


def test_without_words_no_kind_is_asked_for(run: Callable[..., Run]) -> None:
    assert "another kind" not in run("reconcile", "bert_base", "--with", "torch", "--published", "110M").out
    document = json.loads(
        run("reconcile", "bert_base", "--with", "torch", "--published", "110M FLOPs", "--format", "json").out
    )["published"]
    assert document["kinds"] == [MACS, FLOPS]
    assert {match["kind"] for match in document["matches"]} == {PARAMS}


WIDE = (
    ("reconcile", "googlenet"),
    ("reconcile", "resnet50", "--published", "3.8G"),
    ("reconcile", "bert_base", "--published", "110M FLOPs"),
    ("reconcile", "torchvision_googlenet", "--published", "9.1 GFLOPs"),
)


@pytest.mark.parametrize("arguments", WIDE, ids=lambda value: " ".join(value[1:]))
@pytest.mark.parametrize("columns", some([60, 80, 110], [60]))
def test_lines_break_between_words(arguments: tuple[str, ...], columns: int, run: Callable[..., Run]) -> None:
    """The words are those of an unbroken page, and those that hang are set in."""
    whole, broken = run(*arguments).out, run(*arguments, columns=columns).out
    assert broken.split() == whole.split()
    assert max(map(len, broken.splitlines())) <= columns
    unbroken = {" ".join(line.split()) for line in whole.splitlines()}
    for line in broken.splitlines():
        assert line.startswith("  ") or any(told.startswith(" ".join(line.split())) for told in unbroken)


def test_the_nearest_are_of_the_size(run: Callable[..., Run]) -> None:
    """5,400 is no figure: the nearest are of the params, not 5,160,960 MACs."""
    nearest = found("twice", "5.4K").nearest
    assert [match.figure.value for match in nearest] == [5_280, 5_234, 5_136]
    assert all(match.figure.kind == PARAMS for match in nearest)
    assert {match.figure.kind for match in found("twice", "5.3M").nearest} == {MACS}
    assert {match.figure.kind for match in found("twice", "5.3M params").nearest} == {PARAMS}
    assert "3.62 times the figure" in run("reconcile", "mixtral_8x7b", "--with", "torch", "--published", "12.9B").out


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("2368", [MACS, PARAMS]),  # 64·32 + 32·10 MACs, and as many weights beside biases and norms
        ("2368 params", [PARAMS, MACS]),
        ("2368 MACs", [MACS, PARAMS]),
        ("2368 FLOPs", [MACS, PARAMS]),
        ("2538", [PARAMS, MACS]),  # nearer to 2,474 params than to 2,368 MACs
        ("2538 mult-adds", [MACS, PARAMS]),
    ],
)
def test_words_and_size_decide_the_kind(text: str, kinds: list[str]) -> None:
    matches = found("statistics", text).matches
    assert [match.figure.kind for match in matches] == kinds


def test_half_and_double_go_unnamed_beside_what_is_usual() -> None:
    """torch prints 2 per MAC: half of it is just the MACs."""
    names = [match.figure.what for match in found("resnet50", "4.09G").matches]
    assert names[0] == "MACs"
    assert not any(name.startswith("MACs = half") for name in names)


def test_figures_that_fit_by_chance_are_counted() -> None:
    """Two digits, 3.8: of the n figures between 1.2G and 12G, n · 2 · 1.5 / 38 / ln 10 fit by chance."""
    result = found("resnet50", "3.8G")
    assert result.written.digits == 2
    assert result.written.width == Fraction(2 * 3, 2 * 38)
    assert 5 < result.by_chance < len(result.matches)
    assert found("resnet50", "4,089,184,256").by_chance < 10**-6


ZOO = ("resnet18", "gpt2", "googlenet", "vit_b_16", "lstm_lm", "mixtral_8x7b", "mobilenet_v3_small", "t5_small")


@cache
def all_candidates(name: str) -> tuple[CandidateFigure, ...]:
    report = report_of(name)
    return tuple([each for _, each in candidates(report, readings(report))])


@settings(max_examples=examples(25, usual=10), deadline=None)
@given(st.data())
def test_every_candidate_is_found_by_its_value(data: st.DataObject) -> None:
    """Given to the unit, a figure comes first among those of its kind, or one that is equal."""
    name = data.draw(st.sampled_from(ZOO))
    wanted = data.draw(st.sampled_from(all_candidates(name)))
    assume(wanted.kind != BYTES)  # they take a unit, and the smallest is a kilobyte
    matches = [match for match in found(name, f"{wanted.value:,}").matches if match.figure.kind == wanted.kind]
    assert matches[0].figure.value == wanted.value
    assert matches[0].way == "exactly"
    assert matches[0].rank <= wanted.rank + 3  # of a scope


@settings(max_examples=examples(25, usual=10), deadline=None)
@given(st.data())
def test_rounding_does_not_hide_a_candidate(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(ZOO))
    wanted = data.draw(st.sampled_from(all_candidates(name)))
    assume(wanted.value >= 10**6)
    thousands = (2 * wanted.value + 1000) // 2000
    written = f"{thousands // 1000}.{thousands % 1000:03} {'MB' if wanted.kind == BYTES else 'M'}"
    assert wanted.value in {match.figure.value for match in found(name, written).matches}


@pytest.mark.parametrize("name", [*ZOO, *SPECS, "swin_t", "detr_resnet50", "albert_base", "yolov3"])
def test_every_sum_adds_up(name: str) -> None:
    for each in all_candidates(name):
        total = int(each.times * sum(term.amount for term in each.terms))
        assert each.value == total // each.share


TABLES: dict[str, tuple[set[str], set[str], set[str]]] = {
    "gpt2": ({"wpe"}, {"wte"}, {"lm_head"}),
    "vit_b_16": ({"pos_embedding.embedding"}, set(), set()),  # not class_token.token, which is put in front
    "bert_base": ({"position_embeddings"}, {"word_embeddings", "token_type_embeddings"}, set()),
    "whisper_tiny": ({"positional_embedding"}, {"token_embedding"}, {"logits"}),
    "detr_resnet50": ({"query_embed"}, set(), set()),  # learnt positions of the decoder
    "llama_2_7b": (set(), {"embed_tokens"}, set()),  # they rotate
    "convnext_tiny": (set(), set(), set()),
    "t5_small": (  # distances, the same for every sample
        {"source_bias.relative_attention_bias", "target_bias.relative_attention_bias"},
        {"shared"},
        {"lm_head"},
    ),
}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("batch", [1, 3])
def test_tables_are_told_by_the_graph(name: str, batch: int) -> None:
    tables_of = tables(analyze(archcost.load(name), Settings(batch=batch)).graph)
    assert tuple({table.path for table in each} for each in tables_of) == TABLES[name]


@pytest.mark.parametrize(
    ("declared", "positions"),
    [
        ("where: {shape: [6], dtype: int64}", False),  # as good as tokens
        ("where: {shape: [6], dtype: int64, batch: false}", True),  # the same for every sample
        ("position_ids: {shape: [6], dtype: int64}", True),  # by its name alone
    ],
)
def test_indices_tell_positions(declared: str, positions: bool) -> None:
    name = declared.partition(":")[0]
    text = f"""
archcost: 1
inputs:
  tokens: {{shape: [6], dtype: int64}}
  {declared}
layers:
  - {{id: words, embedding: {{num_embeddings: 50, embedding_dim: 4}}, from: tokens}}
  - {{id: places, embedding: {{num_embeddings: 6, embedding_dim: 4}}, from: {name}}}
  - {{add: , from: [words, places]}}
"""
    found_tables = tables(analyze(loads(text)).graph)
    assert [table.path for table in found_tables.positions] == ["places"] * positions
    assert [table.path for table in found_tables.others] == ["words", "places"][: 2 - positions]


def test_scales_of_channels_are_no_positions() -> None:
    text = """
archcost: 1
input: [8, 4, 4]
layers:
  - conv2d: {out_channels: 8, kernel_size: 1}
  - {id: shift, parameter: {shape: [8, 1, 1]}}
  - {id: places, parameter: {shape: [1, 8, 4, 4]}}
  - {id: scale, parameter: {shape: [8, 4, 4]}}
  - {id: shifted, add: , from: [conv2d, shift, places]}
  - {mul: , from: [shifted, scale]}
"""
    assert [table.path for table in tables(analyze(loads(text)).graph).positions] == ["places"]


# What torchprofile 0.1.0 printed of the modules that archcost builds.
MEASURED = {
    "convnext_tiny": 4_460_650_752,
    "efficientnet_b0": 394_869_216,
    "googlenet": 1_585_081_344,
    "gpt2": 145_843_814_400,
    "gru_lm": 525_000_000,
    "lstm_lm": 1_785_000_000,
    "maxvit_t": 5_581_603_584,
    "mobilenet_v3_small": 58_211_416,
    "resnet18": 1_816_557_568,
    "swin_t": 4_495_723_008,
    "swin_v2_t": 5_948_514_048,
    "t5_small": 35_802_841_088,
    "unet": 167_322_556_672,
    "vit_b_32": 4_410_146_352,
    "wav2vec2_base": 6_913_978_160,
    "xception": 8_378_542_696,
    "yolov3": 33_008_614_912,
}


@pytest.mark.parametrize("name", MEASURED)
def test_torchprofile(name: str) -> None:
    assert read(report_of(name), TORCHPROFILE).total == MEASURED[name]


def test_torchprofile_fails_on_grouped_queries() -> None:
    assert "query and key differ" in read(report_of("tinyllama_1_1b"), TORCHPROFILE).failure


@pytest.mark.parametrize(
    ("text", "value", "digits", "kinds"),
    [
        ("4.1 GFLOPs", 4_100_000_000, 2, ((MACS, FLOPS),)),
        ("4.1GMACs", 4_100_000_000, 2, ((MACS,), (FLOPS,))),
        ("1.5 billion multiply-adds", 1_500_000_000, 2, ((MACS,), (FLOPS,))),
        ("569 million MAdds", 569_000_000, 3, ((MACS,), (FLOPS,))),
        ("Total params: 2,538", 2538, 4, ((PARAMS,),)),
        ("25.6M parameters", 25_600_000, 3, ((PARAMS,),)),
        ("12.9B active params", 12_900_000_000, 3, ((PARAMS,),)),
        ("12.9B", 12_900_000_000, 3, ()),
        ("1.8e9", 1_800_000_000, 2, ()),
        ("0.39B FLOPs", 390_000_000, 2, ((MACS, FLOPS),)),
        ("97.5 MB", 97_500_000, 3, ((BYTES,),)),
        ("93 MiB", 93 * 2**20, 2, ((BYTES,),)),
        ("112 Ki", 112 * 1024, 3, ()),
        ("3.8×10⁹", 3_800_000_000, 2, ()),
        ("3.8 × 10⁹ FLOPs", 3_800_000_000, 2, ((MACS, FLOPS),)),
        ("3.8 x 10^9", 3_800_000_000, 2, ()),
        ("3.8*10**9 MACs", 3_800_000_000, 2, ((MACS,), (FLOPS,))),
        ("3.80 · 10^{9}", 3_800_000_000, 3, ()),
        ("25.6×10^6 params", 25_600_000, 3, ((PARAMS,),)),
        ("3.8e9 FLOPs", 3_800_000_000, 2, ((MACS, FLOPS),)),
        ("~4.1G", 4_100_000_000, 2, ()),
        ("≈ 4.1 GFLOPs", 4_100_000_000, 2, ((MACS, FLOPS),)),
        ("MACs: ~4.1G", 4_100_000_000, 2, ((MACS,), (FLOPS,))),
        ("about 25.6 million params", 25_600_000, 3, ((PARAMS,),)),
        ("102.23M bytes", 102_230_000, 5, ((BYTES,),)),
        ("102,228,128 bytes", 102_228_128, 9, ((BYTES,),)),
        ("97.5 megabytes", 97_500_000, 3, ((BYTES,),)),
        ("4.1 gigaflops", 4_100_000_000, 2, ((MACS, FLOPS),)),
        ("25 557 032", 25_557_032, 8, ()),
        ("25\u202f557\u202f032 params", 25_557_032, 8, ((PARAMS,),)),
    ],
)
def test_figures_are_read(text: str, value: int, digits: int, kinds: tuple[tuple[str, ...], ...]) -> None:
    written = parse_written(text)
    assert written.number * written.decimal == value
    assert (written.digits, written.kinds) == (digits, kinds)


@given(st.text(alphabet="0123456789.,_-+eEkMGTBi ¹٣ :=paramsflop×⁹⁻^~", max_size=12))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(UsageError):
        assert parse_written(text).number > 0


@pytest.mark.parametrize(
    "text",
    [
        *("", "params", "M", "4.1 apples", "-3M", "0 params", "1e999999", "4.1 ms", "9" * 101, "1e999", "1e-999"),
        *("3.8×10", "3.8×10^", "3.8×109", "3.8×10^9.5", "3.8×10⁹⁹⁹⁹", "×10⁹", "4~2", "4 ~200", "~", "25 55 032", "1 2"),
    ],
)
def test_what_is_no_figure(text: str) -> None:
    with pytest.raises(UsageError):
        parse_written(text)


@pytest.mark.parametrize("text", ["1e30", "1e-30 MB", "1e30E", "0.001", "1e-9 params"])
@pytest.mark.parametrize("format_name", ["text", "json", "markdown"])
def test_figures_of_any_size_are_told(text: str, format_name: str, run: Callable[..., Run]) -> None:
    result = run("reconcile", "conv1x1", "--with", "torch", "--published", text, "--format", format_name)
    assert (result.code, result.err) == (0, "")


def test_a_figure_without_terms_is_nothing() -> None:
    assert figure("nothing", 0, PARAMS, ()).value == 0


def test_the_model_is_analysed_once_a_setting() -> None:
    calls: list[tuple[Any, ...]] = []

    def analyse(changed: Mapping[str, Any], *, training: bool) -> Report:
        calls.append((*changed.items(), training))
        return report_of("resnet50", tuple(sorted(changed.items())), training=training)

    search(parse_written("3.8G"), analyse)
    assert len(calls) == len(set(calls)) == 2 + 1 + len(RESOLUTIONS) - 1  # as it is, in training; stride_in_1x1
