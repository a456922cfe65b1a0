"""The page in a real browser, before a real server and an index of generated clips."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from babelreel.corpora.playground.generate import generate
from babelreel.corpora.playground.render import FPS
from babelreel.index.build import build_index, describe_index
from babelreel.index.open import create_index, open_index
from babelreel.index.query import Answer, Query
from babelreel.index.search import Searcher
from babelreel.media.windows import Windows
from babelreel.model import Model
from babelreel.serve.app import create_app
from babelreel.serve.settings import Settings

CHROMIUM = shutil.which("chromium")
ARABIC, CHINESE = "قلب أخضر كبير", "一颗绿色的大爱心"
STILLS = 30  # more than a page of hits
TOKEN = "a-token-of-the-tests"
PHONE = {"width": 360, "height": 720}
ROLES = ("link", "button", "searchbox", "textbox", "combobox", "radio", "slider", "dialog", "navigation", "image")

pytestmark = [
    pytest.mark.xdist_group("page"),
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: make browser"),
]


@pytest.fixture(scope="module")
def library(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("page")
    generate(root / "films", 6, 0, ("en",))
    (root / "stills").mkdir()
    pixels = np.random.default_rng(0).integers(0, 255, (STILLS, 12, 16, 3), dtype=np.uint8)
    for n in range(STILLS):
        name = f"a photograph with a long name {n:02}.png"
        Image.fromarray(pixels[n]).resize((160, 120)).save(root / "stills" / name)
    index = create_index(root / "index", describe_index(model, Windows(length=1.0)))
    build_index([root / "films", root / "stills"], model, index)
    index.close()
    return root


@contextmanager
def serving(index: Path, model: Model, settings: Settings) -> Iterator[str]:
    """The address of a server of an index."""
    app = create_app(Searcher(index, model), settings)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def address(library: Path, model: Model, settings: Settings) -> Iterator[str]:
    with serving(library / "index", model, settings) as address:
        yield address


@pytest.fixture(scope="module")
def ask(library: Path, model: Model) -> Callable[..., Answer]:
    """What the page shall show: the first 24 of an answer."""
    searcher = Searcher(library / "index", model)
    return lambda text=None, k=24, **more: searcher.search(Query(text, k=k, **more))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Opens pages; in the end, nothing that they said was an error, so that also no policy was violated."""
    contexts, said = [], []

    def open_page(path: str = "/", base: str = address, **options: Any) -> Page:
        context = browser.new_context(base_url=base, **{"reduced_motion": "reduce"} | options)
        contexts.append(context)
        context.set_default_timeout(8000)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [line for line in said if not line.startswith("Failed to load resource")] == []


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
    assert "open=" not in page.url


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
