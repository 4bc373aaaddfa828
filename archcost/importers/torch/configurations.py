"""Models of transformers from a configuration on the disk: random weights, no code but the library's, no network."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from inspect import signature
from typing import TYPE_CHECKING, Any, NamedTuple

import transformers
from transformers.models.auto import modeling_auto

from archcost.errors import UsageError, did_you_mean
from archcost.files import FileError
from archcost.importers.sources import content_of
from archcost.importers.torch.foreign import Foreign
from archcost.importers.torch.samples import RunInputs, SampleInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from archcost.files import Files
    from archcost.importers.sources import ImportSource

_MAX_BYTES = 2**22
_FILE = "config.json"
_NAME_IT = "name the config.json of a model, or its folder"
_LAYERS = ("layers", "depth", "blocks")
_MAX_LAYERS = 2_000
_FEWER = "write fewer into a copy of the file: what each of them costs is the same"
_MAX_COUNT = 1_000_000  # of labels, heads and so on
_LISTING = '`python -c "import transformers; print(*transformers.CONFIG_MAPPING)"` lists the types'
TOKENS = 128  # of a text, where a model takes as many
SAMPLES = 16_000  # of a sound: a second
PIXELS = 224  # a side of an image, where the configuration has no size


class Configured(NamedTuple):
    """A configuration, and the class of its model."""

    config: Any
    model: Any


def read_config(source: ImportSource, files: Files | None) -> Configured:
    """The configuration at a path, or in the folder there; raises UsageError for what the library does not know.

    ``files`` is the tree that it must be in, unless a person named it.
    """
    path = os.path.join(source.name, _FILE) if os.path.isdir(source.name) else source.name
    data = _read(path, files)
    _refuse_giants(path, data)
    kind = data.get("model_type")
    if not isinstance(kind, str) or kind not in transformers.CONFIG_MAPPING:
        raise _unknown(path, kind, data)
    with Foreign(source.text, "read"), _quiet():
        config = transformers.CONFIG_MAPPING[kind].from_dict(data)
        config.use_cache = False  # what is kept for the next token is not what a run costs
    return Configured(config, _model_class(path, config))


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the library's advice on configurations."""
    logging = transformers.utils.logging
    before = logging.get_verbosity()
    logging.set_verbosity(logging.log_levels["critical"])
    try:
        yield
    finally:
        logging.set_verbosity(before)


def _read(path: str, files: Files | None) -> dict[str, Any]:
    try:
        data = json.loads(content_of(path, files, _MAX_BYTES))
    except FileError as error:
        raise UsageError(
            f"cannot read {path}: {error.reason}", error.help or f"{_NAME_IT}: nothing is fetched"
        ) from None
    except (ValueError, RecursionError):
        raise UsageError(f"{path} is not JSON", _NAME_IT) from None
    if not isinstance(data, dict):
        raise UsageError(f"{path} holds no configuration of a model", _NAME_IT)
    return data


def _refuse_giants(path: str, data: dict[str, Any]) -> None:
    """Raise UsageError for a model whose making would not end; a part of a configuration is looked at as the whole."""
    for key, value in data.items():
        if isinstance(value, dict):
            _refuse_giants(path, value)
        most = _MAX_LAYERS if any(word in key for word in _LAYERS) else _MAX_COUNT
        if isinstance(value, int) and value > most and (most == _MAX_LAYERS or key.startswith("num_")):
            raise UsageError(f"{path}: '{key}' is {value:,}, and at most {most:,} of them are made", _FEWER)


def _unknown(path: str, kind: Any, data: dict[str, Any]) -> UsageError:
    release = transformers.__version__
    if not isinstance(kind, str):
        return UsageError(f"{path} has no 'model_type'", "name the config.json of a model of transformers")
    hint = did_you_mean(kind, transformers.CONFIG_MAPPING) or _LISTING
    if "auto_map" in data:
        hint = "the code of a repository is not run: import it yourself, and name package.module:callable"
    return UsageError(f"{path}: transformers {release} has no model_type '{kind}'", hint)


def _model_class(path: str, config: Any) -> Any:
    """The class that the configuration names under ``architectures``; else the bare model of its type."""
    named = [name for name in getattr(config, "architectures", None) or () if isinstance(name, str)]
    for name in named:
        found = getattr(transformers, name, None)
        if isinstance(found, type) and issubclass(found, transformers.PreTrainedModel):
            return found
    if named:
        raise UsageError(
            f"{path}: transformers {transformers.__version__} has no model '{named[0]}'",
            "leave 'architectures' out for the bare model of its type",
        )
    with Foreign(path, "looked up"):
        return transformers.AutoModel._model_mapping[type(config)]  # noqa: SLF001 - the table behind from_config


def build(configured: Configured) -> Any:
    """A model with random weights, in the dtype of the configuration."""
    with _quiet():
        return configured.model._from_config(configured.config)  # noqa: SLF001 - as AutoModel.from_config does it


def sample_of(configured: Configured) -> RunInputs | None:
    """What the model takes at least, by its main input; None for what no rule says.

    A text has 128 tokens, a sound lasts a second, or as much as the configuration fixes. A model of text and images
    that compares both takes both.
    """
    config, model = configured
    arguments = signature(model.forward).parameters
    wanted = [model.main_input_name]
    if config.model_type in modeling_auto.MODEL_FOR_ZERO_SHOT_IMAGE_CLASSIFICATION_MAPPING_NAMES:
        wanted += [name for name in ("input_ids", "pixel_values") if name in arguments and name not in wanted]
    if getattr(config, "is_encoder_decoder", False) and "decoder_input_ids" in arguments:
        wanted.append("decoder_input_ids")
    inputs = []
    for name in wanted:
        rule = _RULES.get(name)
        shape = rule(config) if rule is not None else None
        if shape is None:
            return None
        inputs.append(SampleInput(name, shape, "int64" if name.endswith("_ids") else _dtype(config), keyword=True))
    return RunInputs(tuple(inputs))


def _dtype(config: Any) -> str:
    """The dtype of the weights, which floating inputs have."""
    return str(getattr(config, "dtype", None) or "float32").removeprefix("torch.")


def _find(config: Any, *names: str, parts: tuple[str, ...] = ()) -> Any:
    """The first of the names that a configuration, or one of its parts, has."""
    for each in (config, *[getattr(config, part, None) for part in parts]):
        for name in names:
            found = getattr(each, name, None)
            if found is not None:
                return found
    return None


_TEXT = ("text_config", "text_encoder", "decoder", "encoder")
_VISION = ("vision_config", "image_config", "backbone_config", "encoder", "encoder_config")
_AUDIO = ("audio_config", "encoder_config", "encoder", "speech_encoder")


def _tokens(config: Any) -> tuple[int, ...]:
    """As many tokens as a usual text has, or the most that the model takes."""
    most = [
        _find(config, "max_position_embeddings", "n_positions", "max_target_positions", parts=_TEXT),
        _find(config.text_config, "max_position_embeddings") if hasattr(config, "text_config") else None,
    ]
    return (min([TOKENS, *[each for each in most if isinstance(each, int) and each > 0]]),)


def _pixels(config: Any) -> tuple[int, ...]:
    """Channels, height and width of an image; of a video the frames before them."""
    size: Any = _find(config, "image_size", "crop_size", "input_size", parts=_VISION)
    if isinstance(size, dict):
        size = [size.get("height", PIXELS), size.get("width", PIXELS)]
    height, width = (size[-2], size[-1]) if isinstance(size, (list, tuple)) and len(size) > 1 else (size, size)
    channels = _find(config, "num_channels", "in_channels", parts=_VISION) or 3
    frames = _find(config, "num_frames", "frames_per_clip")
    return (*((frames,) if frames else ()), channels, height or PIXELS, width or PIXELS)


def _waves(config: Any) -> tuple[int, ...]:
    """Samples of a sound, or frames of its spectrum, where the configuration fixes them."""
    frames, bins = _find(config, "max_length"), _find(config, "num_mel_bins")
    if frames and bins:
        return (frames, bins)
    channels = _find(config, "audio_channels")
    return (channels, SAMPLES) if channels else (SAMPLES,)


def _spectrum(config: Any) -> tuple[int, ...] | None:
    """Bands and frames of a spectrum: whisper's order where its positions fix the length, else frames first."""
    bands = _find(config, "num_mel_bins", "feature_size", "input_feat_per_channel", "num_mel_bins_input", parts=_AUDIO)
    positions = _find(config, "max_source_positions", parts=_AUDIO)
    if not bands:
        return None
    return (bands, 2 * positions) if positions and _find(config, "input_feat_per_channel") is None else (TOKENS, bands)


def _series(config: Any) -> tuple[int, ...] | None:
    length, channels = _find(config, "context_length"), _find(config, "num_input_channels")
    return (length, channels) if length and channels else None


_RULES: dict[str, Callable[[Any], tuple[int, ...] | None]] = {
    "input_ids": _tokens,
    "decoder_input_ids": _tokens,
    "pixel_values": _pixels,
    "pixel_values_videos": _pixels,
    "input_values": _waves,
    "input_features": _spectrum,
    "past_values": _series,
}
