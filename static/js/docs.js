"use strict";
// Swagger UI in the theme of the person, and a first request that works.

// Draws Swagger UI from our own document; no outside validator is asked.
const swagger = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
  defaultModelsExpandDepth: 0,
  docExpansion: "list",
});

// Swagger UI knows one class; the person's choice may be the system's.
const system = matchMedia("(prefers-color-scheme: dark)");
const root = document.documentElement;
function paint() {
  const chosen = root.dataset.theme;
  root.classList.toggle("dark-mode", chosen === "dark" || (chosen !== "light" && system.matches));
}
system.addEventListener("change", paint);
paint();

const make = document.getElementById("first-token");
const send = document.getElementById("first-send");
const answer = document.getElementById("first-answer");
let access = "";

function say(text) {
  document.getElementById("first-say").textContent = text;
}

async function problemOf(response) {
  try {
    return (await response.json()).detail;
  } catch {
    return "That did not work.";
  }
}

// What a server that is gone makes of a request is a sentence too.
async function ask(path, options) {
  try {
    return await fetch(path, { cache: "no-store", credentials: "omit", ...options });
  } catch {
    say("No answer: is the server still running?");
    return null;
  }
}

make.addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = JSON.stringify(Object.fromEntries(new FormData(make)));
  const headers = { "Content-Type": "application/json" };
  const response = await ask("/api/token", { method: "POST", headers, body });
  if (!response) return;
  if (!response.ok) {
    say(await problemOf(response));
    return;
  }
  const pair = await response.json();
  access = pair.access;
  make.elements.password.value = "";
  swagger.preauthorizeApiKey("bearer", access);
  send.hidden = false;
  say(`A token for ${Math.round(pair.expires_in / 60)} minutes. "Try it out" below sends it, too.`);
  send.querySelector("button").focus();
});

send.addEventListener("submit", async (event) => {
  event.preventDefault();
  const response = await ask("/api/me", { headers: { Authorization: `Bearer ${access}` } });
  if (!response) return;
  const told = ["content-type", "etag", "x-request-id"]
    .filter((name) => response.headers.has(name))
    .map((name) => `${name}: ${response.headers.get(name)}`);
  const content = JSON.stringify(await response.json(), null, 2);
  answer.textContent = [`${response.status} ${response.statusText}`, ...told, "", content].join("\n");
  answer.hidden = false;
  say(response.ok ? "It works." : "The token is no longer good: make another.");
});

make.hidden = false;
