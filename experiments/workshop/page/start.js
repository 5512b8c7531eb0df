/* Where to start from: a card for each scenario, sessions that were saved, and files of one's own. */

import { button, chosen, el, field, keepingFocus, say, svg } from "/static/dom.js";
import { day, month, number, t } from "/static/words.js";

/* steps that a small picture shows, where a card has more than fit */
const SHOWN = ["submitted", "matched", "poc", "poc_completed", "contract", "deployed"], FIT = 6;

/* The funnel of a card: a bar for each step with its number. */
function picture(card) {
  const some = card.funnel.length > FIT ? card.funnel.filter(each => SHOWN.includes(each.step)) : card.funnel;
  const steps = some.length > 2 ? some : card.funnel.slice(0, FIT);
  const most = Math.max(1, ...steps.map(each => each.mean));
  const told = steps.map(each => t("start.step", { step: each.name, n: number(Math.round(each.mean)) })).join("; ");
  const rows = steps.flatMap((each, place) => {
    const wide = Math.max(0.8, 100 * each.mean / most);
    const bar = svg("rect", { width: `${wide}%`, height: 16, rx: 2, class: place === steps.length - 1 ? "bar-last" : "bar-step" });
    return [el("span", { class: "step" }, each.name), svg("svg", { class: "bar-room", width: "100%", height: 16, "aria-hidden": "true", focusable: "false" }, bar),
      el("span", { class: "many" }, number(Math.round(each.mean)))];
  });
  return el("div", { class: "funnel", role: "img", "aria-label": t("start.funnel", { steps: told }) }, rows);
}

export function mount(element, context) {
  const { start, api } = context;

  const choose = async card => {
    const done = await context.act({ kind: "start", base: card.id });
    if (done) { context.tell(t("start.chosen_told", { title: card.title })); context.go("policy"); }
  };

  function drawn(card, session) {
    const here = session.base === card.id;
    const title = el("h2", { id: `card-${card.id}` }, card.title);
    const when = card.start && t("start.period", { start: month(card.start), end: month(card.end) });
    const go = here
      ? el("a", { class: "button primary", href: "#/policy" }, t("start.continue"))
      : button(t("start.choose"), () => choose(card), { "aria-describedby": title.id, "data-keep": `card-${card.id}` });
    return el("li", {}, el("article", { class: "card", "aria-labelledby": title.id, "data-chosen": String(here) },
      title, here ? el("p", { class: "mark" }, t("start.chosen")) : null,
      el("p", { class: "question" }, card.question), card.funnel?.length ? picture(card) : null,
      el("p", { class: "foot" }, when || t("start.own"), go)));
  }

  // --- cards ---------------------------------------------------------------------------------
  const filter = el("input", { type: "search", id: "filter", autocomplete: "off", on: { input: () => cards(context.session) } });
  const found = el("p", { class: "hint", role: "status" });
  const list = el("ul", { class: "cards" });

  function cards(session) {
    const own = session.uploads.map(name => ({ id: name, title: name, question: t("start.own_question"), funnel: [] }));
    const wanted = filter.value.trim().toLocaleLowerCase();
    const fits = card => `${card.title} ${card.question}`.toLocaleLowerCase().includes(wanted);
    const all = [...start.cards, ...own], shown = all.filter(fits);
    keepingFocus(list, () => list.replaceChildren(...shown.map(card => drawn(card, session))));
    say(found, wanted ? t("start.found", { n: shown.length }) : "");
  }

  // --- sessions ------------------------------------------------------------------------------
  const saved = el("div", {});

  async function sessions() {
    let known = [];
    try {
      const answer = await api("/api/sessions");
      known = Array.isArray(answer) ? answer : answer.sessions || [];
    } catch (problem) { context.problem(problem); }
    const others = known.filter(each => each.id !== context.session.id);
    const title = card => start.cards.find(each => each.id === card)?.title || card;
    saved.replaceChildren(others.length
      ? el("ul", { class: "rows" }, others.map(each => el("li", {},
        el("span", { class: "row-name" }, el("strong", {}, each.name || t("page.unnamed")), " ",
          el("span", { class: "hint" }, [each.base && title(each.base), each.saved && day(each.saved)].filter(Boolean).join(" · "))),
        each.problem ? el("span", { class: "bad" }, each.problem)
          : button(t("start.reopen"), () => context.open(each.id), { "aria-label": t("start.reopen_named", { name: each.name || each.id }) }))))
      : el("p", { class: "hint" }, t("start.none_saved")));
  }

  const fresh = async () => {
    const made = await context.post("/api/sessions", { base: start.cards[0]?.id || context.session.base, language: context.language });
    if (made) context.open(made.id, "start");
  };

  const name = el("input", { type: "text", id: "name", maxlength: 60, autocomplete: "off", value: context.session.name });
  const rename = async event => {
    event.preventDefault();
    if (await context.act({ kind: "name", name: name.value })) context.tell(t("start.named"));
  };

  // --- files ---------------------------------------------------------------------------------
  const large = (file, most) => file.size > most && (context.problem(t("start.too_large", { name: file.name, most: number(most / 1e6, 0.1) })), true);

  const reopen = async event => {
    const file = chosen(event.target);
    if (!file || large(file, start.limits.open)) return;
    const made = await context.post("/api/open", file);
    event.target.value = "";
    if (made) context.open(made.id);
  };

  const upload = async event => {
    const file = chosen(event.target);
    if (!file || large(file, start.limits.upload)) return;
    const text = await file.text();
    event.target.value = "";
    const stem = file.name.replace(/\.ya?ml$/i, "");
    if (await context.act({ kind: "upload", name: stem, text })) context.tell(t("start.uploaded", { name: stem }));
  };

  element.append(
    el("div", { class: "head" }, el("div", {}, el("h1", {}, t("start.title")), el("p", { class: "lead" }, t("start.lead"))),
      el("div", { class: "field" }, el("label", { for: "filter" }, t("start.filter")), filter, found)),
    list,
    el("div", { class: "halves" },
      el("section", { "aria-labelledby": "sessions-title" },
        el("h2", { id: "sessions-title" }, t("start.sessions")),
        el("form", { class: "line", on: { submit: rename } }, field(t("start.name"), name), el("button", { type: "submit" }, t("start.name_save"))),
        saved, button(t("start.fresh"), fresh)),
      el("section", { "aria-labelledby": "files-title" },
        el("h2", { id: "files-title" }, t("start.files")),
        field(t("start.open_file"), el("input", { type: "file", id: "open-file", accept: ".zip,.json", on: { change: reopen } }), t("start.open_hint", { most: start.limits.open / 1e6 })),
        field(t("start.upload"), el("input", { type: "file", id: "upload", accept: ".yaml,.yml", on: { change: upload } }), t("start.upload_hint", { most: number(start.limits.upload / 1e6, 0.1) })))));
  cards(context.session);
  sessions();
  return {
    state(session, old) {
      if (!old || old.base !== session.base || String(old.uploads) !== String(session.uploads)) cards(session);
      if (document.activeElement !== name) name.value = session.name;
    },
    unmount() {},
  };
}
