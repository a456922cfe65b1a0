"""What the checkpoint's own folder says and holds: its image processor, its tokenizer, its model, its weights.

They are transformers' own, loaded anew: the reference that does not share our code. A run has none of them but the
image preparation that it was trained with, which is then put into a processor of transformers.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from babelreel.encoders.published import transformers_folder
from babelreel.hub import loading, quiet, read_json, resolve
from babelreel.media.transforms import RESAMPLE, ImageSpec
from babelreel.model import Model
from babelreel.runs import is_run

FAMILIES = ("clip", "siglip", "siglip2", "metaclip_2")


@dataclass(frozen=True, slots=True)
class Published:
    """Folders of the media and of the text side; `run` where they are a run of ours."""

    media: Path
    text: Path
    run: bool

    @property
    def lower(self) -> bool:
        """Whether a model of sentence-transformers says that its texts are lower-cased."""
        return bool(self._said("sentence_bert_config.json").get("do_lower_case"))

    @property
    def max_length(self) -> int | None:
        """How many tokens a model of sentence-transformers says that it reads."""
        return self._said("sentence_bert_config.json").get("max_seq_length")

    @property
    def langs(self) -> tuple[str, ...]:
        """The languages that the card of the text side names."""
        from huggingface_hub import ModelCard

        card = self.text / "README.md"
        if not card.is_file():
            return ()
        try:
            named = ModelCard.load(card, ignore_metadata_errors=True).data.language
        except ValueError:  # a card that somebody wrote by hand
            return ()
        return (named,) if isinstance(named, str) else tuple(map(str, named or ()))

    def _said(self, name: str) -> dict[str, Any]:
        return read_json(self.text, name) if (self.text / name).is_file() else {}

    def processor(self, spec: ImageSpec) -> Any:
        """The image processor, in PIL; of a run, one that does what its `spec` says."""
        import transformers

        if not self.run and _has_processor(self.media):
            with quiet(), loading(self.media, "an image preparation"):
                return transformers.AutoImageProcessor.from_pretrained(self.media, backend="pil")
        crop = spec.policy == "crop"
        size = {"height": spec.height, "width": spec.width}
        return transformers.CLIPImageProcessorPil(
            size={"shortest_edge": spec.shortest_edge} if crop else size, do_center_crop=crop, crop_size=size,
            resample={name: number for number, name in RESAMPLE.items()}[spec.interpolation],
            image_mean=list(spec.mean), image_std=list(spec.std),
        )  # fmt: skip

    def tokenizer(self) -> Any:
        """The tokenizer of the text folder."""
        import transformers

        with quiet(), loading(self.text, "a tokenizer"):
            return transformers.AutoTokenizer.from_pretrained(self.text)


def reference(folder: Path) -> Any | None:
    """The image-text model of a folder as transformers loads it, ready to encode; None for what is none."""
    import transformers

    if kind_of(folder) not in FAMILIES:
        return None
    with quiet(), loading(folder, "an image-text model"):
        return transformers.AutoModel.from_pretrained(folder, use_safetensors=True).eval()


def published(model: Model) -> Published:
    """Where a model came from."""
    folder = resolve(model.source)
    text = model.opened_with.get("text")
    if is_run(folder):
        return Published(folder, folder, True)
    return Published(transformers_folder(folder), transformers_folder(resolve(text or folder)), False)


def kind_of(folder: Path) -> str:
    """The model_type of a folder's configuration; "" for a run and for what has none."""
    found = read_json(folder, "config.json") if (folder / "config.json").is_file() else {}
    return str(found.get("model_type", ""))


def _has_processor(folder: Path) -> bool:
    return any((folder / name).is_file() for name in ("preprocessor_config.json", "processor_config.json"))
