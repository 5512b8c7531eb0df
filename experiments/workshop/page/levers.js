/* The controls of a policy: one for each lever, in families, and what is said of their values. */

import { button, el, id } from "/static/dom.js";
import { number, t } from "/static/words.js";

/* Shares and chances are shown in hundredths; what is sent stays a number from 0 to 1. */
const HUNDREDTHS = { share: "%", chance: "%", share_year_0_5: "policy.percent_year" };
const hundredths = lever => Object.keys(HUNDREDTHS).find(unit => lever.unit === t(`unit.${unit}`));
const percent = value => t("language.percent", { amount: number(100 * value, 1) });
const unitOf = lever => {
  const found = HUNDREDTHS[hundredths(lever)];
  return found === undefined ? lever.unit : found.includes(".") ? t(found) : found;
};

/* The value of a lever in words. */
export function worded(lever, value) {
  if (lever.kind === "switch") return t(value ? "policy.on" : "policy.off");
  if (lever.kind === "choice") return lever.options.find(each => each.value === value)?.name ?? String(value);
  return hundredths(lever) ? percent(value) : number(value, Math.min(lever.step, 1));
}

/* A change in words: name, from and to. */
export const change = (lever, from, to) =>
  t("policy.difference", { name: lever.name, from: worded(lever, from), to: worded(lever, to) });

/* milliseconds within which presses of a key are one movement */
const MOVEMENT = 1000;

const rounded = (lever, value) => Number((Math.round(value / lever.step) * lever.step).toFixed(6));

/* One lever. `moved` hears a new value at once, `back` that it is to be as in the beginning. */
export class Control {
  constructor(lever, moved, back) {
    Object.assign(this, { lever, moved, back });
    const name = id("lever");
    this.info = el("div", { class: "info", id: `${name}-info`, hidden: true }, this.#facts());
    const more = button("i", () => {
      this.info.hidden = !this.info.hidden;
      more.setAttribute("aria-expanded", String(!this.info.hidden));
    }, { class: "more", "aria-expanded": "false", "aria-controls": this.info.id, "aria-label": t("policy.about", { name: lever.name }), title: t("policy.about", { name: lever.name }) });
    this.control = this[`_${lever.kind}`](name);
    const label = el("label", { for: name }, lever.name);
    const head = lever.kind === "switch" ? el("span", { class: "switched" }, this.check, label, this.word) : label;
    this.badge = el("p", { class: "changed", hidden: true });
    this.node = el("div", { class: `lever lever-${lever.kind}`, "data-lever": lever.id },
      el("div", { class: "lever-head" }, head, more), ...[this.control].filter(Boolean), this.badge, this.info);
  }

  #facts() {
    const { meaning, seen, range, evidence, source } = this.lever;
    const row = (key, text) => text ? [el("dt", {}, t(key)), el("dd", {}, text)] : [];
    const span = hundredths(this.lever) ? range.replace(/[\d.]+/g, each => percent(Number(each))) : range;
    return [el("p", {}, meaning), el("dl", {}, row("policy.seen", seen), row("policy.range", span),
      row("policy.evidence", evidence), row("policy.source", source))];
  }

  _slider(name) {
    const { low, high, step } = this.lever, unit = unitOf(this.lever);
    this.scale = hundredths(this.lever) ? 100 : 1;
    const ends = scale => ({ min: this.#scaled(low, scale), max: this.#scaled(high, scale), step: this.#scaled(step, scale) });
    this.slider = el("input", { type: "range", id: name, ...ends(1), on: {
      input: () => this.#move(this.slider.value, 1), pointerdown: () => { this.held = true; this.at = 0; }, change: () => { this.held = false; } } });
    this.box = el("input", { type: "number", id: `${name}-number`, ...ends(this.scale), "aria-label": t("policy.as_number", { name: this.lever.name }),
      on: { change: () => this.#move(this.box.value, this.scale) } });
    this.mark = el("span", { class: "base-mark", "aria-hidden": "true" });
    return el("div", { class: "lever-row" }, el("span", { class: "rail" }, this.mark, this.slider), this.box, el("span", { class: "unit" }, unit));
  }

  _switch(name) {
    this.check = el("input", { type: "checkbox", role: "switch", id: name, on: { change: () => this.#put(this.check.checked) } });
    this.word = el("span", { class: "switch-word", "aria-hidden": "true" }); // a switch says itself whether it is on
    return null;
  }

  _choice(name) {
    this.select = el("select", { id: name, on: { change: () => this.#put(this.select.value) } },
      this.lever.options.map(each => el("option", { value: each.value }, each.name)));
    return el("div", { class: "lever-row" }, this.select);
  }

  #scaled(value, scale) { return Number((value * scale).toFixed(6)); }

  #move(text, scale) {
    const { low, high } = this.lever, given = Number(text) / scale;
    if (text === "" || !isFinite(given)) { this.show(this.base, this.value); return; }
    this.#put(Math.min(high, Math.max(low, rounded(this.lever, given))));
  }

  #put(value) {
    this.show(this.base, value);
    if (!this.at || !this.held && Date.now() - this.at > MOVEMENT) this.move = (this.move || 0) + 1;
    this.at = Date.now();
    this.moved(this.lever.id, value, this.move);
  }

  /* Show a value beside that of the base. */
  show(base, value) {
    Object.assign(this, { base, value });
    this[`_show_${this.lever.kind}`](base, value);
    const differs = base !== value;
    this.node.dataset.changed = String(differs);
    if (this.badge.hidden === !differs && !differs) return;
    const text = t("policy.changed", { from: worded(this.lever, base), to: worded(this.lever, value) });
    this.badge.hidden = !differs;
    if (!differs) { this.badge.replaceChildren(); return; }
    if (this.words) { this.words.textContent = text; if (this.words.isConnected) return; }
    this.words = el("span", {}, text);
    this.badge.replaceChildren(this.words, button(t("policy.put_back"), () => this.back(this.lever.id),
      { class: "quiet", "aria-label": t("policy.put_back_named", { name: this.lever.name }) }));
  }

  _show_slider(base, value) {
    const { low, high } = this.lever, shown = this.#scaled(value, this.scale), unit = this.scale === 1 ? this.lever.unit : "";
    const at = where => (Math.min(high, Math.max(low, where)) - low) / (high - low);
    if (Number(this.slider.value) !== value) this.slider.value = value;
    this.slider.setAttribute("aria-valuetext", `${worded(this.lever, value)} ${unit}`.trim());
    if (document.activeElement !== this.box || Number(this.box.value) !== shown) this.box.value = shown;
    this.mark.style.setProperty("--at", at(base));
    this.slider.style.setProperty("--at", at(value));
  }

  _show_switch(base, value) {
    this.check.checked = value;
    this.word.textContent = t(value ? "policy.on" : "policy.off");
  }

  _show_choice(base, value) { this.select.value = value; }
}

/* All families; the first is open, the others when somebody opens them. */
export class Families {
  constructor(families, moved, back) {
    this.controls = new Map();
    this.counts = new Map();
    this.node = el("div", { class: "families" }, families.map((family, place) => this.#family(family, place, moved, back)));
  }

  #family(family, place, moved, back) {
    const count = el("span", { class: "count", hidden: true });
    this.counts.set(family.id, count);
    const controls = family.levers.map(lever => {
      const control = new Control(lever, moved, back);
      this.controls.set(lever.id, control);
      return control.node;
    });
    return el("details", { class: "family", "data-family": family.id, open: place === 1 },
      el("summary", {}, el("span", {}, family.name), count), controls);
  }

  /* Show values, but leave alone what somebody is moving. */
  show(families, session, held) {
    for (const [lever, control] of this.controls) {
      const base = session.values[lever];
      if (held(lever)) control.show(base, control.value);
      else control.show(base, lever in session.settings ? session.settings[lever] : base);
    }
    for (const family of families) this.#count(family, session);
  }

  #count(family, session) {
    const n = family.levers.filter(lever => session.changed.includes(lever.id)).length;
    const count = this.counts.get(family.id);
    count.hidden = !n;
    count.textContent = n ? t("policy.count", { n }) : "";
  }

  /* Bring a lever into view and give it the focus. */
  find(lever) {
    const node = this.controls.get(lever)?.node;
    if (!node) return;
    node.closest("details").open = true;
    node.querySelector("input, select").focus();
    node.scrollIntoView({ block: "center" });
  }
}
