// A hit in the grid: its picture, which plays from the moment while it is pointed at, the strip, and what to do next.

import { drawStrip } from "./strip.js";
import { address, calm, clock, percent, spoken } from "./words.js";

const HESITATION = 300; // milliseconds, so that a pointer passing by loads nothing
const UNSURE = 0.5; // confidence below which a hit is shown as a weak one
const ALIKE = { q: null, unlike: null, lang: null, threshold: null, open: null, at: null };

// A list item for a hit; `params` is the search it belongs to, `open` follows an address.
export function makeCard(hit, params, open) {
  const card = document.querySelector("#card").content.firstElementChild.cloneNode(true);
  const find = (selector) => card.querySelector(selector);
  const opened = (at) => address(params, { open: hit.id, at: at === undefined ? null : at.toFixed(2) });
  const picture = find(".picture");
  picture.href = opened();
  const image = find("img");
  image.onload = () => fit(image, find("canvas"));
  image.src = hit.thumbnail;
  const film = hit.kind === "video";
  picture.ariaLabel = film ? `${hit.name}, play from ${spoken(hit.moment)}` : `${hit.name}, image`;
  find(".time").textContent = film ? clock(hit.moment) : "Image";
  drawStrip(find(".strip"), hit, hit.moment, (time) => open(opened(time)));
  find(".name bdi").textContent = hit.name;
  find(".name").title = hit.name;
  find(".where bdi").textContent = hit.folder;
  find(".where").title = hit.folder;
  showConfidence(find(".sure"), hit.confidence);
  const alike = find(".alike");
  alike.href = address(params, { ...ALIKE, like: hit.id });
  alike.ariaLabel = `More like ${hit.name}`;
  fillMoments(find(".moments"), [...hit.moments].sort((a, b) => a.time - b.time), opened);
  if (film) previewOn(picture, hit);
  return card;
}

// A picture that loses next to nothing by it is cut to the card's 4 : 3. Another stands before a few large pixels of
// itself: as good as blurred, and drawn once.
function fit(image, behind) {
  const shape = image.naturalWidth / image.naturalHeight;
  image.classList.toggle("fits", shape > 1.15 && shape < 1.55);
  behind.getContext("2d").drawImage(image, 0, 0, behind.width, behind.height);
}

export const alikeAddress = (params, id) => address(params, { ...ALIKE, like: id });

// Links to other moments; `opened` gives the address of a second.
export function fillMoments(list, moments, opened, current) {
  list.hidden = !moments.length;
  list.replaceChildren(
    ...moments.map((moment) => {
      const item = document.createElement("li");
      const link = item.appendChild(document.createElement("a"));
      link.href = opened(moment.time);
      link.dataset.go = "";
      link.textContent = clock(moment.time);
      link.ariaLabel = `Play from ${spoken(moment.time)}`;
      if (current !== undefined && Math.abs(moment.time - current) < 0.01) link.setAttribute("aria-current", "true");
      return item;
    }),
  );
}

function showConfidence(place, confidence) {
  place.hidden = confidence === null;
  if (place.hidden) return;
  place.textContent = percent(confidence);
  place.title = "How sure this is a match; it means the same in every language";
  place.classList.toggle("weak", confidence < UNSURE);
}

const film = document.createElement("video"); // one for all cards: one film plays at a time
film.muted = true;
film.playsInline = true;
film.tabIndex = -1;
film.ariaHidden = "true";
film.addEventListener("playing", () => film.classList.add("on"));
let waiting = 0;

function previewOn(picture, hit) {
  const begin = () => {
    stopPreview();
    if (!calm()) waiting = setTimeout(play, HESITATION, picture, hit);
  };
  picture.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && begin());
  picture.addEventListener("focus", () => picture.matches(":focus-visible") && begin());
  picture.addEventListener("pointerleave", stopPreview);
  picture.addEventListener("blur", stopPreview);
}

function play(picture, hit) {
  const begin = () => (film.currentTime = hit.moment);
  film.onloadedmetadata = begin;
  film.ontimeupdate = () => film.currentTime > hit.end && begin();
  film.onended = () => film.play().catch(stopPreview);
  film.src = hit.media;
  picture.append(film);
  film.play().catch(() => {}); // a film that cannot be shown leaves its picture
}

export function stopPreview() {
  clearTimeout(waiting);
  film.classList.remove("on");
  film.pause();
  film.remove();
  film.removeAttribute("src");
  film.load();
}
