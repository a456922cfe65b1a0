"""The demo's table: every run on the same test clips, and what each part brings, with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from babelreel.evaluate import Evaluation, breakdown
from babelreel.metrics import Difference, joined, measure, paired
from babelreel.progress import Report
from babelreel.training.validate import measure_run
from babelreel.types import Corpus, Direction

SEEN = ("en", "fr")  # with video
# run -> how the table calls it
NAMES = {
    "clip": "CLIP, English stills",
    "mkd": "+ MKD, parallel text",
    "clip4clip": "CLIP4Clip, clips en",
    "mumur-english": "MuMUR, clips en",
    "mumur-mean": "MuMUR en fr, no DCM",
    "mumur": "MuMUR, clips en fr",
}
# (what, one run, minus another, in which languages)
QUESTIONS = (
    ("MKD beside the English CLIP", "mkd", "clip", "ten"),
    ("English clips, CLIP4Clip", "clip4clip", "clip", "en"),
    ("Clips in en and fr, MuMUR", "mumur", "mkd", "en"),
    ("", "mumur", "mkd", "fr"),
    ("", "mumur", "mkd", "ten"),
    ("The multilingual branch", "mumur", "mumur-english", "en"),
    ("", "mumur", "mumur-english", "fr"),
    ("", "mumur", "mumur-english", "ten"),
    ("The DCM", "mumur", "mumur-mean", "en"),
    ("", "mumur", "mumur-mean", "fr"),
    ("", "mumur", "mumur-mean", "ten"),
)


def measure_runs(folder: Path, runs: Sequence[str], test: Corpus, report: Report) -> dict[str, Evaluation]:
    """Each run on the test clips, over one store of the frozen backbone's features."""
    found = {}
    for done, name in enumerate(runs, start=1):
        found[name] = measure_run(folder / "runs" / name, test, "test", folder / "cache")
        report(done, len(runs))
    return found


def tables(found: dict[str, Evaluation], test: Corpus) -> str:
    """R@1 by language and run, both ways; the differences; and what a twin differs in."""
    some = next(iter(found.values()))
    zero_shot = [lang for lang in test.langs if lang not in SEEN]
    queries = some.row("en", "t2v").queries
    lines = [f"{len(test)} test clips, {queries} queries a language; R@1 in %; fr has captions of the training clips,"]
    lines += ["the ten languages right of it have none (zero-shot)", ""]
    lines += [*_grid(found, "t2v", "text to video", zero_shot), ""]
    lines += [*_grid(found, "v2t", "video to text", zero_shot), ""]
    lines += ["What each part brings, text to video, with 95 % intervals of the paired difference", ""]
    lines += [f"{'':28}{'':5}{'R@1':>21}{'R@10':>24}"]
    for what, one, two, where in QUESTIONS:
        langs = zero_shot if where == "ten" else [where]
        ours, other = (joined([found[name].ranks[lang, "t2v"] for lang in langs]) for name in (one, two))
        told = "".join(f"  {_told(paired(ours, other, name))}" for name in ("R@1", "R@10"))
        lines.append(f"{what:28}{where:>4} {told}".rstrip())
    lines.append(f"of {2 * len(QUESTIONS)} such intervals about one misses 0 by chance alone")
    lines += ["", *_by_twin(found["mumur"], test)]
    return "\n".join(lines)


def _grid(found: dict[str, Evaluation], direction: Direction, title: str, zero_shot: list[str]) -> list[str]:
    langs = [*SEEN, *zero_shot]
    head = "".join(f"{lang:>6}" for lang in SEEN) + "  |" + "".join(f"{lang:>6}" for lang in zero_shot)
    lines = [f"{title:22}{head}  | mean of ten"]
    chances = [next(iter(found.values())).row(lang, direction).chance["R@1"] for lang in langs]
    values = {"chance": chances} | {
        NAMES[name]: [found[name].row(lang, direction).measures["R@1"] for lang in langs] for name in NAMES
    }
    for name, row in values.items():
        cells = [f"{value:6.1f}" for value in row]
        mean = sum(row[len(SEEN) :]) / len(zero_shot)
        lines.append(f"{name:22}{''.join(cells[:2])}  |{''.join(cells[2:])}  |{mean:6.1f}")
    return lines


def _told(found: Difference) -> str:
    word = "gain" if found.low > 0 else "loss" if found.high < 0 else "-"
    return f"{found.value:+5.1f} ({found.low:+5.1f} {found.high:+5.1f}) {word:4}"


def _by_twin(found: Evaluation, test: Corpus) -> list[str]:
    """What a model that averages frames sees, and what not."""
    parts = breakdown(found, test, "differs_in", "en", "t2v")
    said = ", ".join(f"{value} {measure(ranks)['R@1']:.0f}" for value, ranks in parts.items() if value != "-")
    return [
        "MuMUR's R@1 in English by what a near twin of the clip differs in:",
        f"  {said}",
        "  (it sees frames without their order and hears nothing: heading, order and sound are left to luck)",
    ]
