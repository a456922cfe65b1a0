// Times, languages and places as people read them, and how the state of the page is an address.

// Seconds as 0:07, 12:30 or 1:02:03.
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n) => String(n).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

// The same for a screen reader: "1 minute 5 seconds".
export function spoken(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [[Math.floor(whole / 3600), "hour"], [Math.floor(whole / 60) % 60, "minute"], [whole % 60, "second"]];
  const said = parts.filter(([n]) => n).map(([n, unit]) => `${n} ${unit}${n === 1 ? "" : "s"}`);
  return said.join(" ") || "0 seconds";
}

export const percent = (share) => `${Math.round(100 * share)} %`;

const names = new Intl.DisplayNames(["en"], { type: "language" });

// "German" for "de"; what is no code stays as it is.
export function language(code) {
  try {
    return names.of(code);
  } catch {
    return code;
  }
}

// The address of the page with some parameters changed; null and "" take one away.
export function address(params, changes = {}) {
  const changed = new URLSearchParams(params);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") changed.delete(name);
    else changed.set(name, value);
  }
  const text = changed.toString();
  return text ? `?${text}` : "/";
}

export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
