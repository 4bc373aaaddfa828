"""What a configuration says of weights that are saved in fewer bits: by which method, in how many, in what dtype."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.errors import shortened

if TYPE_CHECKING:
    from archcost.spec.document import Mapping

_KEY = "quantization_config"
_KEPT = ("modules_to_not_convert", "ignore", "ignored_layers", "llm_int8_skip_modules")
_SHOWN, _MOST_KEPT = 40, 3  # characters of a name, and names
_FLOAT8 = frozenset({"fp8", "fbgemm_fp8", "finegrained_fp8", "float8"})
_BITS = {"eetq": 8, "mxfp4": 4, "int8": 8, "int4": 4, "int2": 2}
_DTYPES = {(8, False): "int8", (8, True): "float8", (4, False): "int4"}


class SavedWeights(NamedTuple):
    """How weights are saved; no ``bits`` where they are not known, and no ``dtype`` where archcost has none."""

    method: str
    bits: int | None
    dtype: str
    kept: str = ""  # what is not quantized

    def __str__(self) -> str:
        how = f"in {self.bits} bits by {self.method}" if self.bits else f"by {self.method}, in unknown bits"
        return f"weights saved {how}" + (f": --weight-dtype {self.dtype}" if self.dtype else "")

    @property
    def sentence(self) -> str:
        """The same for whoever reads the spec, with what is left as it is."""
        kept = f", but those of {self.kept}" if self.kept else ""
        how = f"in {self.bits} bits by {self.method}" if self.bits else f"by {self.method}, in bits that are not known"
        way = f"--weight-dtype {self.dtype} has all matrices in it" if self.dtype else "no --weight-dtype is the same"
        return f"The weights are saved {how}{kept}. Bytes here are those of the dtype; {way}."


def saved_weights(root: Mapping) -> SavedWeights | None:
    """How the weights of a configuration are saved; None where they are as the dtype says."""
    entry = root.entries.get(_KEY)
    written = None if entry is None else entry[1].plain()
    if written is None:
        return None
    told = written if isinstance(written, dict) else {}
    method = told.get("quant_method") or told.get("quant_algo")
    method = _name(method) if isinstance(method, str) else _method_of(told)
    bits, is_float = _bits(told, method.lower())
    return SavedWeights(method, bits, _DTYPES.get((bits or 0, is_float), ""), _kept(told))


def _name(text: str) -> str:
    """A name as one line of a spec may hold it."""
    return "".join([mark if mark.isprintable() else "?" for mark in shortened(text, _SHOWN)])


def _kept(told: dict[str, Any]) -> str:
    """The first of the modules that keep their dtype."""
    named: list[Any] = next((told[key] for key in _KEPT if isinstance(told.get(key), list)), [])
    names = [_name(name) for name in named if isinstance(name, str)]
    return ", ".join(names[:_MOST_KEPT]) + " and others" * (len(names) > _MOST_KEPT)


def _method_of(told: dict[str, Any]) -> str:
    """The method of an object that does not name it: the oldest one has only its switches."""
    return "bitsandbytes" if "load_in_8bit" in told or "load_in_4bit" in told else "a method without a name"


def _bits(told: dict[str, Any], method: str) -> tuple[int | None, bool]:
    """The bits of a number, and whether it has a fraction."""
    if method in _FLOAT8:
        return 8, True
    if told.get("load_in_4bit") is True or told.get("load_in_8bit") is True:
        return (4 if told.get("load_in_4bit") is True else 8), False
    weights = _weights(told)
    named = str(weights.get("dtype") or told.get("weights") or told.get("quant_type") or "").lower()
    found = weights.get("num_bits", told.get("bits", _BITS.get(method, _BITS.get(named))))
    if found is None and ("fp8" in f"{named} {method}" or "float8" in f"{named} {method}"):
        return 8, True
    known = isinstance(found, int) and not isinstance(found, bool) and 0 < found <= 16  # noqa: PLR2004 - half a word
    return (found if known else None), weights.get("type") == "float"


def _weights(told: dict[str, Any]) -> dict[str, Any]:
    """What compressed tensors say of weights, in the first of their groups."""
    groups = told.get("config_groups")
    first = next(iter(groups.values()), None) if isinstance(groups, dict) else None
    found = first.get("weights") if isinstance(first, dict) else None
    return found if isinstance(found, dict) else {}
