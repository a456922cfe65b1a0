// How well each frame of a window matches, as a strip of colour from its first second to its last.

import { clock, spoken } from "./words.js";

// Fill `strip`, an element with role="img", from a hit; `seek` is called with the second that is clicked.
// `moment` is the second that is marked. Returns a function that shows how far the film has come.
export function drawStrip(strip, hit, moment, seek) {
  const { start, end, frames } = hit;
  strip.replaceChildren();
  strip.hidden = hit.kind !== "video" || !(end > start);
  if (strip.hidden) return () => {};
  const place = (time) => 100 * Math.min(1, Math.max(0, (time - start) / (end - start)));
  strip.style.backgroundImage = `linear-gradient(to right, ${stops(frames, place)})`;
  const best = frames.length ? `, best at ${spoken(moment)}` : "";
  strip.ariaLabel = `How well it matches from ${spoken(start)} to ${spoken(end)}${best}`;
  strip.title = `${clock(start)} – ${clock(end)}`;
  mark(strip, "peak").style.left = `${place(moment)}%`;
  const head = mark(strip, "head");
  strip.onclick = (event) => {
    const box = strip.getBoundingClientRect();
    seek(start + ((end - start) * (event.clientX - box.left)) / box.width);
  };
  return (time) => {
    head.hidden = time < start || time > end;
    head.style.left = `${place(time)}%`;
  };
}

function stops(frames, place) {
  const tint = (weight) => `color-mix(in oklab, var(--heat) ${Math.round(100 * weight * weight)}%, var(--cold))`;
  const points = frames.map(([time, weight]) => `${tint(weight)} ${place(time).toFixed(2)}%`);
  if (points.length < 2) return `${tint(frames.length ? 1 : 0)} 0% 100%`;
  return points.join(", ");
}

function mark(strip, name) {
  const element = document.createElement("span");
  element.className = name;
  element.hidden = name === "head";
  return strip.appendChild(element);
}
