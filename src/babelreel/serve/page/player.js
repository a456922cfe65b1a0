// The dialog in which a hit is played from its moment, or an image is shown whole.

import { why } from "./api.js";
import { alikeAddress, fillMoments, stopPreview } from "./card.js";
import { drawStrip } from "./strip.js";
import { address, calm, clock } from "./words.js";

const dialog = document.querySelector("#player");
const find = (selector) => dialog.querySelector(selector);
const [film, image, wait] = [find("video"), find(".stage img"), find(".wait")];
let shown = null; // the hit
let follow = () => {};

// Show a hit at a second, or at its moment. `around` are the hits before and after it, `params` is their search.
export function openPlayer(hit, at, { params, around }) {
  stopPreview();
  const time = at ?? hit.moment ?? hit.start ?? 0;
  const opened = (second) => address(params, { open: hit.id, at: second.toFixed(2) });
  find("#title bdi").textContent = hit.name;
  find(".where bdi").textContent = hit.folder;
  find(".where .span").textContent = hit.kind === "video" ? `${clock(time)} of ${clock(hit.duration)}` : "Image";
  find(".alike").href = alikeAddress(params, hit.id);
  for (const [link, other] of [[find("#previous"), around[0]], [find("#next"), around[1]]]) {
    link.hidden = !other;
    if (other) link.href = address(params, { open: other.id, at: null });
  }
  const own = { time: hit.moment ?? time };
  fillMoments(find(".moments"), hit.moments.length ? [own, ...hit.moments].sort((a, b) => a.time - b.time) : [], opened, time);
  for (const link of dialog.querySelectorAll(".moments a")) link.dataset.replace = "";
  follow = drawStrip(find(":scope > .strip"), hit, hit.moment ?? time, seek);
  if (hit.kind === "video") showFilm(hit, time);
  else showImage(hit);
  shown = hit;
  if (!dialog.open) {
    dialog.showModal();
    (hit.kind === "video" ? film : find("#close")).focus();
  }
}

export function closePlayer() {
  if (dialog.open) dialog.close();
}

// `left` is called when the user closes the dialog, or when `closePlayer` does.
export function onLeave(left) {
  dialog.addEventListener("close", () => {
    shown = null;
    film.pause();
    film.removeAttribute("src");
    film.load();
    image.removeAttribute("src");
    left();
  });
}

function showFilm(hit, time) {
  image.hidden = true;
  film.hidden = false;
  if (shown?.media === hit.media) {
    seek(time);
    return;
  }
  wait.textContent = "";
  film.poster = hit.thumbnail;
  film.ariaLabel = hit.name;
  film.onloadedmetadata = () => seek(time);
  film.src = hit.media;
}

function seek(time) {
  film.currentTime = time;
  if (!calm()) film.play().catch(() => {}); // a browser may want a click first: the controls are there
}

function showImage(hit) {
  film.pause();
  film.removeAttribute("src");
  film.load();
  film.hidden = true;
  image.hidden = false;
  wait.textContent = "";
  image.alt = hit.name;
  image.src = hit.media;
}

async function tell(event) {
  if (!shown || !event.target.getAttribute("src")) return;
  const hit = shown;
  const sentence = await why(hit.media).catch((error) => error.message);
  if (shown === hit) wait.textContent = sentence;
}

film.addEventListener("timeupdate", () => follow(film.currentTime));
film.addEventListener("seeked", () => follow(film.currentTime));
film.addEventListener("waiting", () => (wait.textContent = "Loading …"));
for (const name of ["playing", "seeked"]) film.addEventListener(name, () => (wait.textContent = ""));
film.addEventListener("error", tell);
image.addEventListener("error", tell);
find("#close").addEventListener("click", closePlayer);
dialog.addEventListener("click", (event) => event.target === dialog && closePlayer());
