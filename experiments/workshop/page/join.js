/* The page of a participant, on a phone: the code, a name, a guess, and what came of it. */

import { ask, Stream } from "/static/api.js";
import { button, el, field, kept, say } from "/static/dom.js";
import { Figures, sentences } from "/static/figures.js";
import { label, number, preferred, speak, t } from "/static/words.js";

const byId = name => document.getElementById(name);
const main = byId("content");
let start = null, language = "en", shared = null, session = null, stream = null, drawn = "", figures = null, parts = {}, judged = null;
let mine = null; // {round, value}: what this phone guessed

const problem = text => { const place = byId("problem"); if (place) { place.hidden = false; say(place, text); } };
const failing = work => async event => {
  event?.preventDefault();
  const place = byId("problem");
  if (place) place.hidden = true;
  try { await work(event); } catch (refused) { problem(refused.message); }
};

function shown(...nodes) {
  figures?.end();
  figures = null;
  main.replaceChildren(...nodes.filter(Boolean), el("p", { id: "problem", class: "notice problem", role: "alert", hidden: true }));
}

// --- coming in -------------------------------------------------------------------------------

function door() {
  drawn = "door";
  const code = el("input", { type: "text", id: "code", autocomplete: "one-time-code", autocapitalize: "characters", spellcheck: "false", required: true, class: "large" });
  const enter = failing(async () => {
    await ask("/api/enter", { method: "POST", body: { code: code.value.trim() } });
    await inside();
  });
  shown(el("h1", {}, t("join.title")), el("p", { class: "lead" }, t("join.lead")),
    el("form", { class: "column", on: { submit: enter } }, field(t("join.code"), code), el("button", { type: "submit", class: "primary" }, t("join.enter"))));
}

async function inside() {
  await speaking(language);
  shared = start.shared ?? shared;
  if (!shared) { nothing(); return; }
  session = await ask(`/api/sessions/${encodeURIComponent(shared)}`);
  listen();
  draw();
}

function listen() {
  stream?.end();
  judged = null;
  const hear = (kind, news) => {
    if (kind === "state") session = news;
    if (kind === "guesses") judged = news?.judged ?? null;
    draw();
  };
  stream = new Stream(`/api/sessions/${shared}/stream?lang=${encodeURIComponent(language)}&want=guesses`, ["state", "guesses"], hear,
    on => { say(byId("connection"), on ? "" : t("page.lost")); byId("connection").dataset.on = String(on); });
}

// --- what is to be done now ------------------------------------------------------------------

function draw() {
  const round = session?.round ?? null;
  const answered = round && mine?.round === round.id;
  const now = !round ? "none" : `${round.id}/${round.state}/${answered}`;
  if (now !== drawn) {
    drawn = now;
    if (!round) nothing();
    else if (round.state === "open") answered ? thanks(round) : guessing(round);
    else result(round);
  }
  if (parts.count && round) say(parts.count, t("guess.count", { n: (round.who || []).length }));
  if (figures && judged) {
    parts.waiting.hidden = true;
    sentences(parts.said, judged.sentences);
    figures.show(judged.charts);
  }
}

const tried = () => el("p", {}, el("a", { href: "/" }, t("join.try")));

function nothing() {
  parts = {};
  shown(el("h1", {}, t("join.waiting")), el("p", { class: "lead" }, t("join.waiting_lead")), tried());
}

const asked = round => start.guessable.find(each => each.measure === round.measure) || { name: round.measure, unit: "", low: 0, high: 100, step: 1 };
const question = round => el("h1", { class: "asked" }, t("guess.question", { measure: asked(round).name, unit: asked(round).unit, policy: round.name || t("guess.now") }));

function guessing(round) {
  parts = {};
  const { low, high, step, unit } = asked(round);
  const who = el("input", { type: "text", id: "who", maxlength: 60, required: true, autocomplete: "nickname", value: kept.get("who") || "" });
  const middle = Math.round((low + high) / 2 / step) * step;
  const range = { min: low, max: high, step, value: mine?.last ?? middle };
  const slider = el("input", { type: "range", id: "guess", ...range, on: { input: () => { box.value = slider.value; } } });
  const box = el("input", { type: "number", id: "guess-number", class: "large", inputmode: "decimal", ...range, step: "any", required: true, on: { input: () => { slider.value = box.value; } } });
  const guess = failing(async () => {
    const value = Number(box.value);
    session = await ask(`/api/sessions/${shared}/actions`, { method: "POST", body: { kind: "guess", who: who.value, value } });
    kept.set("who", who.value);
    mine = { round: round.id, value, last: value };
    kept.set("guess", JSON.stringify({ ...mine, session: shared }));
    draw();
  });
  shown(question(round), el("form", { class: "column", on: { submit: guess } }, field(t("join.name"), who, t("join.name_hint")),
    field(t("guess.value", { unit, low: number(low), high: number(high) }), box), field(t("join.slider"), slider),
    el("button", { type: "submit", class: "primary" }, t("join.send"))));
}

function thanks(round) {
  const change = button(t("join.change"), () => { mine = { last: mine.value }; draw(); });
  parts = { count: el("p", { class: "big", role: "status" }) };
  shown(el("h1", {}, t("join.thanks")), el("p", { class: "asked" }, t("join.mine", { value: number(mine.value), unit: asked(round).unit })), parts.count, el("p", {}, t("join.wait_reveal")), change, tried());
}

function result(round) {
  const said = el("ul", { class: "headlines" }), pictures = el("div", { class: "pictures pictures-one" });
  const own = mine?.round === round.id ? el("p", { class: "asked" }, t("join.mine", { value: number(mine.value), unit: asked(round).unit })) : null;
  parts = { said, waiting: el("p", { role: "status" }, t("guess.computing")) };
  shown(question(round), own, el("h2", {}, t("guess.result")), parts.waiting, said, el("p", { class: "unseen", id: "chart-help" }, t("page.chart_help")), pictures);
  figures = new Figures(pictures);
}

// --- beginning -------------------------------------------------------------------------------

async function speaking(code) {
  start = await ask(`/api/start?lang=${encodeURIComponent(code)}`);
  language = code;
  kept.set("language", code);
  speak(start.texts, code);
  label(document);
  document.title = `${t("join.title")} – cityfunnel`;
  byId("language").replaceChildren(...Object.entries(start.languages).map(([each, name]) => el("option", { value: each, lang: each, selected: each === code }, name)));
}

byId("language").addEventListener("change", async event => {
  try {
    await speaking(event.target.value);
    drawn = drawn === "door" ? "door" : "";
    if (drawn === "door" || !session) { door(); return; }
    listen();
    draw();
  } catch (refused) { problem(refused.message); }
});
byId("skip").addEventListener("click", event => { event.preventDefault(); main.focus(); });
window.addEventListener("pagehide", () => stream?.end());

async function begin() {
  await speaking(preferred(kept.get("language")));
  shared = start.shared;
  const last = JSON.parse(kept.get("guess") || "null");
  if (last && last.session === shared) mine = last;
  if (start.role !== "stranger") await inside(); else door();
}
begin().catch(refused => { console.error(refused); shown(el("h1", {}, "cityfunnel")); problem(refused.message); });
