/* Policies side by side: what each does, how sure that is, who gains and who loses, and money. */

import { button, el, field, keepingFocus } from "/static/dom.js";
import { Figures, numbers, Progress, sentences } from "/static/figures.js";
import { change } from "/static/levers.js";
import { t } from "/static/words.js";

export function mount(element, context) {
  const most = context.start.limits.policies;
  const levers = new Map(context.start.families.flatMap(family => family.levers.map(lever => [lever.id, lever])));

  // --- the policies --------------------------------------------------------------------------
  const cards = el("ul", { class: "policies" });
  let renaming = "";

  function named(each) {
    if (renaming !== each.id) return el("h2", {}, each.name);
    const box = el("input", { type: "text", maxlength: 60, value: each.name, required: true, autocomplete: "off", id: `rename-${each.id}`, "data-keep": `rename-${each.id}` });
    const done = async event => {
      event.preventDefault();
      if (box.value.trim() === each.name || await context.act({ kind: "rename", policy: each.id, name: box.value })) { renaming = ""; drawn(context.session); }
    };
    return el("form", { class: "line", on: { submit: done } }, el("label", { class: "unseen", for: box.id }, t("compare.new_name")), box,
      el("button", { type: "submit" }, t("compare.rename_save")));
  }

  function card(each) {
    const label = key => ({ "aria-label": t(`${key}_named`, { name: each.name }), "data-keep": `${key}-${each.id}` });
    const differs = each.differences.filter(one => levers.has(one.lever));
    const use = async () => { if (await context.act({ kind: "load", policy: each.id })) context.go("policy"); };
    const rename = () => { renaming = each.id; drawn(context.session); cards.querySelector(`#rename-${each.id}`)?.select(); };
    return el("li", { class: "policy" }, named(each),
      el("ul", { class: "differences" }, differs.length
        ? differs.map(one => el("li", {}, change(levers.get(one.lever), one.from, one.to)))
        : [el("li", { class: "hint" }, t("policy.nothing_differs"))]),
      el("div", { class: "actions" },
        button(t("compare.load"), use, label("compare.load")), button(t("compare.rename"), rename, label("compare.rename")),
        button(t("compare.drop"), () => context.act({ kind: "drop", policy: each.id }), label("compare.drop"))));
  }

  const name = el("input", { type: "text", id: "compare-name", maxlength: 60, autocomplete: "off", required: true });
  const keep = async event => {
    event.preventDefault();
    if (await context.act({ kind: "keep", name: name.value })) { context.tell(t("policy.kept_told", { name: name.value })); name.value = ""; }
  };
  const form = el("form", { class: "line", on: { submit: keep } }, field(t("compare.keep_now"), name), el("button", { type: "submit" }, t("policy.keep")));
  const full = el("p", { class: "hint" }, t("compare.full", { most }));
  const none = el("p", { class: "notice" }, t("compare.none"), " ", el("a", { href: "#/policy" }, t("compare.to_policy")));

  function drawn(session) {
    keepingFocus(cards, () => cards.replaceChildren(...session.policies.map(card)));
    form.hidden = session.policies.length >= most;
    full.hidden = !form.hidden;
    none.hidden = session.policies.length > 0;
    result.hidden = !session.policies.length;
  }

  // --- what comes out ------------------------------------------------------------------------
  const progress = new Progress(() => context.post("cancel"), () => context.post("resume"));
  const hidden = el("p", { class: "notice", hidden: true }, t("policy.hidden"), " ", el("a", { href: "#/guess" }, t("policy.to_guess")));
  const sections = el("div", {});
  const same = el("p", { class: "notice", hidden: true }, t("compare.same"));
  const parts = new Map();

  function part(given) {
    const title = el("h2", { id: `section-${given.id}` }, given.title);
    const said = el("ul", { class: "said" }), every = el("ul", {}), pictures = el("div", { class: "pictures" }), detail = el("details", { class: "numbers" });
    const all = el("details", { class: "all" }, el("summary", {}, t("policy.all_sentences")), every);
    const node = el("section", { "aria-labelledby": title.id, class: `section section-${given.id}` }, title, said, pictures, all, detail);
    return { node, said, every, all, title, detail, figures: new Figures(pictures) };
  }

  function sectioned(given) {
    const wanted = new Set(given.map(each => each.id));
    for (const [id, each] of parts) if (!wanted.has(id)) { each.figures.end(); each.node.remove(); parts.delete(id); }
    for (const each of given) {
      if (!parts.has(each.id)) { parts.set(each.id, part(each)); sections.append(parts.get(each.id).node); }
      const shown = parts.get(each.id);
      shown.title.textContent = each.title;
      sentences(shown.said, each.brief);
      sentences(shown.every, each.sentences);
      shown.all.hidden = each.brief.length === each.sentences.length;
      shown.figures.show(each.charts);
      numbers(shown.detail, each.table);
    }
  }

  function comparison(news) {
    progress.show(news);
    hidden.hidden = news?.state !== "hidden";
    same.hidden = !(news?.state === "done" && !news.comparison && context.session.policies.length);
    sectioned(news?.state === "hidden" ? [] : news?.comparison?.sections || []);
  }

  const result = el("div", { class: "compared" }, progress.node, hidden, same, el("p", { class: "unseen", id: "chart-help" }, t("page.chart_help")), sections);
  element.append(el("h1", {}, t("compare.title")), el("p", { class: "lead" }, t("compare.lead")), none, cards, form, full, result);
  drawn(context.session);
  comparison(context.comparison);
  return {
    state: drawn,
    comparison,
    unmount() { for (const each of parts.values()) each.figures.end(); },
  };
}
