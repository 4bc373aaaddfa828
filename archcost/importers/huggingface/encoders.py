"""Encoders of text with norms after the additions: BERT and its kin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.huggingface.common import COMMON, activation, head_size, labels
from archcost.importers.huggingface.family import Family
from archcost.importers.keys import COUNT, EPSILON, LAYERS, SHARE, SIZE, TEXT, Key, only

if TYPE_CHECKING:
    from archcost.importers.huggingface.family import KeyValues, Params

TEXT_ENCODER = "text_encoder"  # the family spec
TOKENS = 128  # that are costed unless others are asked for
HARMLESS = frozenset(
    [
        "attention_dropout",
        "attention_probs_dropout_prob",
        "classifier_dropout",
        "classifier_dropout_prob",
        "directionality",
        "down_scale_factor",
        "embedding_dropout",
        "gap_size",
        "layers_to_keep",
        "net_structure_type",
        "num_memory_blocks",
        "output_global_attention",
        "pooler_fc_size",
        "pooler_num_attention_heads",
        "pooler_num_fc_layers",
        "pooler_size_per_head",
        "pooler_type",
        "qa_dropout",
        "seq_classif_dropout",
        "sinusoidal_pos_embds",
        "summary_activation",
        "summary_last_dropout",
        "summary_type",
        "summary_use_proj",
        "gradient_checkpointing",
    ]
)


def _bert_like(values: KeyValues) -> Params:
    """The params that most of them have."""
    head_size(values, "hidden_size", "num_attention_heads")
    return {
        "layers": values["num_hidden_layers"],
        "width": values["hidden_size"],
        "heads": values["num_attention_heads"],
        "hidden": values["intermediate_size"],
        "vocabulary": values["vocab_size"],
        "activation": activation(values, "hidden_act"),
        "dropout": values["hidden_dropout_prob"],
        "eps": values["layer_norm_eps"],
        "labels": labels(values),
    } | _rows(values)


def _rows(values: KeyValues, offset: int = 0) -> Params:
    """The params of a table of positions, of which some are before the first."""
    rows = values["max_position_embeddings"]
    if rows <= offset:
        raise values.refused(
            "max_position_embeddings", f"must be more than {offset}, the rows before the first position"
        )
    return {"positions": rows, "offset": offset, "tokens": min(TOKENS, rows - offset)}


def _bert(values: KeyValues) -> Params:
    return _bert_like(values) | {"types": values["type_vocab_size"]}


def _roberta(values: KeyValues) -> Params:
    return _bert(values) | _rows(values, (values["pad_token_id"] or 0) + 1)


def _mpnet(values: KeyValues) -> Params:
    rows = _rows(values, (1 if values["pad_token_id"] is None else values["pad_token_id"]) + 1)
    return _bert_like(values) | rows | {"types": 0, "distances": values["relative_attention_num_buckets"]}


def _distilbert(values: KeyValues) -> Params:
    head_size(values, "dim", "n_heads")
    return {
        "layers": values["n_layers"],
        "width": values["dim"],
        "heads": values["n_heads"],
        "hidden": values["hidden_dim"],
        "vocabulary": values["vocab_size"],
        "activation": activation(values, "activation"),
        "dropout": values["dropout"],
        "eps": 1e-12,
        "labels": labels(values),
        "types": 0,
    } | _rows(values)


def _electra(values: KeyValues) -> Params:
    return _bert(values) | {"embedding": values["embedding_size"]}


def _albert(values: KeyValues) -> Params:
    return _electra(values) | {"projection": True, "shared": True}


def _heads(
    name: str, *, language: tuple[str, ...], classes: Params, pooler: bool, more: dict[str, Params]
) -> dict[str, Params]:
    """The classes that the library makes: ``classes`` are the params of the one that tells texts apart."""
    without: Params = {"pooler": False}
    known: dict[str, Params] = {"Model": {"pooler": pooler, "head": "none"}}
    known |= {end: without | {"head": "language"} for end in language}
    known |= {end: without | {"head": "classifier"} for end in ("ForTokenClassification", "ForQuestionAnswering")}
    known["ForSequenceClassification"] = without | classes
    return {name + end: params for end, params in (known | more).items()}


_POOLED: Params = {"pooler": True, "head": "pooled_classifier"}
_PRETRAINING: Params = {"pooler": True, "head": "pretraining"}
_BERT = COMMON | {
    "vocab_size": Key(SIZE, 30522),
    "hidden_size": Key(SIZE, 768),
    "num_hidden_layers": Key(LAYERS, 12),
    "num_attention_heads": Key(SIZE, 12),
    "intermediate_size": Key(SIZE, 3072),
    "hidden_act": Key(TEXT, "gelu"),
    "hidden_dropout_prob": Key(SHARE, 0.1),
    "layer_norm_eps": Key(EPSILON, 1e-12),
    "max_position_embeddings": Key(SIZE, 512),
    "type_vocab_size": Key(SIZE, 2),
    "tie_word_embeddings": Key(only(True), True),
    "position_embedding_type": Key(only("absolute"), "absolute"),
}
_ROBERTA = _BERT | {"vocab_size": Key(SIZE, 50265), "pad_token_id": Key(COUNT, 1)}
_ROBERTA_LANGUAGE = ("ForMaskedLM", "ForCausalLM")


def _dense(word: str) -> Params:
    return {"head": "dense_classifier", "head_activation": word}


BERT = Family(
    TEXT_ENCODER,
    _BERT,
    _bert,
    _heads(
        "Bert",
        language=("ForMaskedLM", "LMHeadModel"),
        classes=_POOLED,
        pooler=True,
        more={"ForPreTraining": _PRETRAINING | {"labels": 2}, "ForNextSentencePrediction": _POOLED | {"labels": 2}},
    ),
    HARMLESS,
)
ROBERTA = Family(
    TEXT_ENCODER,
    _ROBERTA,
    _roberta,
    _heads("Roberta", language=_ROBERTA_LANGUAGE, classes=_dense("tanh"), pooler=True, more={}),
    HARMLESS,
)
XLM_ROBERTA = Family(
    TEXT_ENCODER,
    _ROBERTA | {"vocab_size": Key(SIZE, 30522)},
    _roberta,
    _heads("XLMRoberta", language=_ROBERTA_LANGUAGE, classes=_dense("tanh"), pooler=True, more={}),
    HARMLESS,
)
DISTILBERT = Family(
    TEXT_ENCODER,
    COMMON
    | {
        "vocab_size": Key(SIZE, 30522),
        "dim": Key(SIZE, 768),
        "n_layers": Key(LAYERS, 6),
        "n_heads": Key(SIZE, 12),
        "hidden_dim": Key(SIZE, 3072),
        "activation": Key(TEXT, "gelu"),
        "dropout": Key(SHARE, 0.1),
        "max_position_embeddings": Key(SIZE, 512),
        "tie_word_embeddings": Key(only(True), True),
    },
    _distilbert,
    _heads("DistilBert", language=("ForMaskedLM",), classes=_dense("relu"), pooler=False, more={}),
    HARMLESS,
    {"hidden_size": "dim", "num_attention_heads": "n_heads", "num_hidden_layers": "n_layers"},
)
ELECTRA = Family(
    TEXT_ENCODER,
    _BERT
    | {
        "embedding_size": Key(SIZE, 128),
        "hidden_size": Key(SIZE, 256),
        "num_attention_heads": Key(SIZE, 4),
        "intermediate_size": Key(SIZE, 1024),
    },
    _electra,
    _heads(
        "Electra",
        language=_ROBERTA_LANGUAGE,
        classes=_dense("gelu"),
        pooler=False,
        more={"ForPreTraining": {"pooler": False, "head": "discriminator"}},
    ),
    HARMLESS,
)
ALBERT = Family(
    TEXT_ENCODER,
    _BERT
    | {
        "vocab_size": Key(SIZE, 30000),
        "embedding_size": Key(SIZE, 128),
        "hidden_size": Key(SIZE, 4096),
        "num_hidden_groups": Key(only(1), 1),
        "inner_group_num": Key(only(1), 1),
        "num_attention_heads": Key(SIZE, 64),
        "intermediate_size": Key(SIZE, 16384),
        "hidden_act": Key(TEXT, "gelu_new"),
        "hidden_dropout_prob": Key(SHARE, 0.0),
    },
    _albert,
    _heads("Albert", language=("ForMaskedLM",), classes=_POOLED, pooler=True, more={"ForPreTraining": _PRETRAINING}),
    HARMLESS,
)
MPNET = Family(
    TEXT_ENCODER,
    {name: key for name, key in _ROBERTA.items() if name != "type_vocab_size"}
    | {"vocab_size": Key(SIZE, 30527), "relative_attention_num_buckets": Key(SIZE, 32)},
    _mpnet,
    _heads("MPNet", language=("ForMaskedLM",), classes=_dense("tanh"), pooler=True, more={}),
    HARMLESS,
)
