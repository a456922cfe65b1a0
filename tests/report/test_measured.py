"""report/measured.py: a table says what it measured and on how many queries."""

from __future__ import annotations

from random_evaluations import LANGS, evaluation

from babelreel.report import to_markdown, to_text


def test_a_table_says_what_it_counts() -> None:
    result = evaluation(failed=3)
    row = result.row("zh", "t2v")
    for text in (to_text(result), to_markdown(result)):
        title = text.splitlines()[0]
        for part in ("some/model", "f00d", "corpus", "test", "seed 7", "c0ffee", "3 media failed"):
            assert part in title
        line = next(li for li in text.splitlines() if li.strip("| ").startswith("zh") and "t2v" in li)
        cells = line.replace("|", " ").split()
        assert cells[:4] == ["zh", "t2v", "40", "40"]
        assert cells[4] == f"{row.measures['R@1']:.1f}"
        assert cells[-1] == "2.50"  # one of 40, by chance
        mean = sum(result.row(lang, "v2t").measures["R@5"] for lang in LANGS) / 3
        line = next(li for li in text.splitlines() if "mean" in li and "v2t" in li)
        cells = line.replace("|", " ").split()
        assert cells[:3] == ["mean", "v2t", "120"]
        assert cells[4] == f"{mean:.1f}"
        total, average = result.summaries()["en"]
        assert f"en {total:.1f} / {average:.1f}" in text


def test_columns_stand_below_each_other() -> None:
    lines = to_text(evaluation()).splitlines()
    rules = [n for n, line in enumerate(lines) if set(line) == {"-"}]
    assert len(rules) == 3
    assert len({len(line) for line in lines[rules[0] : rules[2] + 1]}) == 1
    table = [line for line in to_markdown(evaluation()).splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in table}) == 1


def test_one_language_needs_no_mean() -> None:
    assert "mean" not in to_text(evaluation(langs=("en",)))


def test_a_random_model_is_recognised() -> None:
    random, learned = to_text(evaluation(items=200, noise=1e6)), to_text(evaluation(items=200, noise=0.1))
    said = next(line for line in random.splitlines() if "not above chance" in line)
    assert int(said.split(" in ")[1].split()[0]) >= 5
    assert "of 6 rows" in said
    assert "not above chance" not in learned
