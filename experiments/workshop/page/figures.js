/* Charts, tables and sentences that the server made, drawn and kept up to date in place. */

import { button, el, say, svg } from "/static/dom.js";
import { t } from "/static/words.js";

/* charts.js is a plain script that the report has too: its name is known to every script of the page */
const pens = () => cityfunnelCharts; // eslint-disable-line no-undef

const SHAPES = {
  circle: ["circle", { cx: 8, cy: 8, r: 6 }],
  rect: ["rect", { x: 2, y: 2, width: 12, height: 12 }],
  diamond: ["path", { d: "M8 1l7 7-7 7-7-7z" }],
  triangle: ["path", { d: "M8 2l7 12H1z" }],
  arrow: ["path", { d: "M8 14l7-12H1z" }],
  pin: ["path", { d: "M6 1h4v5h5v4h-5v5H6v-5H1V6h5z" }],
  roundRect: ["rect", { x: 2, y: 2, width: 12, height: 12, rx: 4 }],
  line: ["path", { d: "M0 8h16", "stroke-width": 3 }],
};

function marker({ colour, symbol, hollow, line }) {
  const [tag, place] = SHAPES[symbol] || SHAPES.rect;
  const dashes = line ? svg("path", { d: "M0 8h32", stroke: colour, "stroke-width": 2, "stroke-dasharray": line }) : null;
  const shape = svg("g", { fill: hollow ? "#ffffff" : colour, stroke: colour, "stroke-width": hollow ? 2.5 : 1.5,
    transform: line ? "translate(8 0)" : null }, svg(tag, place));
  const wide = line ? 32 : 16;
  return svg("svg", { width: wide, height: 16, viewBox: `0 0 ${wide} 16`, "aria-hidden": "true", focusable: "false" }, dashes, shape);
}

/* An axis without a name needs no room for one. */
const trimmed = option => option.xAxis.name ? option : { ...option, grid: { ...option.grid, bottom: 4 } };

/* Small charts under a common legend: its names are not said again, and the title tells the axis. */
function small({ option, keys = [] }) {
  const known = name => keys.find(each => name === each.name || name.startsWith(`${each.name} `));
  const rest = name => {
    const key = known(name), short = key && name.slice(key.name.length + 1);
    return short ? { value: short, textStyle: { color: key.colour, fontWeight: "bold" } } : name;
  };
  return { ...option, grid: { ...option.grid, right: 10 }, xAxis: { ...option.xAxis, name: "" }, yAxis: { ...option.yAxis, data: option.yAxis.data.map(rest) },
    series: option.series.map(each => ({ ...each, name: known(each.name)?.name ?? each.name })) };
}

/* Stacked dots keep to their row where a chart is lower than it was made for. */
function squeezed(option, share) {
  if (share >= 1 || !option.series.some(each => each.data.some(point => point?.symbolOffset))) return option;
  const lower = size => Array.isArray(size) ? [size[0], size[1] * share] : size * share;
  return { ...option, series: option.series.map(each => ({ ...each, symbolSize: lower(each.symbolSize),
    data: each.data.map(point => point.symbolOffset ? { ...point, symbolOffset: lower(point.symbolOffset) } : point) })) };
}

/* One chart with its title, legend and a place where points are told. */
class Figure {
  constructor(given, shared) {
    this.shared = shared;
    this.off = shared.off;
    this.title = el("h3", { id: `chart-${given.id}` });
    this.keys = el("ul", { class: "keys" });
    this.told = el("p", { class: "told", "aria-live": "polite" });
    this.box = el("div", { class: "chart", role: "img", tabindex: "0", "aria-describedby": "chart-help" });
    this.node = el("figure", { "aria-labelledby": this.title.id, "data-figure": given.id }, this.title, shared.legend ? null : this.keys, this.box, this.told);
    if (shared.legend) this.keys = shared.legend;
  }

  show(given, keyed) {
    this.given = given;
    this.option = trimmed(this.shared.legend ? small(given) : given.option);
    const axis = this.shared.legend && given.option.xAxis.name;
    say(this.title, axis ? t("language.bracketed", { text: given.title, more: axis }) : given.title);
    this.box.setAttribute("aria-label", `${given.title}. ${given.alt}`);
    this.box.style.setProperty("--height", `${given.height}px`);
    if (keyed || !this.shared.legend) this.#legend(keyed ? given.keys || [] : []);
    if (!this.chart) {
      this.chart = echarts.init(this.box, null, { renderer: "svg" });
      pens().walk(this.box, this.chart, this.told, () => ({ option: this.option, off: this.off }));
    }
    this.draw();
  }

  draw() {
    this.chart.resize();
    const share = this.shared.legend ? Math.max(0.3, (this.box.clientHeight - 36) / (this.given.height - 52)) : 1;
    pens().draw(this.chart, this.box, squeezed(this.option, share), this.off);
  }

  #legend(keys) {
    const wanted = JSON.stringify(keys);
    if (wanted === this.keys.dataset.keys) return;
    this.keys.dataset.keys = wanted;
    this.keys.hidden = !keys.length;
    this.keys.replaceChildren(...keys.map(key => el("li", {}, this.#key(key))));
  }

  #key(key) {
    const press = () => {
      const on = this.off.delete(key.name);
      if (!on) this.off.add(key.name);
      pressed.setAttribute("aria-pressed", String(on));
      this.shared.again();
    };
    const pressed = button("", press, { "aria-pressed": String(!this.off.has(key.name)) });
    pressed.append(marker(key), ` ${key.name}`);
    return pressed;
  }

  end() { this.chart?.dispose(); this.node.remove(); }
}

/* The charts in a node, by id: those that stay are drawn anew in place, so that nothing jumps.

   Legends stand above charts, or all in the list `legend`. */
export class Figures {
  constructor(node, legend = null) {
    this.node = node;
    this.figures = new Map();
    this.shared = { legend, off: new Set(), again: () => this.#again() };
    this.size = "";
    this.watch = new ResizeObserver(() => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.#resized(), 120);
    });
    this.watch.observe(node);
  }

  show(charts) {
    const ids = new Set(charts.map(each => each.id));
    for (const [id, figure] of this.figures) if (!ids.has(id)) { figure.end(); this.figures.delete(id); }
    for (const given of charts) { // all are in their places before one is drawn: places decide how wide it is
      if (!this.figures.has(given.id)) this.figures.set(given.id, new Figure(given, this.shared));
      const { node } = this.figures.get(given.id);
      if (node.parentNode !== this.node) this.node.append(node);
    }
    const told = new Set(); // a legend that stands above once serves all charts that it fits
    for (const given of charts) {
      const keys = JSON.stringify(given.keys || []), keyed = !told.has(keys);
      told.add(keys);
      this.figures.get(given.id).show(given, keyed);
    }
    if (this.shared.legend && !charts.length) this.shared.legend.replaceChildren();
    this.size = this.#size();
  }

  #size() { return `${this.node.clientWidth} ${this.node.clientHeight}`; }

  #resized() {
    if (this.#size() === this.size || !this.node.clientWidth) return;
    this.size = this.#size();
    this.#again();
  }

  #again() { for (const figure of this.figures.values()) figure.draw(); }

  end() {
    this.watch.disconnect();
    clearTimeout(this.timer);
    for (const figure of this.figures.values()) figure.end();
    this.figures.clear();
  }
}

/* Sentences as a list; a list that says the same is left alone. */
export function sentences(node, said) {
  const wanted = said.join("\n");
  if (node.dataset.said === wanted) return;
  node.dataset.said = wanted;
  node.replaceChildren(...said.map(each => el("li", {}, each)));
}

const cell = value => value === null || value === undefined ? "–" : typeof value === "object" ? String(value.text ?? "–") : String(value);
const named = column => typeof column === "object" ? String(column.name ?? "") : String(column);

/* A table with a caption, in a frame that scrolls. */
export function table(given) {
  const head = el("tr", {}, given.columns.map(column => el("th", { scope: "col" }, named(column))));
  const rows = given.rows.map(row => el("tr", {}, row.map((value, place) =>
    el(place ? "td" : "th", place ? {} : { scope: "row" }, cell(value)))));
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": given.caption },
    el("table", {}, el("caption", {}, given.caption), el("thead", {}, head), el("tbody", {}, rows)));
}

/* The numbers behind charts, on demand; open stays open when the numbers change. */
export function numbers(node, given) {
  node.hidden = !given;
  if (!given) return;
  const wanted = JSON.stringify(given);
  if (node.dataset.said === wanted) return;
  node.dataset.said = wanted;
  node.replaceChildren(el("summary", {}, t("page.numbers")), table(given));
}

/* How far the runs are: a bar, words, and a button to stop or to go on. */
export class Progress {
  constructor(cancel, resume) {
    this.bar = el("progress", { max: 1, value: 0, "aria-label": t("page.progress") });
    this.words = el("span", { class: "progress-words" });
    this.cancel = button(t("page.cancel"), cancel, { class: "quiet" });
    this.resume = button(t("page.resume"), resume, { class: "quiet" });
    this.node = el("div", { class: "progress" }, this.bar, this.words, this.cancel, this.resume);
    this.show(null);
  }

  show(given) {
    const { done = 0, wanted = 0, state = "running", message = null, stale = false } = given || {};
    this.bar.max = wanted || 1;
    if (given) this.bar.value = done; else this.bar.removeAttribute("value");
    this.node.dataset.state = state;
    this.bar.hidden = state === "hidden";
    this.cancel.hidden = state !== "running" || !given;
    this.resume.hidden = state !== "cancelled" && state !== "failed";
    const key = { running: given ? "page.runs_running" : "page.runs_waiting", done: "page.runs_done", cancelled: "page.runs_cancelled", failed: "page.runs_failed" }[state];
    say(this.words, message && state !== "running" && state !== "done" ? message : stale ? t("page.stale", { n: wanted, done }) : key ? t(key, { n: wanted, done }) : "");
    this.node.hidden = state === "hidden";
  }
}
