"""Import models of transformers, a row a model type, and hold them against runs of them: docs/import-transformers.md.

    python -m benchmarks.import_transformers              # all types, then the page
    python -m benchmarks.import_transformers --page       # the page alone, from the results that there are
    python -m benchmarks.import_transformers bert gpt2    # only these, again

Each type is taken at the size of the library's default configuration, which is mostly that of the first model of its
kind. A result is a line of build/import_transformers.jsonl.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
BUILD = ROOT / "build"
RESULTS = BUILD / "import_transformers.jsonl"
PAGE = ROOT / "docs" / "import-transformers.md"

ENCODERS = "albert bert roberta xlm-roberta electra mpnet distilbert deberta-v2 modernbert esm fnet"
DECODERS = """
gpt2 gpt_neox gptj opt bloom falcon llama mistral qwen2 qwen3 gemma gemma2 gemma3_text phi phi3 olmo2 granite stablelm
starcoder2
"""
EXPERTS = "mixtral qwen2_moe qwen3_moe olmoe granitemoe phimoe glm4_moe deepseek_v3 gpt_oss ernie4_5_moe"
SEQUENCES = "t5 mt5 bart pegasus marian whisper"
IMAGES = """
vit deit beit dinov2 siglip_vision_model clip_vision_model clip siglip swin swinv2 convnext resnet segformer mobilevit
vit_mae mask2former
"""
# Some defaults leave open with which token a decoder starts.
STARTS = {"decoder_start_token_id": 0, "pad_token_id": 0}
SHORT = {"num_hidden_layers": 2}  # what runs step by step has thousands of steps a layer
TYPES: dict[str, dict[str, Any]] = {
    **{kind: {} for kind in f"{ENCODERS} {DECODERS} {EXPERTS} {IMAGES} wav2vec2 hubert".split()},
    **dict.fromkeys(SEQUENCES.split(), STARTS),
    **dict.fromkeys(("mamba", "rwkv"), SHORT),
    "esm": {"vocab_size": 33, "pad_token_id": 1},  # which its default leaves open
}

Result = dict[str, Any]


def measure(kind: str) -> Result:
    """What an import of a model type gives, beside a run of the model."""
    import archcost
    from archcost.importers.importing import Ask, import_anew
    from archcost.importers.sources import required_source
    from archcost.spec.loader import loads

    config = BUILD / "transformers" / kind / "config.json"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(json.dumps({"model_type": kind, **TYPES[kind]}))
    source = f"transformers:{config.relative_to(ROOT)}"
    started = time.process_time()
    try:
        imported = import_anew(Ask(required_source(source)))
        seconds = time.process_time() - started
        spec = loads(imported.text, name=kind)
        report = archcost.analyze(spec)
        found = archcost.verify(spec, against=source)
    except archcost.ArchcostError as error:
        return {"type": kind, "refused": str(error).replace(source, kind)}
    against = found.against
    assert against is not None
    return {
        "type": kind,
        "input": ", ".join("×".join(map(str, shape[1:])) for shape in report.inputs.values()),
        "params": report.totals.params,
        "macs": report.totals.macs,
        "lower_bound": bool(report.unknown("macs")),
        "model_params": against.other_params,
        "model_macs": against.other_macs,
        "by_formula": against.unseen_macs,
        "aligned": len(against.pairs),
        "layers": against.layers,
        "left": len(against.only_other),
        "kind_unknown": against.kind_unknown,
        "mismatches": [str(mismatch) for mismatch in found.mismatches],
        "lines": imported.text.count("\n"),
        "folded": not imported.unfolded,
        "customs": sorted({str(each.node.op.attribute("name")) for each in report.layers if each.op == "custom"}),
        "seconds": seconds,
    }


def results() -> dict[str, Result]:
    """The last result of each type."""
    if not RESULTS.exists():
        return {}
    read = [json.loads(line) for line in RESULTS.read_text().splitlines()]
    return {result["type"]: result for result in sorted(read, key=lambda result: result["type"])}


def is_equal(result: Result) -> bool:
    """Whether params, MACs, outputs and all layers are the model's."""
    totals = (result["params"], result["macs"]) == (result["model_params"], result["model_macs"])
    return totals and not result["mismatches"] and result["aligned"] == result["layers"] and not result["left"]


def page(found: dict[str, Result]) -> str:
    """docs/import-transformers.md."""
    import transformers

    imported = [each for each in found.values() if "refused" not in each]
    rows = [
        ("model types", len(found)),
        ("params, MACs and every layer equal a run of the model", sum(map(is_equal, imported))),
        ("every step is an op (no `custom`)", sum(not each["customs"] for each in imported)),
        ("in blocks, with the figures of the flat form", sum(each["folded"] for each in imported)),
        ("refused, with the reason", len(found) - len(imported)),
    ]
    lines = [
        "# What of transformers is imported",
        "",
        f"Model types of transformers {transformers.__version__}, each with the library's default configuration and",
        "input (mamba and rwkv with two layers, esm with a vocabulary), imported by",
        "`python -m benchmarks.import_transformers` and held",
        "against a run of the model by `archcost verify --against`: the params that it uses, its MACs by torch's",
        "counter, its outputs, and each layer with tensors. *By formula* are MACs of grouped products of experts,",
        "which that counter reads as 0: rows × the elements of one expert's matrix. *Layers* are those with tensors:",
        "where the last column says *equal*, each has a counterpart in the model, and the model has no other. This",
        "page is generated.",
        "",
        "| what | types |",
        "| :-- | --: |",
        *[f"| {what} | {number:,} |" for what, number in rows],
        "",
        "| type | input | params | MACs | by formula | layers | lines | custom | |",
        "| :-- | :-- | --: | --: | --: | --: | --: | :-- | :-- |",
    ]
    refused = []
    for kind, each in found.items():
        if "refused" in each:
            refused.append(f"- {kind}: {each['refused']}")
            continue
        macs = f"{'≥ ' * each['lower_bound']}{each['macs']:,}"
        formula = f"{each['by_formula']:,}" if each["by_formula"] else ""
        cells = [kind, each["input"], f"{each['params']:,}", macs, formula, f"{each['layers']:,}", each["lines"]]
        lines.append(f"| {' | '.join(map(str, cells))} | {', '.join(each['customs'])} | {_verdict(each)} |")
    if refused:
        lines += ["", "## Refused", "", *refused]
    return "\n".join(lines) + "\n"


def _verdict(result: Result) -> str:
    return "equal" if is_equal(result) else "; ".join(result["mismatches"][:1]) or "layers are left over"


def main(words: list[str]) -> None:
    if "--page" not in words:
        BUILD.mkdir(exist_ok=True)
        for kind in [word for word in words if word in TYPES] or list(TYPES):
            result = measure(kind)
            with RESULTS.open("a") as file:
                file.write(json.dumps(result) + "\n")
            print(f"{result.get('refused') or _verdict(result):12} {kind}", flush=True)
    PAGE.write_text(page(results()), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
