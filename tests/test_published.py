"""published/: every figure stands in the text it was read in, sums add up but for those known, and papers agree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from babelreel.corpora.registry import CORPORA
from babelreel.errors import ConfigError
from babelreel.published import NONE, Line, Published, find, published, read_tables

TABLES = list(published().values())
# Damaged in the text at hand, and taken from the paper's predecessor, which prints the same table.
MENDED = {("mumur-table-1", "MDMMT", "79.7"), ("mumur-table-1", "HT", "9.0")}


def short(method: str) -> str:
    """What of a row's name the source prints on its line."""
    if ", " in method and "(" not in method:  # a setting of ours behind the method's name
        return bare(method.rpartition(" ")[2])
    return bare(re.split(r" \(", method.rpartition(": ")[2])[0])


def bare(text: str) -> str:
    text = re.sub(r"\\(mathrm|operatorname|rm)|</?\w+>", "", text)
    return re.sub(r"[^a-z0-9]", "", text.lower())


@pytest.mark.parametrize("table", [t for t in TABLES if t.paper.seed], ids=lambda table: table.name)
def test_every_figure_stands_on_its_line_of_the_source(table: Published, data: Path) -> None:
    found = list((data.parent / "seeds").glob(f"{table.paper.seed}_*.txt"))
    if not found:
        pytest.skip("the texts that the figures were read in are not here")
    text = re.sub(r"\*\*|</?[bu]>|‡", "", found[0].read_text(encoding="utf-8"))
    lines = [(bare(line), " ".join(re.split(r"[\s|]+", line))) for line in text.splitlines()]
    for row in table.rows:
        name = short(row.method)
        runs = [f" {run.strip()} " for run in " ".join(row.figures).split(NONE) if run.strip()]
        if any(each[:2] == (table.name, row.method.split(" (")[0]) for each in MENDED):
            runs = [" " + " ".join(run.split()[:2]) + " " for run in runs]
        assert any(name in words and all(run in f" {line} " for run in runs) for words, line in lines), row


def test_the_predecessor_prints_the_same_figures() -> None:
    """Two texts of the same tables: what one of them has damaged, or was misread in one, the other tells."""
    for ours, theirs in (*((f"table-{n}", f"table-{n}") for n in range(1, 6)), ("table-7", "table-6")):
        one, two = find(f"mumur-{ours}"), find(f"mktvr-{theirs}")
        assert one.columns == two.columns
        assert [row.values for row in one.rows] == [row.values for row in two.rows]
    for table, method, value in MENDED:
        assert any(row.method.startswith(method) and value in row.figures for row in find(table).rows)


def figures(table: Published) -> Iterator[tuple[Line, dict[tuple[str, str, str], Decimal]]]:
    for row in table.rows:
        pairs = zip(table.keys, row.figures, strict=True)
        yield row, {(k.lang, k.direction, k.measure): Decimal(v) for k, v in pairs if v != NONE}


def test_sums_of_recalls_add_up_but_for_those_that_say_so() -> None:
    odd, checked = {}, 0
    for table in TABLES:
        for row, values in figures(table):
            recalls = [v for (_, _, measure), v in values.items() if measure.startswith("R@")]
            total = next((v for (_, _, measure), v in values.items() if measure == "SumR"), None)
            if len(recalls) == 6 and total is not None:
                checked += 1
                if sum(recalls) != total:
                    odd[table.name, row.method] = str(sum(recalls))
                    assert row.note == f"SumR as printed; its recalls add up to {sum(recalls)}"
    assert checked == 6
    assert odd == {
        ("leccr-table-2", "NRCCR"): "364.7",
        ("leccr-table-2", "DCOT"): "381.6",
        ("leccr-table-3", "LECCR"): "313.1",
    }


def test_means_over_languages_are_means() -> None:
    odd = []
    for row, values in figures(find("mlmm-table-8")):
        mean = values.pop(("mean", "t2v", "R@1"))
        assert len(values) == find("mlmm-table-8").mean_of == 9
        if abs(sum(values.values()) / 9 - mean) > Decimal("0.05"):
            odd.append(row.method)
            assert f"the mean {sum(values.values()) / 9:.1f}" in row.note
    assert odd == ["SOTA"]


def test_recall_grows_with_k_but_for_what_says_so() -> None:
    odd = set()
    for table in TABLES:
        for row, values in figures(table):
            for lang, direction, _ in values:
                some = [values.get((lang, direction, f"R@{k}")) for k in (1, 5, 10)]
                if None not in some and some != sorted(some):  # type: ignore[type-var]
                    odd.add((table.name, row.method.split(" (")[0]))
                    assert "R@10 as printed" in row.note
    assert odd == {("mumur-table-1", "CLIP"), ("mktvr-table-1", "CLIP")}


def test_what_notes_say_of_other_tables_is_so() -> None:
    def line(table: str, method: str, setting: str = "") -> dict[str, Decimal]:
        rows = [
            values
            for row, values in figures(find(table))
            if row.method.startswith(method) and setting in ("", row.setting)
        ]
        return {lang: value for (lang, _, _), value in rows[0].items()}

    ours = line("leccr-table-1-multi30k", "MURAL*")
    assert ours == {lang: 6 * line("mlmm-table-1-multi30k", "MURAL", "zero-shot")[lang] for lang in ours}
    ours, theirs = line("leccr-table-1-multi30k", "MLA*"), line("mlmm-table-6-multi30k", "MLA", "English")
    assert {lang: ours[lang] - 6 * theirs[lang] for lang in ours} == {"de": 0, "fr": Decimal("-0.6"), "cs": 0}
    zero = line("mlmm-table-1-multi30k", "M3P", "zero-shot")
    assert line("leccr-table-1-multi30k", "M3P*")["cs"] == 6 * zero["de"]
    tuned = line("mlmm-table-1-multi30k", "M3P", "English")
    best, cited = line("mlmm-table-8", "SOTA"), line("mumur-table-7", "XLM- R + MMP")
    assert {lang: best[lang] - cited[lang] for lang in cited if best[lang] != cited[lang]} == {"cs": Decimal("1.1")}
    assert line("mumur-table-8", "M3P") == {lang: tuned[lang] for lang in ("de", "fr", "cs")}


def test_headlines_are_those_of_the_papers_here() -> None:
    def all_of(names: tuple[str, ...]) -> set[tuple[str, str, str]]:
        return {
            (bare(row.method), column, figure)
            for name in names
            for row in find(name).rows
            for column, figure in zip(find(name).columns, row.figures, strict=True)
        }

    for headline, papers in (
        ("headline-vatex", ("leccr-table-2",)),
        ("headline-msrvtt-cn", ("leccr-table-3",)),
        ("headline-msrvtt-multilingual-zero-shot", ("mumur-table-7",)),
    ):
        known = all_of(papers)
        for method, column, figure in all_of((headline,)):
            assert figure == NONE or (method, column, figure) in known
    assert all(row.own is False for t in TABLES if t.name.startswith("headline") for row in t.rows)


def test_every_table_says_what_it_is_of() -> None:
    assert len(TABLES) == 37
    assert len({table.name for table in TABLES}) == 37
    for table in TABLES:
        assert set(table.corpora) <= set(CORPORA), table.name
        assert table.rows
        assert table.paper.about in table.source
        assert table.number in table.source
        own = [row.own for row in table.rows]
        assert any(own) or table.taken, table.name
        assert all(own) or table.taken, f"{table.name}: where do the others' figures come from?"
        for name in re.findall(
            r"\w+-table-[\w-]*\w", " ".join([table.note, table.taken, *(row.note for row in table.rows)])
        ):
            assert find(name)
        if any(key.lang == "mean" for key in table.keys):
            assert table.mean_of


def test_names_that_are_not_there() -> None:
    with pytest.raises(ConfigError, match=r"no published table 'mumur-table-9'. There is: .*leccr-table-2"):
        find("mumur-table-9")


@pytest.mark.parametrize(
    ("columns", "values", "message"),
    [
        ('["de R@1"]', "1.0", "a column reads .* found 'de R@1'"),
        ('["de both R@1"]', "1.0", "found 'de both R@1'"),
        ('["de t2v SumR"]', "1.0", "found 'de t2v SumR'"),
        ('["de t2v R@1"]', "1.0 2.0", "M needs 1 figures"),
        ('["de t2v R@1"]', "7.9.7", "M needs 1 figures .* found '7.9.7'"),
    ],
)
def test_tables_that_are_wrong(columns: str, values: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    path.write_text(
        f'[paper]\nabout = "p"\n[[tables]]\nname = "t"\nnumber = "1"\nabout = "a"\ncorpora = []\nsplit = "test"\n'
        f'columns = {columns}\nrows = [{{ method = "M", values = "{values}" }}]\n'
    )
    with pytest.raises(ConfigError, match=message):
        read_tables(path)
