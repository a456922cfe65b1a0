// The search form: its fields are the parameters of the page's address, beside a picture that no address can hold.

import { language, percent } from "./words.js";

const form = document.querySelector("#search");
const fields = form.elements;
const sample = document.querySelector("#sample");
const panel = document.querySelector("#panel");
const toggle = document.querySelector("#filters");
const NAMES = ["q", "like", "unlike", "kind", "folder", "lasts", "after", "before", "lang", "threshold"];
const FILTERS = ["unlike", "folder", "lasts", "after", "before", "lang", "threshold"];
const USUAL = "0.5"; // the least certainty, where hits have one
const PAGE = 24; // hits
const LANGS = ["ar", "cs", "de", "en", "es", "fr", "ja", "pt", "ru", "sw", "vi", "zh"]; // beside those of the index

// The parameters that a search has, of those in an address.
export function known(params) {
  return new URLSearchParams([...params].filter(([name, value]) => NAMES.includes(name) && value));
}

export const isAsked = (params, image) => Boolean(params.get("q")?.trim() || params.get("like") || image);

// Whether only hits of some certainty are wanted: where hits have one, and that is for a text alone.
export function isChosen(params, image, calibrated) {
  return calibrated && params.has("q") && !params.has("like") && !params.has("unlike") && !image;
}

export const threshold = (params) => Number(params.get("threshold") ?? USUAL);

// Address and body of the request for a page of hits.
export function request(params, image, calibrated, offset) {
  const asked = new URLSearchParams(params);
  const [shortest, longest] = (asked.get("lasts") ?? "-").split("-");
  asked.delete("lasts");
  if (Number(shortest)) asked.set("shortest", shortest);
  if (longest) asked.set("longest", longest);
  if ((shortest || longest) && !asked.has("kind")) asked.set("kind", "video");
  asked.delete("threshold");
  if (isChosen(params, image, calibrated)) asked.set("threshold", String(threshold(params)));
  asked.set("k", String(PAGE));
  asked.set("offset", String(offset));
  if (!image) return [`/api/search?${asked}`, undefined];
  const body = new FormData();
  for (const [name, value] of asked) body.append(name, value);
  body.append("image", image);
  return ["/api/search", body];
}

// What the form holds, as parameters; what is as usual is left out.
export function readForm() {
  const params = known(new URLSearchParams([...new FormData(form)].filter(([, value]) => typeof value === "string")));
  if (params.get("threshold") === USUAL) params.delete("threshold");
  return params;
}

// Show a search in the form, and the picture that it is by.
export function fillForm(params, image) {
  offer(fields.folder, params.get("folder"), params.get("folder"));
  offer(fields.lang, params.get("lang"), language(params.get("lang")));
  for (const name of NAMES) {
    if (name !== "kind") fields[name].value = params.get(name) ?? (name === "threshold" ? USUAL : "");
  }
  for (const radio of fields.kind) radio.checked = radio.value === (params.get("kind") ?? ""); // Chromium sets no ""
  showThreshold();
  const count = FILTERS.filter((name) => params.has(name)).length;
  toggle.querySelector(".count").textContent = count || "";
  toggle.ariaLabel = count ? `Filters, ${count} in use` : "Filters";
  const like = params.get("like");
  sample.hidden = !like && !image;
  const picture = sample.querySelector("img");
  if (picture.src.startsWith("blob:")) URL.revokeObjectURL(picture.src);
  picture.hidden = false;
  picture.onerror = () => (picture.hidden = true); // the index may not hold it any longer
  if (image) picture.src = URL.createObjectURL(image);
  else if (like) picture.src = `/thumbnails/${encodeURIComponent(like)}`;
  else picture.removeAttribute("src");
  sample.querySelector("span").textContent = image ? "Like this image" : "Like this";
  fields.q.placeholder = sample.hidden ? "What happens in the moment?" : "and in words?";
}

// What there is to choose from.
export function offerStock({ folders, langs, calibrated }) {
  for (const folder of folders) offer(fields.folder, folder, folder);
  const spoken = [...new Set([...LANGS, ...langs])].map((lang) => [language(lang), lang]).sort();
  for (const [text, lang] of spoken) offer(fields.lang, lang, text);
  document.querySelector("#certainty").hidden = !calibrated;
}

function offer(select, value, text) {
  if (!value || [...select.options].some((option) => option.value === value)) return;
  select.add(new Option(text, value));
}

function showThreshold() {
  form.querySelector("output").textContent = percent(Number(fields.threshold.value));
}

// `search` is called when the form is to be searched by, `forget` when its picture goes, `image` with a new one,
// `refuse` with a file that is none.
export function onForm({ search, forget, image, refuse }) {
  const take = (file) => (file.type.startsWith("image/") ? image(file) : refuse(file));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    search(true);
  });
  form.addEventListener("change", (event) => {
    if (event.target === fields.q) return; // Enter searches
    if (event.target.type === "file") {
      if (event.target.files.length) take(event.target.files[0]);
      event.target.value = "";
    } else {
      search(false);
    }
  });
  fields.threshold.addEventListener("input", showThreshold);
  document.querySelector("#forget").addEventListener("click", () => {
    fields.like.value = "";
    forget();
    fields.q.focus();
  });
  document.querySelector("#reset").addEventListener("click", () => {
    for (const name of FILTERS) fields[name].value = name === "threshold" ? USUAL : "";
    search(false);
  });
  toggle.addEventListener("click", () => {
    panel.hidden = !panel.hidden;
    toggle.ariaExpanded = String(!panel.hidden);
  });
  onDrop(take);
}

function onDrop(take) {
  const veil = document.querySelector("#drop");
  const carries = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragenter", (event) => carries(event) && (veil.hidden = false));
  addEventListener("dragleave", (event) => event.relatedTarget === null && (veil.hidden = true));
  addEventListener("dragover", (event) => carries(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    veil.hidden = true;
    if (!carries(event)) return;
    event.preventDefault();
    if (event.dataTransfer.files.length) take(event.dataTransfer.files[0]);
  });
  addEventListener("paste", (event) => {
    const file = [...event.clipboardData.files].find((one) => one.type.startsWith("image/"));
    if (!file) return;
    event.preventDefault();
    take(file);
  });
}
