"""A recipe is one complete experiment: a TOML file, read into these dataclasses with all its mistakes at once.

[method]
name = "clip4clip"
[method.vision]
source = "path/or/hub-id"
[data]
corpus = "flickr8k"
[training]
epochs = 30
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from babelreel.config import from_dict
from babelreel.data.sampler import Mixing
from babelreel.errors import ConfigError
from babelreel.media.augment import Augmentation
from babelreel.methods import METHODS, method_class
from babelreel.methods.base import Method
from babelreel.training.sources import Sources
from babelreel.types import Caption

Tracker = Literal[
    "aim", "clearml", "comet_ml", "dvclive", "mlflow", "swanlab", "tensorboard", "trackio", "wandb"
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class DataConfig:
    """Which corpus, which splits, which captions.

    `langs` are the languages of the queries (empty: all of the corpus), `pivot` is the language beside them for methods
    that read pairs. `mixing` draws each caption's language, or each batch's: see `data.sampler`. `captions` of each
    item stand in a batch, all of them its positives. `augment` makes random views of frames, where they are decoded at
    every step.
    """

    corpus: str
    media_root: str | None = None
    train: str = "train"
    validate: str = "val"
    langs: tuple[str, ...] = ()
    pivot: str = "en"
    mixing: Mixing = "even"
    captions: int = 1
    augment: Augmentation = field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        if self.validate.startswith("test"):  # "test1" to "test5", "test_2017_flickr" are test splits as well
            wrong = f"validate = {self.validate!r} would choose the checkpoint on the test split."
            raise ConfigError(f"{wrong} Name another split.")
        if self.validate == self.train:
            raise ConfigError(f"train and validate are both {self.train!r}: choose checkpoints on other data.")
        if self.captions < 1:
            raise ConfigError(f"captions must be at least 1, found {self.captions}.")


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """How long, how fast. `batch_size` counts items, over all processes. `scale_lr` is the learned scale's own rate.

    `patience` validations without a better one end the training early; 0 never does. With `ema` above 0 the model that
    is validated and kept is the exponential moving average of the weights, of this decay. `chunk` items are encoded at
    a time, for batches larger than memory (gradient caching); 0 takes a batch at once. `trackers` are told losses and
    validations beside the run's own log.jsonl. `rates` multiply `lr` for parameters whose names begin so, of several
    the longest: text = 0.001 moves a pretrained tower a thousand times slower than what is new, 0 not at all.
    """

    epochs: int = 10
    batch_size: int = 64
    lr: float = 1e-4
    scale_lr: float | None = None
    weight_decay: float = 0.01
    warmup: float = 0.05
    clip: float = 1.0
    precision: Literal["no", "bf16"] = "no"
    freeze_backbone: bool = True
    validate_every: int = 1
    patience: int = 0
    checkpoint_seconds: float = 60.0
    ema: float = 0.0
    chunk: int = 0
    trackers: tuple[Tracker, ...] = ()
    rates: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if any(share < 0 for share in self.rates.values()):
            raise ConfigError("rates are shares of lr, from 0.")
        if min(self.epochs, self.batch_size, self.validate_every) < 1 or self.lr <= 0 or not 0 <= self.warmup < 1:
            raise ConfigError("epochs, batch_size and validate_every start at 1, lr above 0, warmup from 0 to below 1.")
        if not 0 <= self.ema < 1 or min(self.chunk, self.patience) < 0:
            raise ConfigError("ema goes from 0 to below 1; chunk and patience start at 0.")


@dataclass(frozen=True, slots=True)
class Recipe:
    """One experiment. `method` holds the method's name and its own settings.

    `sweep` are lines of values by dotted key, such as {"method.heads": (1, 2, 4)}: see `training.sweep`. A training
    leaves them aside.
    """

    data: DataConfig
    method: dict[str, Any]
    training: TrainingConfig = field(default_factory=TrainingConfig)
    seed: int = 0
    sweep: dict[str, tuple[Any, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key, values in self.sweep.items():
            if len(values) < 2:
                raise ConfigError(f"sweep: {key!r} needs two values or more to compare, found {len(values)}.")
        if self.training.freeze_backbone and self.data.augment != Augmentation():
            raise ConfigError(
                "data.augment changes frames, but a frozen backbone's features are computed once, from plain frames. "
                "Set training.freeze_backbone = false, or leave augment out."
            )


def method_config(settings: Mapping[str, Any]) -> Any:
    """The settings of a recipe's [method] as that method's `Config`.

    Raises:
        ConfigError: when the method is unknown, or its settings have mistakes.
    """
    name = settings.get("name")
    if name not in METHODS:
        raise ConfigError(f"[method] must name one of {', '.join(METHODS)}, found {name!r}.")
    rest = {key: value for key, value in settings.items() if key != "name"}
    return from_dict(method_class(name).Config, rest, where="[method]")


def texts_in(settings: Any) -> Iterator[str]:
    """Every text among a method's settings; those that name a run's folder are what a training goes on from."""
    if isinstance(settings, str):
        yield settings
    elif isinstance(settings, Mapping | list | tuple):
        for value in settings.values() if isinstance(settings, Mapping) else settings:
            yield from texts_in(value)


def build_method(config: Any, captions: Iterable[Caption]) -> Method:
    """A method with its pretrained parts loaded and the rest at random; `captions` teach vocabularies from scratch."""
    found = next(each for each in map(method_class, METHODS) if each.Config is type(config))
    return found.from_config(config, Sources(list(captions)))
