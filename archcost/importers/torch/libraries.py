"""Models of libraries by their names: what makes them, without weights of others, and what they take."""

from __future__ import annotations

import os
from importlib.metadata import version
from inspect import signature
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.errors import UsageError, did_you_mean
from archcost.extras import require
from archcost.importers.torch.foreign import Foreign
from archcost.importers.torch.samples import SOLE, RunInputs, SampleInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from archcost.files import Files
    from archcost.importers.sources import ImportSource


def _version(package: str) -> str:
    return f"{package} {version(package).partition('+')[0]}"


TORCH = _version("torch")
_FRAMES = 16  # of a video
_FLOW = (512, 512)  # height and width of the images between which something flows


class Recipe(NamedTuple):
    """What makes a model, what a model takes (None: the library does not say), and the library's version."""

    build: Callable[[], Any]
    sample: Callable[[nn.Module], RunInputs | None]
    versions: tuple[str, ...]


def _torchvision(source: ImportSource, files: Files | None) -> Recipe:
    """A model of torchvision, with auxiliary heads as the published weights have them."""
    del files  # a name is all that it is given
    _need("torchvision", source)
    with Foreign(source.text, "imported"):
        from torchvision import models

    known: list[str] = models.list_models()
    if source.name not in known:
        raise _no_model(
            "torchvision", source.name, known, "from torchvision import models; print(*models.list_models())"
        )
    options: dict[str, Any] = {
        "weights": None,
        "weights_backbone": None,  # the default would be fetched
        "aux_loss": True,  # as the published weights have it
    }
    builder = models.get_model_builder(source.name)
    chosen = {key: value for key, value in options.items() if key in signature(builder).parameters}
    return Recipe(lambda: builder(**chosen), lambda model: _of_weights(source.name, model), _versions("torchvision"))


def _of_weights(name: str, model: nn.Module) -> RunInputs | None:
    """What the published weights take, by their transforms; None for what takes images of any size.

    A video has as many frames as the weights take at least, or 16, as they were trained with. A model that has a
    size of its own takes that one, and a detector a square as large as it scales the smaller side of an image to.
    Optical flow is of two images, of the size that the published figures are for.
    """
    from torchvision import models

    weights = models.get_model_weights(name)
    best = getattr(weights, "DEFAULT", None) or next(iter(weights))
    transforms = best.transforms()
    kind = type(transforms).__name__
    if kind == "OpticalFlow":
        return RunInputs(tuple([SampleInput(image, (3, *_FLOW)) for image in ("image1", "image2")]))
    size = getattr(transforms, "crop_size", None) or getattr(transforms, "resize_size", None) or _scaled_to(model)
    if not size:
        return None
    own = getattr(model, "image_size", None)
    height, width = (own, own) if own else (size[0], size[-1])
    frames = (max(best.meta.get("min_temporal_size", 0), _FRAMES),) if kind == "VideoClassification" else ()
    return RunInputs((SampleInput(SOLE, (3, *frames, height, width)),))


def _scaled_to(model: nn.Module) -> tuple[int, ...]:
    """The size that a detector scales images to; none where it is no detector."""
    within = getattr(model, "transform", None)
    return getattr(within, "fixed_size", None) or tuple(getattr(within, "min_size", ()))[-1:]


def _timm(source: ImportSource, files: Files | None) -> Recipe:
    """A model of timm by its name, with or without the tag of its weights."""
    del files  # likewise
    _need("timm", source)
    with Foreign(source.text, "imported"):
        import timm

    name = source.name.partition(".")[0]
    if not timm.is_model(name):
        raise _no_model("timm", name, timm.list_models(), "import timm; print(*timm.list_models())")

    def sample(model: nn.Module) -> RunInputs | None:
        del model  # its name says it
        usual = timm.models.get_pretrained_cfg(source.name)
        return RunInputs((SampleInput(SOLE, tuple(usual.input_size)),)) if usual is not None else None

    return Recipe(lambda: timm.create_model(source.name, pretrained=False), sample, _versions("timm"))


def _transformers(source: ImportSource, files: Files | None) -> Recipe:
    """The model that a configuration of transformers describes."""
    _need("transformers", source)
    with Foreign(source.text, "imported"):
        from archcost.importers.torch import configurations
    config = configurations.read_config(source, files)
    return Recipe(
        lambda: configurations.build(config), lambda _: configurations.sample_of(config), _versions("transformers")
    )


LIBRARIES: dict[str, Callable[[ImportSource, Files | None], Recipe]] = {
    "torchvision": _torchvision,
    "timm": _timm,
    "transformers": _transformers,
}


def _no_model(library: str, name: str, known: list[str], listing: str) -> UsageError:
    """The error for a name that a library does not have: the close ones, or how to list them all."""
    hint = did_you_mean(name, known) or f'`python -c "{listing}"` lists its {len(known):,} models'
    return UsageError(f"{library} has no model '{name}'", hint)


def _need(package: str, source: ImportSource) -> None:
    """Raise MissingExtraError without a library; let it look for nothing in the network."""
    require(package, extra="import", also=source.library)
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["TRANSFORMERS_OFFLINE"] = "1"


def _versions(package: str) -> tuple[str, ...]:
    return (_version(package),)
