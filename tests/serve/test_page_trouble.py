"""The page in a real browser, where there is no answer, no leave, or no time."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, Route, expect
from seen import film_of, names, search, serving, settled

from babelreel.index.open import open_index
from babelreel.index.query import Answer
from babelreel.model import Model
from babelreel.serve.settings import Settings

TOKEN = "a-token-of-the-tests"


def test_no_good_match_is_an_answer(
    open_page: Callable[..., Page], library: Path, model: Model, settings: Settings, tmp_path: Path
) -> None:
    shutil.copytree(library / "index", tmp_path / "index")
    index = open_index(tmp_path / "index")
    index.note("calibration", {"": [-3.0, 0.0, 0.0]})
    index.close()
    with serving(tmp_path / "index", model, settings) as address:
        page = open_page("/?q=a+heart", address)
        settled(page)
        expect(page.locator("#nothing")).to_contain_text("No good match")
        page.get_by_role("link", name="Show weaker matches").click()
        expect(page.locator("#hits .card")).to_have_count(24)
        expect(page.locator("#hits .sure").first).to_have_text("5 %")
        page.click("#filters")
        page.get_by_label("Least certainty").fill("0.25")
        expect(page.locator("#hits .card")).to_have_count(0)
        assert "threshold=0.25" in page.url


def test_a_token_is_asked_for(open_page: Callable[..., Page], library: Path, model: Model, tmp_path: Path) -> None:
    with serving(library / "index", model, Settings(token=TOKEN, cache=tmp_path)) as address:
        page = open_page("/?q=a+heart", address)
        field = page.get_by_label("Token", exact=True)
        field.fill("a-wrong-token-of-tests")
        field.press("Enter")
        expect(page.locator("#login .wrong")).to_have_text("That is not the token of this server.")
        field.fill(TOKEN)
        field.press("Enter")
        settled(page)
        expect(page.locator("#hits .card")).to_have_count(24)
        expect(page.locator("#login")).to_be_hidden()


def test_a_busy_server_is_asked_again_and_a_refusal_is_a_sentence(open_page: Callable[..., Page]) -> None:
    page, seen = open_page(), []

    def once(route: Route) -> None:
        seen.append(route.request.url)
        if len(seen) == 1:
            route.fulfill(status=503, headers={"Retry-After": "1"}, json={"error": "Too much to do."})
        else:
            route.continue_()

    page.route("**/api/search*", once)
    page.fill("#q", "a heart")
    page.press("#q", "Enter")
    expect(page.locator("#status")).to_have_text("The server is busy. Trying again in 1 s …")
    expect(page.locator("#hits .card")).to_have_count(24)
    assert len(seen) == 2
    page.goto("/?like=nothing")
    expect(page.locator("#problem")).to_contain_text("nothing")
    expect(page.locator("#hits .card")).to_have_count(0)


def test_a_new_search_cancels_the_one_before(open_page: Callable[..., Page], ask: Callable[..., Answer]) -> None:
    page, held, failed = open_page(), [], []
    page.on("requestfailed", lambda request: failed.append(request.url))
    page.route("**/api/search?q=slow*", lambda route: held.append(route))
    page.fill("#q", "slow")
    page.press("#q", "Enter")
    expect(page.locator("body")).to_have_class("busy")
    search(page, "a heart")
    assert [url for url in failed if "q=slow" in url]
    assert names(page) == [Path(hit.path).name for hit in ask("a heart")]


def test_why_a_file_is_not_shown_is_told(
    open_page: Callable[..., Page], ask: Callable[..., Answer], tmp_path: Path
) -> None:
    page, (place, hit) = open_page("/?q=a+heart"), film_of(ask("a heart"))
    settled(page)
    away = Path(hit.path).rename(tmp_path / "away.mp4")
    try:
        page.locator("#hits .picture").nth(place).click()
        expect(page.locator("#player .wait")).to_contain_text(f"{Path(hit.path).name} cannot be opened")
    finally:
        away.rename(hit.path)
