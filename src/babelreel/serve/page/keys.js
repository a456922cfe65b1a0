// The keyboard: "/" goes to the search box, arrows go from picture to picture.

const box = document.querySelector("#q");
const list = document.querySelector("#hits");
const pictures = () => [...list.querySelectorAll(".picture")];

export function onKeys() {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const target = event.target;
    if (event.key === "/" && !target.closest("input:not([type=radio], [type=range]), select, textarea")) {
      event.preventDefault();
      box.focus();
      box.select();
    } else if (target === box && event.key === "ArrowDown") {
      step(event, pictures()[0]);
    } else if (target.matches(".picture") && event.key.startsWith("Arrow")) {
      step(event, neighbour(target, event.key) ?? (event.key === "ArrowUp" ? box : null));
    }
  });
}

function step(event, to) {
  event.preventDefault();
  to?.focus();
  to?.scrollIntoView({ block: "nearest" });
}

function neighbour(picture, key) {
  const all = pictures();
  const place = all.indexOf(picture);
  if (key === "ArrowLeft") return all[place - 1];
  if (key === "ArrowRight") return all[place + 1];
  const { top, left } = picture.getBoundingClientRect();
  const down = key === "ArrowDown";
  const ahead = down ? all.slice(place + 1) : all.slice(0, place).reverse();
  const beyond = ahead.filter((other) => Math.abs(other.getBoundingClientRect().top - top) > 1);
  const row = beyond.length ? beyond[0].getBoundingClientRect().top : 0;
  const there = beyond.filter((other) => Math.abs(other.getBoundingClientRect().top - row) <= 1);
  const far = (other) => Math.abs(other.getBoundingClientRect().left - left);
  return there.sort((a, b) => far(a) - far(b))[0];
}
