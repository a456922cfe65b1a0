// Requests to the server. What is wrong comes as a sentence, a busy server is asked again, and where a token is
// needed it is asked for and the request goes on.

const TRIES = 6; // of a request that a busy server puts off
const LONGEST_WAIT = 30; // seconds

// Something to tell the user, as it is.
export class Problem extends Error {}

// The JSON that the server answers. `body` makes it a POST; `busy` is told the seconds until the next try.
// Throws a Problem, or an AbortError once `signal` was given.
export async function ask(path, { body, signal, busy = () => {} } = {}) {
  for (let tries = 1; ; tries++) {
    const response = await reach(path, { method: body ? "POST" : "GET", body, signal });
    if (response.ok) return response.json();
    if (response.status === 401) {
      await login();
    } else if (response.status === 503 && tries < TRIES) {
      const seconds = Math.min(Number(response.headers.get("Retry-After")) || 1, LONGEST_WAIT);
      busy(seconds);
      await pause(seconds, signal);
    } else {
      throw new Problem(await sentence(response));
    }
  }
}

// Why a file is not shown, asked for by its first byte only.
export async function why(path) {
  const response = await reach(path, { headers: { Range: "bytes=0-0" } });
  if (response.ok) return "This browser cannot play the file.";
  return sentence(response);
}

async function reach(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem("The server cannot be reached. Is it still running?");
  }
}

async function sentence(response) {
  try {
    return (await response.json()).error;
  } catch {
    return `The server answered with ${response.status} ${response.statusText}.`;
  }
}

function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, 1000 * seconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

let asking = null; // several requests may need the token: it is asked for once

function login() {
  asking ??= enter().finally(() => (asking = null));
  return asking;
}

function enter() {
  const dialog = document.querySelector("#login");
  const form = dialog.querySelector("form");
  const wrong = dialog.querySelector(".wrong");
  return new Promise((resolve, reject) => {
    form.onsubmit = async (event) => {
      event.preventDefault();
      wrong.textContent = "";
      try {
        const response = await reach("/login", { method: "POST", body: new URLSearchParams(new FormData(form)) });
        if (!response.ok) throw new Problem(await sentence(response));
        form.reset();
        resolve();
        dialog.close();
      } catch (error) {
        wrong.textContent = error.message;
        form.elements.token.select();
      }
    };
    dialog.onclose = () => reject(new Problem("This server needs its token. Load the page again to enter it."));
    dialog.showModal();
  });
}
