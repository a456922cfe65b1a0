"""A model of ours as a folder that sentence-transformers opens: a run folder with the two files that it asks for.

    SentenceTransformer("folder", trust_remote_code=True).encode(["ein Hund springt ins Wasser"])

The code is that of the installed babelreel, which the folder's modules.json names; the folder holds none. It stays a
run: `babelreel.load` opens it as before.
"""

from __future__ import annotations

import json
from pathlib import Path

from babelreel import __version__
from babelreel.atomic import atomic_path
from babelreel.errors import ModelError
from babelreel.methods import METHODS, method_class
from babelreel.methods.base import Method
from babelreel.model import Model
from babelreel.runs import is_run, read_run_info, save_run

MODULE = "babelreel.integrations.sentence_transformers.BabelreelModule"


def require_one_vector(method: Method) -> None:
    """Refuse a method whose score is more than the product of two vectors: other libraries know no other.

    Raises:
        ModelError: when it scores by frames, or cannot be saved.
    """
    if method.scored != ("pooled",) or type(method).score is not Method.score:
        raise ModelError(
            f"A {type(method).__name__} scores a query against every frame, which one vector an item cannot carry. "
            "Other libraries compare single vectors: take a model that scores by them, such as CLIP4Clip."
        )


def export_sentence(model: Model, folder: Path) -> None:
    """Write a model for sentence-transformers.

    Raises:
        ModelError: when it scores by frames, is a sentence-transformers model already, or other files are in the way.
    """
    require_one_vector(model.method)
    if type(model.method) not in map(method_class, METHODS):
        raise ModelError(f"{model.source} is a sentence-transformers model already.")
    if folder.is_dir() and any(folder.iterdir()) and not is_run(folder):
        raise ModelError(f"{folder} holds other files than a run. Name a new folder.")
    source = Path(model.source)
    save_run(model.method, folder, read_run_info(source).made if is_run(source) else {"from": model.title})
    config = {
        "__version__": {"babelreel": __version__}, "model_type": "SentenceTransformer", "prompts": {},
        "default_prompt_name": None, "similarity_fn_name": "cosine",
    }  # fmt: skip
    modules = [{"idx": 0, "name": "0", "path": "", "type": MODULE}]
    for name, content in (("config_sentence_transformers.json", config), ("modules.json", modules)):
        with atomic_path(folder / name) as temporary:
            temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    if (source / "README.md").is_file() and not (folder / "README.md").exists():
        (folder / "README.md").write_bytes((source / "README.md").read_bytes())
