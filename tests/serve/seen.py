"""What is done with a page, and what is seen on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect
from process import in_thread

from babelreel.index.query import Answer
from babelreel.index.search import Searcher
from babelreel.model import Model
from babelreel.serve.app import create_app
from babelreel.serve.settings import Settings

ARABIC, CHINESE = "قلب أخضر كبير", "一颗绿色的大爱心"


@contextmanager
def serving(index: Path, model: Model, settings: Settings) -> Iterator[str]:
    """The address of a server of an index."""
    with in_thread(create_app(Searcher(index, model), settings)) as address:
        yield address


def search(page: Page, text: str) -> None:
    page.fill("#q", text)
    page.press("#q", "Enter")
    settled(page)


def settled(page: Page) -> None:
    """Wait for the answer to what was just asked."""
    expect(page.locator("#results")).to_have_attribute("aria-busy", "false")
    expect(page.locator("#status")).to_contain_text("ms")


def names(page: Page) -> list[str]:
    return page.locator("#hits .name").all_inner_texts()


def until(page: Page, selector: str, condition: str, value: float = 0) -> None:
    """Wait for what a function of an element and a number says; the policy forbids the page to evaluate texts."""
    for _ in range(400):
        if page.locator(selector).evaluate_all(f"(all, value) => all.some(v => {condition})", value):
            return
        page.wait_for_timeout(20)
    raise AssertionError(f"{selector} never became {condition} of {value}")


def shown_at(page: Page) -> float:
    """The second at which the player stands."""
    until(page, "#player video", "v.readyState >= 2 && !v.seeking")
    return float(page.locator("#player video").evaluate("v => v.currentTime"))


def film_of(answer: Answer) -> tuple[int, Any]:
    return next((n, hit) for n, hit in enumerate(answer) if hit.kind == "video" and hit.moments)
