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

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from torch import nn

from babelreel.config import from_dict
from babelreel.data.grams import learn_grams
from babelreel.data.tokenizers import TextPolicy, train_tokenizer
from babelreel.encoders.grams import GramConfig, GramEncoder
from babelreel.encoders.heads import HeadConfig
from babelreel.encoders.text import TextEncoder
from babelreel.encoders.towers import TextTower
from babelreel.encoders.vision import ViewConfig
from babelreel.errors import ConfigError
from babelreel.media.augment import Augmentation
from babelreel.media.video import Sampling
from babelreel.methods import METHODS
from babelreel.methods.base import Method
from babelreel.methods.clip4clip import CLIP4Clip
from babelreel.methods.mkd import MKD
from babelreel.methods.mumur import MuMUR
from babelreel.runs import load_run
from babelreel.training.sources import media_from, text_from

Tracker = Literal[
    "aim", "clearml", "comet_ml", "dvclive", "mlflow", "swanlab", "tensorboard", "trackio", "wandb"
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class DataConfig:
    """Which corpus, which splits, which captions.

    `langs` are the languages of the queries (empty: all of the corpus), `pivot` is the language beside them for methods
    that read pairs. `mixing` draws a caption's language evenly, or in proportion to an item's captions. `captions` of
    each item stand in a batch, all of them its positives. `augment` makes random views of frames, where they are
    decoded at every step.
    """

    corpus: str
    media_root: str | None = None
    train: str = "train"
    validate: str = "val"
    langs: tuple[str, ...] = ()
    pivot: str = "en"
    mixing: Literal["even", "proportional"] = "even"
    captions: int = 1
    augment: Augmentation = field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        if self.validate == "test":
            raise ConfigError("validate = 'test' would choose the checkpoint on the test split. Name another split.")
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
    validations beside the run's own log.jsonl.
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

    def __post_init__(self) -> None:
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


@dataclass(frozen=True, slots=True)
class VisionConfig:
    """`source` is a hub id or folder, or a run (`training.sources`); with `grid` its patches are the tokens, else what
    `view` says, of a run the views that it was trained on."""

    source: str
    grid: bool = False
    view: ViewConfig = field(default_factory=ViewConfig)


@dataclass(frozen=True, slots=True)
class TextConfig:
    """A pretrained tower (`source`: a hub id or folder, or a run), or one from scratch: pre-norm transformer layers
    over a learned vocabulary, or a bag of grams where a table `grams` is given (`encoders.grams`)."""

    source: str = ""
    layers: int = 1
    width: int = 256
    heads: int = 4
    vocabulary: int = 16_000
    max_length: int = 48
    dropout: float = 0.1
    grams: GramConfig | None = None


@dataclass(frozen=True, slots=True)
class SamplingConfig:
    """Which frames of a video are read; see `media.video.Sampling`."""

    frames: int = 12
    rate: float | None = None
    mode: Literal["uniform", "random"] = "uniform"


@dataclass(frozen=True, slots=True)
class CLIP4ClipConfig:
    """Settings of `methods.clip4clip`; without `head` a run's own comes with its vision."""

    vision: VisionConfig
    head: HeadConfig | None = None
    text: TextConfig = field(default_factory=TextConfig)
    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    scale: float = 1 / 0.07
    between_captions: float = 0.0


@dataclass(frozen=True, slots=True)
class MuMURConfig:
    """Settings of `methods.mumur`; `english` "shared" lets one tower read every language."""

    vision: VisionConfig
    head: HeadConfig | None = None
    text: TextConfig = field(default_factory=TextConfig)
    english: TextConfig | Literal["shared"] = "shared"
    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    multilingual: bool = True
    dcm: bool = True
    heads: int = 1
    dropout: float = 0.4
    similarity: Literal["cosine", "dot"] = "cosine"
    over: Literal["tokens", "frames"] = "tokens"


@dataclass(frozen=True, slots=True)
class MKDConfig:
    """Settings of `methods.mkd`; `teacher` is the folder of a trained CLIP4Clip run."""

    teacher: str
    student: TextConfig = field(default_factory=TextConfig)
    distance: Literal["l2", "mse", "cosine"] = "l2"


CONFIGS: dict[str, type] = {"clip4clip": CLIP4ClipConfig, "mumur": MuMURConfig, "mkd": MKDConfig}


def method_config(settings: Mapping[str, Any]) -> Any:
    """The settings of a recipe's [method] as the dataclass of that method.

    Raises:
        ConfigError: when the method is unknown, or its settings have mistakes.
    """
    name = settings.get("name")
    if name not in CONFIGS:
        raise ConfigError(f"[method] must name one of {', '.join(METHODS)}, found {name!r}.")
    return from_dict(CONFIGS[name], {k: v for k, v in settings.items() if k != "name"}, where="[method]")


def build_method(config: Any, texts: Iterable[str]) -> Method:
    """A method with its pretrained parts loaded and the rest at random; `texts` teach the vocabularies from scratch."""
    texts = list(texts)
    if isinstance(config, MKDConfig):
        teacher = load_run(Path(config.teacher))
        if not isinstance(teacher, CLIP4Clip):
            raise ConfigError(f"MKD's teacher must be a CLIP4Clip run; {config.teacher} holds another method.")
        return MKD(teacher, build_text(config.student, texts, teacher.text.width), config.distance)
    media = media_from(config.vision.source, config.head, config.vision.grid, config.vision.view)
    sampling = Sampling(config.sampling.frames, config.sampling.rate, config.sampling.mode)
    if isinstance(config, CLIP4ClipConfig):
        text = build_text(config.text, texts, media.width)
        method = CLIP4Clip(
            media.vision, text, sampling, media.head.config, media.use_grid, config.scale, config.between_captions
        )
        method.media = media  # with the weights of its head
        return method
    english = None if config.english == "shared" else build_text(config.english, texts, media.width, "pivot")
    return MuMUR(
        media, build_text(config.text, texts, media.width), sampling, english=english,
        multilingual=config.multilingual, dcm=config.dcm, heads=config.heads, dropout=config.dropout,
        similarity=config.similarity, over=config.over,
    )  # fmt: skip


def build_text(config: TextConfig, texts: list[str], width: int, role: str = "query") -> TextTower:
    """A text tower whose vectors have `width`: a pretrained one, of a run that which reads `role`, or from scratch."""
    if config.source:
        return text_from(config.source, role, width)
    if config.grams is not None:
        return GramEncoder(learn_grams(texts, config.grams.vocabulary), width, config.grams)
    from transformers import RobertaPreLayerNormConfig, RobertaPreLayerNormModel

    tokenizer = train_tokenizer(texts, config.vocabulary, TextPolicy(config.max_length))
    pad = tokenizer.backend.pad_token_id
    settings = RobertaPreLayerNormConfig(
        vocab_size=tokenizer.vocab_size, hidden_size=config.width, num_hidden_layers=config.layers,
        num_attention_heads=config.heads, intermediate_size=4 * config.width, hidden_dropout_prob=config.dropout,
        attention_probs_dropout_prob=config.dropout, max_position_embeddings=config.max_length + pad + 1,
        pad_token_id=pad, bos_token_id=tokenizer.backend.bos_token_id, eos_token_id=tokenizer.backend.eos_token_id,
    )  # fmt: skip
    backbone = RobertaPreLayerNormModel(settings, add_pooling_layer=False)
    return TextEncoder(backbone, tokenizer, True, nn.Linear(config.width, width))
