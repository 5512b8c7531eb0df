/* A policy: levers on one side, what they do on the other, and what differs from the start above both. */

import { button, el, keepingFocus, say, throttled } from "/static/dom.js";
import { Figures, numbers, Progress, sentences } from "/static/figures.js";
import { change, Families } from "/static/levers.js";
import { t } from "/static/words.js";

const SETTLED = 120; // milliseconds without a movement before the server is asked

/* Settings on their way: the latest of each lever, and one request at a time. */
class Outgoing {
  constructor(act) {
    Object.assign(this, { act, waiting: new Map(), sent: null, last: "", timer: 0, work: Promise.resolve() });
  }

  /* `move` is the number of a movement: all that is sent of one movement is undone at once. */
  put(lever, value, move) {
    this.waiting.set(lever, { value, move: `${lever}/${move}` });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), SETTLED);
  }

  holds(lever) { return this.waiting.has(lever) || this.sent === lever; }

  flush() {
    clearTimeout(this.timer);
    this.work = this.work.then(async () => {
      while (this.waiting.size) {
        const [[lever, { value, move }]] = this.waiting;
        const more = move === this.last ? { more: true } : {};
        this.waiting.delete(lever);
        this.sent = lever;
        this.last = move;
        try { await this.act({ kind: "set", lever, value, ...more }); } finally { this.sent = null; }
      }
    });
    return this.work;
  }
}

const headline = each => each.cities
  ? el("li", {}, el("span", { class: "brief" }, each.text), " ", el("span", { class: "cities" }, each.cities))
  : el("li", {}, each.text);

export function mount(element, context) {
  const { families, cards } = context.start;
  const levers = new Map(families.flatMap(family => family.levers.map(lever => [lever.id, lever])));
  const outgoing = new Outgoing(async action => {
    const done = await context.act(action);
    refresh(context.session);
    return done;
  });
  const act = async action => { await outgoing.flush(); return context.act(action); };
  const back = lever => act({ kind: "unset", lever });

  // --- what differs --------------------------------------------------------------------------
  const chips = el("ul", { class: "chips" });
  const undo = button(t("policy.undo"), () => act({ kind: "undo" }), { "aria-keyshortcuts": "Control+Z", title: "Ctrl+Z" });
  const redo = button(t("policy.redo"), () => act({ kind: "redo" }), { "aria-keyshortcuts": "Control+Y", title: "Ctrl+Y" });
  const reset = button(t("policy.reset"), () => act({ kind: "reset" }));

  function differences(session) {
    const known = session.changed.filter(lever => levers.has(lever));
    const chip = lever => el("li", {},
      el("span", { class: "chip" },
        button(change(levers.get(lever), session.values[lever], session.settings[lever]), () => controls.find(lever), { class: "chip-name", "data-keep": `chip-${lever}` }),
        button("×", () => back(lever), { class: "chip-back", "aria-label": t("policy.put_back_named", { name: levers.get(lever).name }), "data-keep": `back-${lever}` })));
    keepingFocus(chips, () => chips.replaceChildren(...(known.length ? known.map(chip) : [el("li", { class: "hint" }, t("policy.nothing_differs"))])));
    for (const [each, able] of [[undo, session.can_undo], [redo, session.can_redo], [reset, known.length > 0]]) {
      if (!able && document.activeElement === each) controls.node.focus({ preventScroll: true });
      each.disabled = !able;
    }
  }

  // --- policies with names -------------------------------------------------------------------
  const name = el("input", { type: "text", id: "keep-name", maxlength: 60, autocomplete: "off", required: true });
  const keep = async event => {
    event.preventDefault();
    const said = name.value.trim();
    if (said && await act({ kind: "keep", name: said })) { name.value = ""; context.tell(t("policy.kept_told", { name: said })); }
  };
  const policies = el("ul", { class: "kept" });
  const shown = session => keepingFocus(policies, () => policies.replaceChildren(...session.policies.map(each => el("li", {},
    button(each.name, () => act({ kind: "load", policy: each.id }), { class: "quiet", "data-keep": each.id, "aria-label": t("policy.load_named", { name: each.name }) })))));

  // --- levers --------------------------------------------------------------------------------
  const controls = new Families(families, (lever, value, move) => outgoing.put(lever, value, move), back);
  controls.node.tabIndex = -1;
  const question = el("p", { class: "question" });
  const title = el("h1", {});

  function refresh(session) {
    const card = cards.find(each => each.id === session.base);
    say(title, card?.title || session.base);
    say(question, card?.question || session.question);
    controls.show(families, session, lever => outgoing.holds(lever));
    differences(session);
    shown(session);
    if (document.activeElement !== runs) runs.value = String(session.runs);
  }

  // --- what it does --------------------------------------------------------------------------
  const progress = new Progress(() => context.post("cancel"), () => context.post("resume"));
  const { low, high } = context.start.limits.runs;
  const runs = el("input", { type: "range", id: "runs", min: low, max: high, step: low, on: {
    change: () => act({ kind: "runs", runs: Number(runs.value) }),
    input: () => say(count, t("policy.runs_number", { n: Number(runs.value) })),
  } });
  const count = el("span", { class: "unit" });
  const headlines = el("ul", { class: "headlines", id: "headlines" });
  const hidden = el("p", { class: "notice", hidden: true }, t("policy.hidden"), " ", el("a", { href: "#/guess" }, t("policy.to_guess")));
  const pictures = el("div", { class: "pictures", role: "group", "aria-label": t("policy.charts") });
  const legend = el("ul", { class: "keys" });
  const figures = new Figures(pictures, legend);
  const every = el("ul", {}), all = el("details", { class: "all", hidden: true }, el("summary", {}, t("policy.all_sentences")), every);
  const detail = el("details", { class: "numbers", hidden: true });
  const told = throttled(said => context.tell(said), 4000);
  let last = "";

  function heads(found) {
    const wanted = found.map(headline), text = nodes => nodes.map(each => each.textContent).join("\n");
    if (text(wanted) !== text([...headlines.children])) headlines.replaceChildren(...wanted);
  }

  function effect(news) {
    progress.show(news);
    const closed = news?.state === "hidden", found = closed ? null : news?.effect;
    hidden.hidden = !closed;
    result.dataset.stale = String(Boolean(news?.stale));
    all.hidden = closed || !(found || every.childElementCount);
    if (closed) { figures.show([]); headlines.replaceChildren(); sentences(every, []); numbers(detail, null); return; }
    if (!found) return;
    heads(found.brief);
    sentences(every, found.headlines);
    figures.show([...found.charts.filter(each => each.id !== "funnel"), ...found.charts.filter(each => each.id === "funnel")]);
    numbers(detail, found.table);
    const said = found.headlines.join(" ");
    if (news.state === "done" && said !== last) { last = said; told(said); }
  }

  const result = el("section", { class: "result", "aria-labelledby": "result-title" },
    el("div", { class: "first" },
      el("div", { class: "result-head" }, el("h2", { id: "result-title", class: "unseen" }, t("policy.result")), progress.node, legend), hidden, headlines,
      el("p", { class: "hint unseen", id: "chart-help" }, t("page.chart_help")),
      pictures, el("p", { class: "model" }, t("effect.model"))),
    all, detail,
    el("details", { class: "how" }, el("summary", {}, t("help.how_title")), el("p", {}, t("help.runs")), el("p", {}, t("help.same_luck")), el("p", {}, t("help.limits")),
      el("div", { class: "field" }, el("label", { for: "runs" }, t("policy.runs")), el("span", { class: "lever-row" }, runs, count))));

  element.append(
    el("div", { class: "differs", role: "region", "aria-label": t("policy.differs") },
      el("p", { class: "differs-title" }, t("policy.differs")), chips,
      el("div", { class: "actions" }, undo, redo, reset)),
    el("div", { class: "sides" },
      el("section", { class: "side", "aria-labelledby": "levers-title", tabindex: "-1" },
        title, question, el("h2", { id: "levers-title" }, t("policy.levers")), controls.node,
        el("form", { class: "keep", on: { submit: keep } }, el("label", { for: "keep-name" }, t("policy.keep_as")),
          el("span", { class: "line" }, name, el("button", { type: "submit" }, t("policy.keep")))),
        policies),
      result));

  const keys = event => {
    const typing = event.target.matches?.("input[type=text], input[type=number], input[type=search], textarea");
    if (typing || event.altKey || !(event.ctrlKey || event.metaKey)) return;
    const key = event.key.toLowerCase();
    const again = key === "y" || (key === "z" && event.shiftKey);
    if (key !== "z" && !again) return;
    event.preventDefault();
    if (again ? context.session.can_redo : context.session.can_undo || outgoing.waiting.size) act({ kind: again ? "redo" : "undo" });
  };
  document.addEventListener("keydown", keys);
  refresh(context.session);
  say(count, t("policy.runs_number", { n: context.session.runs }));
  effect(context.effect);
  return {
    state: refresh,
    effect,
    unmount() {
      outgoing.flush();
      document.removeEventListener("keydown", keys);
      figures.end();
    },
  };
}
