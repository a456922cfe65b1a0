// The page: its address says what is searched for and what is open, and every step is a link to an address.

import { ask, Problem } from "./api.js";
import { makeCard, stopPreview } from "./card.js";
import { fillForm, isAsked, isChosen, known, offerStock, onForm, readForm, request, threshold } from "./form.js";
import { onKeys } from "./keys.js";
import { closePlayer, onLeave, openPlayer } from "./player.js";
import { address, language } from "./words.js";

const KEPT = 20; // answers, so that going back is at once
const find = (selector) => document.querySelector(selector);
const [list, status, problem, nothing] = ["#hits", "#status", "#problem", "#nothing"].map(find);
const [more, weaker, main] = ["#more", "#weaker", "#results"].map(find);
const images = new Map(); // number in the history -> file: no address holds a picture
const kept = new Map(); // key -> answer
let stock = { folders: [], langs: [], calibrated: false };
let running = new AbortController();
let here = { key: null, params: new URLSearchParams(), hits: [], cards: [], ready: Promise.resolve() };

// Follow an address. `image` is the number of the picture that is searched by, `fresh` asks again what is known.
function go(url, { image = null, replace = false, fresh = false } = {}) {
  const opening = new URL(url, location.href).searchParams.has("open");
  const opened = opening && (!replace || Boolean(history.state?.opened));
  history[replace ? "replaceState" : "pushState"]({ image, opened }, "", url);
  const before = here;
  show(fresh);
  if (here !== before) scrollTo(0, 0);
}

// Show what the address and the history say.
async function show(fresh = false) {
  const params = known(new URLSearchParams(location.search));
  const image = images.get(history.state?.image) ?? null;
  const key = `${params} ${image ? history.state.image : ""}`;
  fillForm(params, image);
  if (!new URLSearchParams(location.search).has("open")) closePlayer();
  if (fresh || key !== here.key) {
    running.abort();
    running = new AbortController();
    stopPreview();
    here = (!fresh && kept.get(key)) || { key, params, image, hits: [], cards: [], more: false };
    if (here.ready) draw(here);
    else here.ready = begin(here);
  }
  const mine = here;
  await mine.ready;
  if (mine === here) await showOpen(mine);
}

async function begin(search) {
  if (!isAsked(search.params, search.image)) {
    draw(search);
  } else if (await load(search)) {
    kept.set(search.key, search);
    if (kept.size > KEPT) kept.delete(kept.keys().next().value);
    if (document.activeElement === document.body) main.focus({ preventScroll: true });
  }
}

// Ask for the next hits of a search and show them; whether that went well.
async function load(search) {
  const { signal } = running;
  document.body.classList.remove("home");
  document.body.classList.add("busy");
  main.ariaBusy = "true";
  problem.hidden = true;
  const busy = (seconds) => (status.textContent = `The server is busy. Trying again in ${seconds} s …`);
  try {
    await ready;
    signal.throwIfAborted();
    const [path, body] = request(search.params, search.image, stock.calibrated, search.hits.length);
    const answer = await ask(path, { body, signal, busy });
    search.answer = answer;
    search.hits.push(...answer.hits);
    search.cards.push(...answer.hits.map((hit) => makeCard(hit, search.params, open)));
    draw(search);
    return true;
  } catch (error) {
    if (error.name === "AbortError") return false;
    if (!search.hits.length) draw(search);
    complain(error);
    return false;
  } finally {
    if (!signal.aborted) {
      document.body.classList.remove("busy");
      main.ariaBusy = "false";
    }
  }
}

function complain(error) {
  if (!(error instanceof Problem)) console.error(error);
  problem.textContent = error instanceof Problem ? error.message : "Something on this page went wrong.";
  problem.hidden = false;
}

// Put an answer on the page, or none.
function draw({ params, image, hits, cards, answer }) {
  const chosen = isChosen(params, image, stock.calibrated) && threshold(params) > 0;
  document.body.classList.toggle("home", !isAsked(params, image));
  document.body.classList.remove("busy");
  document.title = params.has("q") ? `${params.get("q")} – babelreel` : "babelreel";
  problem.hidden = true;
  list.replaceChildren(...cards);
  more.hidden = !answer?.more;
  weaker.hidden = !answer || answer.more || !chosen;
  weaker.href = address(params, { threshold: "0" });
  nothing.hidden = !answer || hits.length > 0;
  nothing.querySelector("h2").textContent = chosen ? "No good match" : "Nothing found";
  nothing.querySelector("p").textContent = chosen
    ? "Nothing here fits this well enough. There may be weaker matches."
    : "Nothing in the index passes the filters.";
  status.textContent = answer ? summary(answer, hits.length, nothing.querySelector("h2").textContent) : "";
  find("#q").lang = answer?.lang ?? ""; // the same characters look otherwise in Chinese and in Japanese
}

function summary(answer, count, none) {
  const said = count === 1 ? "1 match" : `${answer.more ? "The first " : ""}${count} matches`;
  const parts = [count ? said : none];
  if (answer.lang) parts.push(`read as ${language(answer.lang)}`);
  parts.push(`${Math.round(answer.took_ms)} ms`);
  return parts.join(" · ");
}

// Open what the address names, if it does: a hit, or else an entry of the index.
async function showOpen(search) {
  const params = new URLSearchParams(location.search);
  const id = params.get("open");
  if (id === null) return;
  const at = params.has("at") ? Number(params.get("at")) : undefined;
  const place = search.hits.findIndex((hit) => hit.id === id);
  const around = place < 0 ? [] : [search.hits[place - 1], search.hits[place + 1]];
  try {
    const hit = search.hits[place] ?? (await entry(id));
    if (new URLSearchParams(location.search).get("open") === id) {
      openPlayer(hit, Number.isFinite(at) ? at : undefined, { params: search.params, around });
    }
  } catch (error) {
    complain(error);
  }
}

async function entry(id) {
  const item = await ask(`/api/items/${encodeURIComponent(id)}`);
  return { ...item, moment: item.start, frames: [], moments: [] };
}

function follow(event) {
  const link = event.target.closest?.("a[data-go]");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  const opens = new URL(link.href).searchParams.has("open");
  go(link.href, { image: opens ? history.state?.image : null, replace: "replace" in link.dataset });
}

const open = (url) => go(url, { image: history.state?.image });

function leavePlayer() {
  const params = new URLSearchParams(location.search);
  if (!params.has("open")) return; // another address was followed, which closed it
  if (history.state?.opened) history.back();
  else go(address(params, { open: null, at: null }), { image: history.state?.image, replace: true });
}

async function loadMore() {
  const before = here.cards.length;
  more.disabled = true;
  await load(here);
  more.disabled = false;
  here.cards[before]?.querySelector(".picture").focus();
}

function search(fresh, image = history.state?.image) {
  const params = readForm();
  if (isAsked(params, images.get(image))) go(address(params), { image, fresh });
}

function searchByImage(file) {
  images.set(images.size + 1, file);
  go(address(readForm(), { q: null, like: null, unlike: null, lang: null, threshold: null }), { image: images.size });
}

async function takeStock() {
  try {
    stock = await ask("/api/info");
    offerStock(stock);
    const held = [[stock.videos, "video"], [stock.images, "image"]].filter(([n]) => n);
    const said = held.map(([n, word]) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`);
    find(".stock").textContent = said.length ? `${said.join(" and ")} to look in` : "The index is empty.";
  } catch (error) {
    complain(error);
  }
}

const ready = takeStock();
document.addEventListener("click", follow);
more.addEventListener("click", loadMore);
addEventListener("popstate", () => show());
onLeave(leavePlayer);
onKeys();
onForm({
  search,
  forget: () => (isAsked(readForm(), null) ? search(false, null) : go("/")),
  image: searchByImage,
  refuse: (file) => complain(new Problem(`${file.name} is no image. Only an image can be searched by.`)),
});
show();
