"""The page in a real browser, for everybody: by keyboard, read aloud, on a phone, in light and dark."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from seen import ARABIC, CHINESE, film_of, search, settled, shown_at

from babelreel.index.query import Answer

PHONE = {"width": 360, "height": 720}
ROLES = ("link", "button", "searchbox", "textbox", "combobox", "radio", "slider", "dialog", "navigation", "image")


def test_the_keyboard_alone_searches_walks_opens_and_closes(open_page: Callable[..., Page]) -> None:
    page = open_page("/?kind=video")
    page.keyboard.press("/")
    page.keyboard.type("a heart")
    page.keyboard.press("Enter")
    settled(page)
    pictures = page.locator("#hits .picture")
    page.keyboard.press("ArrowDown")
    expect(pictures.nth(0)).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(pictures.nth(1)).to_be_focused()
    columns = page.evaluate("getComputedStyle(document.querySelector('#hits')).gridTemplateColumns.split(' ').length")
    page.keyboard.press("ArrowDown")
    expect(pictures.nth(1 + columns)).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    expect(pictures.nth(0)).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#player video")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#player")).to_be_hidden()
    expect(pictures.nth(0)).to_be_focused()
    expect(page).to_have_url(re.compile("^(?!.*open=)"))


def nodes(page: Page) -> list[tuple[str, str]]:
    """Role and name of all that a screen reader finds."""
    found = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    told = [node for node in found if not node["ignored"]]
    return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in told]


def test_a_screen_reader_finds_names_and_landmarks(open_page: Callable[..., Page], ask: Callable[..., Answer]) -> None:
    page, answer = open_page(), ask(CHINESE)
    assert "Examples" in [name for role, name in nodes(page) if role == "navigation"]
    search(page, CHINESE)
    page.click("#filters")
    found = nodes(page)
    assert {"banner", "search", "main", "status", "list"} <= {role for role, _ in found}
    assert [entry for entry in found if entry[0] in ROLES and not entry[1].strip()] == []
    place, hit = film_of(answer)
    name = Path(hit.path).name
    assert any(role == "link" and name in told and "play from" in told for role, told in found)
    page.locator("#hits .picture").nth(place).click()
    shown_at(page)
    found = nodes(page)
    assert ("dialog", name) in found
    assert [entry for entry in found if entry[0] in ROLES and not entry[1].strip()] == []


def test_nothing_is_wider_than_a_phone(open_page: Callable[..., Page], ask: Callable[..., Answer]) -> None:
    wide = "[document.documentElement, document.body, ...document.querySelectorAll('dialog[open]')]" \
        ".map(e => e.scrollWidth - e.clientWidth)"  # fmt: skip
    page, (place, _) = open_page("/", viewport=PHONE, has_touch=True), film_of(ask(ARABIC))
    assert set(page.evaluate(wide)) == {0}
    search(page, ARABIC)
    page.click("#filters")
    assert set(page.evaluate(wide)) == {0}
    page.locator("#hits .picture").nth(place).tap()
    shown_at(page)
    assert page.evaluate(wide) == [0, 0, 0]
    box = page.locator("#player").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] == pytest.approx(PHONE["height"], abs=1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out_from_what_is_behind_them(open_page: Callable[..., Page], scheme: str) -> None:
    page = open_page("/", color_scheme=scheme)
    script = """name => {
      const probe = document.body.appendChild(document.createElement("i"));
      probe.style.color = `var(${name})`;
      return getComputedStyle(probe).color.match(/[\\d.]+/g).slice(0, 3).map(Number);
    }"""

    def luminance(name: str) -> float:
        channels = np.array(page.evaluate(script, name)) / 255
        linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    for text in ("--ink", "--soft", "--link"):
        for behind in ("--paper", "--raised", "--sunk"):
            dark, light = sorted([luminance(text), luminance(behind)])
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, behind)
