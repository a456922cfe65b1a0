"""The page in a real browser: what is asked is found, and shown at its moment; the address says it all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from seen import ARABIC, CHINESE, film_of, names, search, settled, shown_at, until

from babelreel.corpora.playground.render import FPS
from babelreel.index.query import Answer


@pytest.mark.parametrize(("text", "direction", "lang"), [(ARABIC, "rtl", "Arabic"), (CHINESE, "ltr", "Chinese")])
def test_a_typed_query_finds_and_a_click_plays_the_moment(
    open_page: Callable[..., Page], ask: Callable[..., Answer], text: str, direction: str, lang: str
) -> None:
    page, answer = open_page(), ask(text)
    search(page, text)
    assert names(page) == [Path(hit.path).name for hit in answer]
    assert page.evaluate("dir => document.querySelector('#q').matches(`:dir(${dir})`)", direction)
    expect(page.locator("#status")).to_contain_text(lang)
    place, hit = film_of(answer)
    assert hit.moment > 0
    page.locator("#hits .picture").nth(place).click()
    assert shown_at(page) == pytest.approx(hit.moment, abs=1 / FPS)
    expect(page.locator("#title")).to_have_text(Path(hit.path).name)
    moment = max(hit.moments, key=lambda other: abs(other.time - hit.moment))
    page.locator(f"#player .moments a[href*='at={moment.time:.2f}']").click()
    until(page, "#player video", "Math.abs(v.currentTime - value) < 0.02", moment.time)
    assert shown_at(page) == pytest.approx(moment.time, abs=1 / FPS)


def test_the_strip_shows_the_frames_weights_and_is_clicked_to_seek(
    open_page: Callable[..., Page], ask: Callable[..., Answer]
) -> None:
    page, (place, hit) = open_page(), film_of(ask(CHINESE))
    search(page, CHINESE)
    strip = page.locator("#hits .card").nth(place).locator(".strip")
    assert strip.evaluate("s => s.style.backgroundImage").count("color-mix") == len(hit.frames)
    assert "How well it matches from" in (strip.get_attribute("aria-label") or "")
    strip.scroll_into_view_if_needed()
    box = strip.bounding_box()
    assert box is not None
    strip.click(position={"x": box["width"] / 4, "y": 5})
    assert shown_at(page) == pytest.approx(hit.start + (hit.end - hit.start) / 4, abs=0.02)


def test_a_film_plays_while_it_is_pointed_at_and_when_it_is_opened(
    open_page: Callable[..., Page], ask: Callable[..., Answer]
) -> None:
    page, (place, hit) = open_page("/", reduced_motion="no-preference"), film_of(ask("a heart"))
    search(page, "a heart")
    picture = page.locator("#hits .picture").nth(place)
    picture.hover()
    until(page, "#hits video", "v.currentTime > value && !v.paused && v.muted", hit.moment)
    picture.click()
    until(page, "#player video", "v.currentTime > value", hit.moment)
    assert page.locator("#hits video").count() == 0


def test_the_address_is_the_state_so_back_and_sharing_work(open_page: Callable[..., Page]) -> None:
    page = open_page()
    search(page, "a heart")
    first = names(page)
    page.check("input[name=kind][value=image]", force=True)
    page.wait_for_url("**kind=image*")
    settled(page)
    images = names(page)
    assert images != first
    page.locator("#hits .picture").first.click()
    expect(page.locator("#player .stage img")).to_be_visible()
    shared = open_page(page.url)
    expect(shared.locator("#player .stage img")).to_be_visible()
    assert names(shared) == images
    shared.click("#close")
    shared.wait_for_url(lambda url: "open=" not in url)
    assert names(shared) == images
    page.go_back()
    expect(page.locator("#player")).to_be_hidden()
    page.go_back()
    expect(page.locator("#hits .name")).to_have_text(first)
    assert page.locator("input[name=kind]:checked").get_attribute("value") == ""
    page.go_back()
    expect(page.locator(".examples")).to_be_visible()
    page.go_forward()
    expect(page.locator("#hits .name")).to_have_text(first)


def test_the_player_steps_through_the_results_and_leaves_in_one_step(open_page: Callable[..., Page]) -> None:
    page = open_page("/?q=a+heart&kind=video")
    settled(page)
    first, second, third = names(page)[:3]
    page.locator("#hits .picture").first.click()
    expect(page.locator("#title")).to_have_text(first)
    expect(page.get_by_role("link", name="Previous result")).to_be_hidden()
    page.get_by_role("link", name="Next result").click()
    expect(page.locator("#title")).to_have_text(second)
    page.get_by_role("link", name="Next result").click()
    expect(page.locator("#title")).to_have_text(third)
    page.get_by_role("link", name="Previous result").click()
    expect(page.locator("#title")).to_have_text(second)
    page.keyboard.press("Escape")
    page.wait_for_url("**/?q=a+heart&kind=video")
    page.go_back()
    assert page.url == "about:blank"


def test_an_entry_is_opened_by_its_address_alone(open_page: Callable[..., Page], ask: Callable[..., Answer]) -> None:
    _, hit = film_of(ask(CHINESE))
    page = open_page(f"/?open={hit.id}&at={hit.moment:.2f}")
    assert shown_at(page) == pytest.approx(hit.moment, abs=1 / FPS)
    page = open_page("/?open=nothing")
    expect(page.locator("#problem")).to_contain_text("nothing")


def test_more_results_follow_and_take_the_focus(open_page: Callable[..., Page], ask: Callable[..., Answer]) -> None:
    page = open_page("/?q=a+heart")
    settled(page)
    expect(page.locator("#status")).to_contain_text("The first 24 matches")
    page.click("#more")
    expect(page.locator("#status")).to_contain_text("36 matches")
    assert names(page) == [Path(hit.path).name for hit in ask("a heart", k=36)]
    expect(page.locator("#hits .picture").nth(24)).to_be_focused()
    expect(page.locator("#more")).to_be_hidden()


def test_more_like_a_hit_and_not_like_a_text(open_page: Callable[..., Page], ask: Callable[..., Answer]) -> None:
    page, answer = open_page("/?q=a+heart"), ask("a heart")
    settled(page)
    page.get_by_role("link", name=f"More like {Path(answer[0].path).name}").click()
    page.wait_for_url("**like=*")
    settled(page)
    assert names(page) == [Path(hit.path).name for hit in ask(like=answer[0].id)]
    expect(page.locator("#sample")).to_be_visible()
    page.click("#filters")
    page.get_by_label("But not").fill("a circle")
    page.keyboard.press("Enter")
    page.wait_for_url("**unlike=*")
    settled(page)
    assert names(page) == [Path(hit.path).name for hit in ask(like=answer[0].id, unlike="a circle")]
    expect(page.locator("#filters")).to_have_accessible_name("Filters, 1 in use")
    page.click("#forget")
    expect(page.locator(".examples")).to_be_visible()
    page.go_back()
    page.locator("#hits .picture").first.click()
    page.locator("#player").get_by_role("link", name="More like this").click()
    expect(page.locator("#player")).to_be_hidden()
    settled(page)
    first = ask(like=answer[0].id, unlike="a circle")[0]
    assert names(page) == [Path(hit.path).name for hit in ask(like=first.id)]


def test_filters_narrow_the_answer(open_page: Callable[..., Page]) -> None:
    page = open_page("/?q=a+heart")
    settled(page)
    page.click("#filters")
    page.get_by_label("Folder").select_option(label=next(
        label for label in page.get_by_label("Folder").inner_text().split("\n") if label.endswith("stills")
    ))  # fmt: skip
    page.wait_for_url("**folder=*")
    settled(page)
    assert all("photograph" in name for name in names(page))
    page.click("#reset")
    page.get_by_label("Length").select_option("Up to 10 seconds")
    page.wait_for_url("**lasts=*")
    settled(page)
    expect(page.locator("#status")).to_contain_text("6 matches")
    page.get_by_label("Dated until").fill("2001-01-01")
    page.get_by_label("Dated until").press("Tab")
    expect(page.locator("#nothing")).to_contain_text("Nothing found")


GIVE = """({way, bytes}) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], "given.png", {type: "image/png"}));
  const [kind, field] = way === "drop" ? [DragEvent, "dataTransfer"] : [ClipboardEvent, "clipboardData"];
  document.body.dispatchEvent(new kind(way, {bubbles: true, cancelable: true, [field]: data}));
}"""


@pytest.mark.parametrize("way", ["choose", "drop", "paste"])
def test_an_image_is_searched_by(
    open_page: Callable[..., Page], ask: Callable[..., Answer], library: Path, way: str
) -> None:
    page, picture = open_page("/?q=a+heart"), next((library / "stills").iterdir())
    settled(page)
    if way == "choose":
        page.set_input_files("#upload", picture)
    else:
        page.evaluate(GIVE, {"way": way, "bytes": list(picture.read_bytes())})
    expect(page.locator("#sample img")).to_have_js_property("naturalWidth", 160)
    expect(page.locator("#q")).to_have_value("")
    settled(page)
    expect(page.locator("#hits .name").first).to_have_text(picture.name)
    assert names(page) == [Path(hit.path).name for hit in ask(image=picture.read_bytes())]
    page.go_back()
    expect(page.locator("#q")).to_have_value("a heart")
    page.set_input_files("#upload", library / "films" / "manifest.jsonl")
    expect(page.locator("#problem")).to_have_text("manifest.jsonl is no image. Only an image can be searched by.")
