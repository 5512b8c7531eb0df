/* A round of guessing: a question, guesses whose values nobody sees, then guesses beside the result. */

import { button, el, field, id, keepingFocus, say } from "/static/dom.js";
import { Figures, sentences } from "/static/figures.js";
import { number, t } from "/static/words.js";

export function mount(element, context) {
  const { start } = context;
  const host = start.role === "host";
  const guessable = new Map(start.guessable.map(each => [each.measure, each]));
  const body = el("div", { class: "round" });
  const earlier = el("section", { "aria-labelledby": "earlier-title", hidden: true });
  let figures = null, drawn = "", parts = {};

  // --- no round ------------------------------------------------------------------------------
  const policyName = round => round.name || t("guess.now");

  function asking(session) {
    const measure = el("select", { id: "measure" }, start.guessable.map(each => el("option", { value: each.measure }, each.name)));
    const policy = el("select", { id: "guess-policy" }, el("option", { value: "now" }, t("guess.now")),
      session.policies.map(each => el("option", { value: each.id }, each.name)));
    const ask = async event => {
      event.preventDefault();
      if (await context.act({ kind: "ask", measure: measure.value, policy: policy.value })) context.tell(t("guess.asked"));
    };
    return [el("p", { class: "lead" }, t("guess.lead")),
      el("form", { class: "ask", on: { submit: ask } }, field(t("guess.measure"), measure), field(t("guess.policy"), policy),
        el("button", { type: "submit", class: "primary" }, t("guess.ask")))];
  }

  // --- an open round -------------------------------------------------------------------------
  function question(round) {
    const asked = guessable.get(round.measure);
    return el("p", { class: "asked" }, t("guess.question", { measure: asked?.name ?? round.measure, unit: asked?.unit ?? "", policy: policyName(round) }));
  }

  function invitation() {
    if (!start.open || !start.address) return alone();
    return el("div", { class: "invitation" }, el("p", {}, t("guess.join")), el("p", { class: "address" }, start.address),
      start.code ? el("p", {}, t("guess.code"), " ", el("strong", { class: "code" }, start.code)) : null);
  }

  function alone() {
    const [before, after = ""] = t("guess.closed_network").split("{option}");
    return el("p", { class: "hint" }, before, el("code", { class: "whole" }, "--open"), after);
  }

  function entering(round) {
    const asked = guessable.get(round.measure) || { low: 0, high: 100, step: 1, unit: "" };
    const who = el("input", { type: "text", id: "who", maxlength: 60, required: true, autocomplete: "off", "data-keep": "who" });
    const value = el("input", { type: "number", id: "value", min: asked.low, max: asked.high, step: "any", required: true, inputmode: "decimal", "data-keep": "value" });
    const guess = async event => {
      event.preventDefault();
      const name = who.value;
      if (!await context.act({ kind: "guess", who: name, value: Number(value.value) })) return;
      context.tell(t("guess.noted", { who: name }));
      who.value = value.value = "";
      who.focus();
    };
    return el("form", { class: "line enter", on: { submit: guess } }, field(t("guess.who"), who),
      field(t("guess.value", { unit: asked.unit, low: number(asked.low), high: number(asked.high) }), value), el("button", { type: "submit" }, t("guess.enter")));
  }

  function open(round) {
    const list = el("ul", { class: "who" });
    const count = el("p", { class: "big", role: "status" });
    const reveal = host ? button(t("guess.reveal"), () => context.act({ kind: "reveal" }), { class: "primary" }) : null;
    parts = { list, count, reveal };
    return [question(round), el("div", { class: "halves" },
      el("div", {}, el("h2", {}, t("guess.how")), invitation(), entering(round)),
      el("div", {}, el("h2", {}, t("guess.who_guessed")), count, list, el("p", { class: "hint" }, t("guess.secret")), reveal))];
  }

  function names(round) {
    const people = round.who || [];
    say(parts.count, t("guess.count", { n: people.length }));
    const chip = who => el("li", {}, el("span", { class: "chip" }, el("span", { class: "chip-name" }, who),
      host ? button("×", () => context.act({ kind: "unguess", who }), { class: "chip-back", "aria-label": t("guess.unguess", { who }), "data-keep": `un-${who}` }) : null));
    keepingFocus(parts.list, () => parts.list.replaceChildren(...people.map(chip)));
    if (parts.reveal) parts.reveal.disabled = !people.length;
  }

  // --- guesses beside the result -------------------------------------------------------------
  function revealed(round) {
    const said = el("ul", { class: "headlines" }), pictures = el("div", { class: "pictures pictures-one" });
    figures = new Figures(pictures);
    parts = { said, waiting: el("p", { class: "hint", role: "status" }, t("guess.computing")) };
    return [question(round), el("h2", {}, t("guess.result")), parts.waiting, said, el("p", { class: "unseen", id: "chart-help" }, t("page.chart_help")), pictures, values(round),
      host ? button(t("guess.close"), () => context.act({ kind: "close" }), { class: "primary" }) : null];
  }

  const values = round => el("details", { class: "numbers" }, el("summary", {}, t("guess.all")),
    el("ul", {}, Object.entries(round.guesses || {}).map(([who, value]) => el("li", {}, t("guess.one", { who, value: number(value) })))));

  function judged(news) {
    const round = context.session.round;
    if (!round || round.state === "open" || !figures) return;
    const found = news?.judged;
    parts.waiting.hidden = Boolean(found);
    if (!found) { waited(); return; }
    sentences(parts.said, found.sentences);
    figures.show(found.charts);
  }

  function waited() {
    const { state, done, wanted } = context.effect || {};
    if (parts.waiting) say(parts.waiting, state === "running" ? t("page.runs_running", { n: wanted, done }) : t("guess.computing"));
  }

  // --- rounds that are over ------------------------------------------------------------------
  function before(session) {
    earlier.hidden = !session.rounds.length;
    earlier.replaceChildren(el("h2", { id: "earlier-title" }, t("guess.earlier")),
      el("ul", { class: "rows" }, [...session.rounds].reverse().map(round => el("li", {}, el("div", {}, question(round), values(round))))));
  }

  function state(session) {
    const round = session.round;
    const now = round ? `${round.id}/${round.state}` : `none/${session.policies.map(each => each.id + each.name)}`;
    if (now !== drawn) {
      drawn = now;
      figures?.end();
      figures = null;
      const make = !round ? asking : round.state === "open" ? open : revealed;
      keepingFocus(body, () => body.replaceChildren());
      body.append(...make(round || session).filter(Boolean));
      before(session);
    }
    if (round?.state === "open") names(round);
    judged(context.guesses);
  }

  element.append(el("h1", { id: id("guess") }, t("guess.title")), body, earlier);
  state(context.session);
  return { state, guesses: judged, effect: () => judged(context.guesses), unmount() { figures?.end(); } };
}
