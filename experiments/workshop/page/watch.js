/* One simulated city, month by month: every proposal is a dot that moves through the funnel. */

const SVG = "http://www.w3.org/2000/svg";

/* Lanes from left to right, with the stages that stand in each. */
const LANES = [
  ["received", ["submitted"]], ["screening", ["screened"]], ["matching", ["matched"]], ["clearance", ["cleared"]],
  ["poc", ["poc", "extended", "second_poc"]], ["tender", ["preparation", "tender", "retender"]], ["contract", ["contract"]],
  ["service", ["deployed", "launched", "sustained"]],
];
const LANE = Object.fromEntries(LANES.flatMap(([, stages], place) => stages.map(stage => [stage, place])));
const OVER = new Set(["closed", "abandoned"]);

/* Colours that stand out from white by 3:1 at least; shapes tell the same. */
const WAYS = {
  bottom_up: ["#0072b2"], top_down: ["#b34700"], problem_led: ["#00795a"], challenge: ["#a3437a"], pitch: ["#6a51a3"],
  exchange: ["#7a5c00"], tender: ["#4d4d4d"], market: ["#9b1c1c"],
};
const FIRMS = { startup: "circle", sme: "square", large: "triangle" };
const REASONS = {
  misfit: ["#0072b2", "cross"], financial: ["#b34700", "circle"], technical: ["#00795a", "triangle"], administrative: ["#a3437a", "square"],
  regulatory: ["#6a51a3", "plus"], political: ["#9b1c1c", "diamond"], competition: ["#595959", "down"], withdrawn: ["#7a5c00", "bar"],
};
const SPEEDS = [0.5, 1, 2, 4]; // months a second
const BEFORE = 1500; // milliseconds in which the lanes are looked at before a city begins to run by itself
const PAUSE = 140; // milliseconds in which a dot covers most of its way

const corners = {
  square: [[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]], triangle: [[0, -1.1], [1.05, 0.85], [-1.05, 0.85]],
  down: [[0, 1.1], [1.05, -0.85], [-1.05, -0.85]], diamond: [[0, -1.15], [1.15, 0], [0, 1.15], [-1.15, 0]],
  bar: [[-1.1, -0.4], [1.1, -0.4], [1.1, 0.4], [-1.1, 0.4]],
  plus: [[-0.35, -1], [0.35, -1], [0.35, -0.35], [1, -0.35], [1, 0.35], [0.35, 0.35], [0.35, 1], [-0.35, 1], [-0.35, 0.35], [-1, 0.35], [-1, -0.35], [-0.35, -0.35]],
};
corners.cross = corners.plus.map(([x, y]) => [0.75 * (x - y), 0.75 * (x + y)]);

function el(tag, attributes = {}, ...children) {
  const node = tag === "svg" || attributes.svg ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "svg") continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter(child => child !== null && child !== undefined));
  return node;
}

const shape = (tag, attributes) => el(tag, { ...attributes, svg: true });

function trace(pen, form, x, y, size) {
  pen.beginPath();
  if (form === "circle") pen.arc(x, y, size, 0, 7);
  else corners[form].forEach(([dx, dy], place) => pen[place ? "lineTo" : "moveTo"](x + size * dx, y + size * dy));
  pen.closePath();
}

function sample(form, colour, hollow = false) {
  const style = { fill: hollow ? "#ffffff" : colour, stroke: colour, "stroke-width": hollow ? 2 : 0 };
  const mark = form === "circle" ? shape("circle", { cx: 7, cy: 7, r: 5, ...style })
    : shape("polygon", { points: corners[form].map(([x, y]) => `${7 + 5 * x},${7 + 5 * y}`).join(" "), ...style });
  return el("svg", { viewBox: "0 0 14 14", "aria-hidden": "true" }, mark);
}

export function mount(element, context) {
  const { t, language, api } = context;
  let session = context.session;
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const has = key => t(key) !== key;
  const word = (section, name) => has(`${section}.${name}`) ? t(`${section}.${name}`) : String(name);
  let film = null, dots = [], now = 0, playing = false, speed = 1, told = -1, frame = 0, last = 0, dirty = true, order = 0, gone = false, spoken = 0;
  let waiting = -1; // a city begins to run by itself, unless somebody does something first
  let size = { width: 0, height: 0 };

  // --- the page ------------------------------------------------------------------------------
  const choice = (name, options, change) => el("select", { "aria-label": t(`watch.${name}`), onchange: change },
    options.map(([value, text]) => el("option", { value }, text)));
  const policies = () => [["now", t("watch.policy_now")], ["base", t("watch.policy_base")], ...session.policies.map(each => [each.id, each.name])];
  const policy = choice("policy", policies(), () => load());
  const seed = choice("city", Array.from({ length: 20 }, (_, place) => [place + 1, t("watch.city_number", { n: place + 1 })]), () => load());
  const pace = choice("speed", SPEEDS.map((each, place) => [place, t(`watch.speed_${place}`)]), () => { speed = Number(pace.value); });
  pace.value = "1";
  const play = el("button", { type: "button", class: "primary", onclick: toggle }, t("watch.play"));
  const back = el("button", { type: "button", "aria-label": t("watch.back"), title: t("watch.back"), onclick: () => step(-1) }, "◀");
  const next = el("button", { type: "button", "aria-label": t("watch.forward"), title: t("watch.forward"), onclick: () => step(1) }, "▶");
  const label = el("p", { class: "watch-month" });
  const bar = el("div", { class: "watch-bar" }, play, back, next, pace, policy, seed, label);
  const marks = el("svg", { role: "img" });
  const slider = el("input", { type: "range", min: 0, max: 1, step: 1, value: 0, "aria-label": t("watch.month"), oninput: () => { halt(); go(at(Number(slider.value))); } });
  const canvas = el("canvas", { role: "img", "aria-label": t("watch.picture") });
  const wait = el("p", { class: "watch-wait", role: "status" });
  const stage = el("div", { class: "watch-stage", tabindex: 0, role: "region", "aria-label": t("page.tab_watch") }, canvas, wait);
  const said = el("ul");
  const curves = ["waiting", "support", "services", "spent"].map(name => curve(name));
  const lane = el("select", { "aria-label": t("watch.lane"), onchange: () => list() }, LANES.map(([name], place) => el("option", { value: place }, word("stage", `lane_${name}`))), el("option", { value: -1 }, t("watch.lane_ended")));
  const names = el("ul", { class: "watch-list" });
  const reader = el("details", { ontoggle: () => list() }, el("summary", {}, t("watch.by_name")), lane, names);
  const side = el("section", { class: "watch-side", tabindex: 0, "aria-label": t("watch.side") },
    el("div", { class: "watch-said" }, el("h2", {}, t("watch.this_month")), said), curves.map(each => each.node), reader);
  const legend = el("ul", { class: "watch-legend", "aria-label": t("watch.legend") });
  const further = el("div", { class: "watch-further" });
  const key = el("details", { class: "watch-key" }, el("summary", {}, t("watch.legend_more")), further);
  const live = el("p", { class: "watch-unseen", "aria-live": "polite" });
  const counts = el("tbody");
  const table = el("div", { class: "watch-unseen" }, el("table", {}, el("caption", {}, t("watch.counts")), counts));
  const tale = el("dialog", { class: "watch-tale", "aria-labelledby": "watch-tale-title" });
  const root = el("div", { class: "watch" }, el("h1", { class: "watch-unseen" }, t("page.tab_watch")), bar, el("div", { class: "watch-time" }, marks, slider), stage, side, el("div", { class: "watch-foot" }, legend, key), live, table, tale);
  element.replaceChildren(root);

  function curve(name) {
    const value = el("strong"), line = shape("polyline", { fill: "none", stroke: "#00508a", "stroke-width": 1.5, "vector-effect": "non-scaling-stroke" });
    const cursor = shape("line", { y1: 0, y2: 26, stroke: "#b34700", "stroke-width": 2, "vector-effect": "non-scaling-stroke" });
    const picture = el("svg", { viewBox: "0 0 100 26", preserveAspectRatio: "none", "aria-hidden": "true" }, line, cursor);
    return { name, value, line, cursor, node: el("div", { class: "watch-small" }, el("p", {}, t(`watch.series_${name}`)), value, picture) };
  }

  // --- the film ------------------------------------------------------------------------------
  const query = more => new URLSearchParams({ policy: policy.value, seed: seed.value, ...more });

  async function load() {
    const mine = ++order;
    const running = playing || waiting;
    halt();
    film = null;
    dots = [];
    dirty = true;
    wake();
    wait.textContent = t("watch.loading");
    try {
      const found = await api.get(`/api/sessions/${encodeURIComponent(session.id)}/film?${query({})}`);
      if (gone || mine !== order) return;
      begin(found);
      wait.textContent = "";
      if (running && !still.matches) waiting = setTimeout(() => { waiting = 0; if (!playing && film) toggle(); }, now ? 0 : BEFORE);
    } catch (problem) {
      if (!gone && mine === order) wait.textContent = t("watch.failed", { why: problem.message });
    }
  }

  function begin(found) {
    film = found;
    dots = film.cases.map(about => ({ about, x: null, y: null, tx: 0, ty: 0 }));
    slider.max = film.months.length;
    now = Math.min(now, film.days);
    told = -1;
    drawMarks();
    drawLegend();
    for (const each of curves) drawCurve(each);
    go(now);
  }

  const at = month => month ? film.months[month - 1] : 0;
  const monthOf = day => { const place = film.months.findIndex(end => end >= day); return day <= 0 ? 0 : (place < 0 ? film.months.length : place + 1); };
  const dateOf = day => new Date(Date.parse(`${film.start}T00:00:00Z`) + Math.floor(day) * 86400000);
  // the end of a month is the first day of the next: it is called by the month that ends
  const named = (day, style) => new Intl.DateTimeFormat(language, { year: "numeric", month: style, timeZone: "UTC" }).format(dateOf(Math.max(0, day - 0.01)));

  function go(day) {
    now = Math.max(0, Math.min(film.days, day));
    const month = monthOf(now);
    slider.value = month;
    const name = named(now, "long");
    if (label.textContent !== name) { label.textContent = name; slider.setAttribute("aria-valuetext", name); }
    place();
    if (month !== told) { told = month; news(month, name); }
    dirty = true;
    wake();
  }

  const step = months => {
    if (!film) return;
    halt();
    const month = monthOf(now), whole = now === at(month);
    go(at(Math.max(0, Math.min(film.months.length, months > 0 ? (whole || !month ? month + 1 : month) : month - 1))));
  };

  function toggle() {
    if (!film) return;
    if (playing) return halt();
    clearTimeout(waiting);
    waiting = 0;
    if (now >= film.days) go(0);
    playing = true;
    last = 0;
    play.textContent = t("watch.pause");
    wake();
  }

  function halt() {
    clearTimeout(waiting);
    waiting = 0;
    playing = false;
    play.textContent = t("watch.play");
  }

  // --- where everything stands ---------------------------------------------------------------
  function standing(about, day) {
    let found = -1;
    while (found + 1 < about.moves.length && about.moves[found + 1][0] <= day) found += 1;
    if (found < 0) return null;
    const [since, number, reason] = about.moves[found], name = film.stages[number];
    const over = OVER.has(name), from = over && found ? film.stages[about.moves[found - 1][1]] : name;
    return { since, name, over, lane: LANE[from] ?? 0, reason: over ? film.reasons[reason] : null };
  }

  const waits = (about, day) => about.waits.some(([begin, end]) => begin <= day && day < end);

  /* The frame of the picture: a strip for the office's queue, lanes, and their exits below. */
  function frameOf() {
    const top = 62, exits = Math.max(74, 0.3 * size.height), width = size.width / LANES.length;
    return { top, width, floor: size.height - exits, bottom: size.height - 6 };
  }

  function place() {
    const { top, width, floor, bottom } = frameOf();
    const live = LANES.map(() => []), ended = LANES.map(() => []);
    for (const dot of dots) {
      dot.at = standing(dot.about, now);
      if (!dot.at) { dot.x = null; continue; }
      dot.waits = !dot.at.over && waits(dot.about, now);
      (dot.at.over ? ended : live)[dot.at.lane].push(dot);
    }
    const early = (one, other) => one.at.since - other.at.since || one.about.case - other.about.case;
    const kinds = Object.keys(REASONS), cause = dot => kinds.indexOf(dot.at.reason);
    live.forEach((pile, number) => settle(pile.sort(early), number * width, width, film.office && number < 2 ? top + 84 : top, floor - 8, 15, 5, true));
    ended.forEach((pile, number) => settle(pile.sort((one, other) => cause(one) - cause(other) || early(one, other)), number * width, width, floor + 24, bottom, 11, 3.6, false));
  }

  /* Rows of a pile: on the floor of a lane (upwards), or hanging under it; closer where they are many. */
  function settle(pile, left, width, top, bottom, wide, radius, rising) {
    const room = width - 16, fits = gap => Math.floor(room / gap) * Math.floor((bottom - top) / gap) >= pile.length;
    let gap = wide;
    while (gap > 3 && !fits(gap)) gap -= 0.5;
    const row = Math.max(1, Math.floor(room / gap));
    pile.forEach((dot, place) => {
      const line = Math.floor(place / row);
      dot.tx = left + 8 + gap * (place % row + 0.5);
      dot.ty = rising ? bottom - gap * (line + 0.5) : top + gap * (line + 0.5);
      dot.r = Math.min(radius, gap * 0.42);
      if (dot.x === null) [dot.x, dot.y] = [dot.at.lane ? dot.tx : -8, dot.ty];
    });
  }

  // --- drawing -------------------------------------------------------------------------------
  function wake() { if (!frame && !gone) frame = requestAnimationFrame(tick); }

  function tick(time) {
    frame = 0;
    const passed = last ? Math.min(100, time - last) : 16;
    last = time;
    if (playing && film) advance(passed);
    const fresh = dirty;
    if (moved(passed) || fresh) draw();
    if (playing || dirty) wake();
  }

  let owed = 0;
  function advance(passed) {
    owed += passed * SPEEDS[speed] / 1000;
    if (still.matches) {
      if (owed < 1) return;
      go(at(Math.min(film.months.length, monthOf(now) + 1)));
    } else go(now + owed * 30.4375);
    owed = 0;
    if (now >= film.days) halt();
  }

  function moved(passed) {
    const share = still.matches ? 1 : 1 - Math.exp(-passed / PAUSE);
    let any = false;
    for (const dot of dots) {
      if (dot.x === null) continue;
      const dx = dot.tx - dot.x, dy = dot.ty - dot.y;
      if (!dx && !dy) continue;
      any = true;
      const near = Math.abs(dx) + Math.abs(dy) < 0.4;
      dot.x = near ? dot.tx : dot.x + dx * share;
      dot.y = near ? dot.ty : dot.y + dy * share;
    }
    dirty = any;
    return any;
  }

  function measure() {
    const scale = devicePixelRatio || 1, box = canvas.getBoundingClientRect();
    size = { width: box.width, height: box.height };
    canvas.width = Math.round(box.width * scale);
    canvas.height = Math.round(box.height * scale);
    canvas.getContext("2d").setTransform(scale, 0, 0, scale, 0, 0);
    if (film) { place(); for (const dot of dots) if (dot.x !== null) [dot.x, dot.y] = [dot.tx, dot.ty]; }
    dirty = true;
    wake();
  }

  const FONT = getComputedStyle(document.body).fontFamily;

  function draw() {
    const pen = canvas.getContext("2d"), frame = frameOf();
    pen.clearRect(0, 0, size.width, size.height);
    backdrop(pen, frame);
    if (!film) return;
    if (film.office) office(pen, frame);
    for (const dot of dots) if (dot.x !== null) mark(pen, dot);
  }

  function mark(pen, dot) {
    const [colour, form] = dot.at.over ? REASONS[dot.at.reason] : [WAYS[dot.about.channel]?.[0] ?? "#4d4d4d", FIRMS[dot.about.kind] ?? "circle"];
    trace(pen, form, dot.x, dot.y, dot.r);
    pen.fillStyle = dot.waits ? "#ffffff" : colour;
    pen.fill();
    if (!dot.waits) return;
    pen.lineWidth = 2;
    pen.strokeStyle = colour;
    pen.stroke();
  }

  function backdrop(pen, { width, top, floor, bottom }) {
    const live = LANES.map(() => 0), ended = LANES.map(() => 0);
    for (const dot of dots) if (dot.at) (dot.at.over ? ended : live)[dot.at.lane] += 1;
    LANES.forEach(([name], number) => {
      const left = number * width;
      pen.fillStyle = number % 2 ? "#f6f8fa" : "#eaf1f6";
      pen.fillRect(left, 0, width, floor);
      pen.fillStyle = number % 2 ? "#fcf9f6" : "#f8f2ec";
      pen.fillRect(left, floor, width, size.height - floor);
      pen.textAlign = "center";
      pen.fillStyle = "#1a1a1a";
      pen.font = `600 13px ${FONT}`;
      lines(pen, word("stage", `lane_${name}`), width - 6).forEach((text, line) => pen.fillText(text, left + width / 2, 16 + 14 * line));
      pen.font = `700 20px ${FONT}`;
      pen.fillStyle = "#003a63";
      if (film) pen.fillText(String(live[number]), left + width / 2, top - 2);
      pen.font = `600 13px ${FONT}`;
      pen.fillStyle = "#7a2e00";
      if (ended[number]) pen.fillText(t(name === "service" ? "watch.given_up" : "watch.left", { n: ended[number] }), left + width / 2, floor + 17);
    });
    pen.fillStyle = "#767d84";
    pen.fillRect(0, floor - 2, size.width, 3);
  }

  /* What lies at the office: a hollow square a task, and the number. */
  function office(pen, { width, top }) {
    const month = monthOf(now), tasks = month ? film.series.waiting[month - 1] : 0, room = 2 * width - 24;
    pen.textAlign = "left";
    pen.font = `600 13px ${FONT}`;
    pen.fillStyle = "#1a1a1a";
    pen.fillText(t("watch.office", { n: tasks }), 10, top + 24, room);
    pen.lineWidth = 1.5;
    pen.strokeStyle = "#1a1a1a";
    const row = Math.floor(room / 11);
    for (let task = 0; task < Math.min(tasks, 4 * row); task += 1) pen.strokeRect(12 + 11 * (task % row), top + 32 + 11 * Math.floor(task / row), 7, 7);
    pen.setLineDash([3, 3]);
    pen.strokeStyle = "#767d84";
    pen.lineWidth = 1;
    pen.strokeRect(5, top + 8, 2 * width - 10, 72);
    pen.setLineDash([]);
  }

  function lines(pen, text, width) {
    const found = [""];
    for (const piece of text.match(/[\u3000-\uffef]|[^\s\u3000-\uffef]+\s*/g) ?? []) {
      if (found.at(-1) && pen.measureText((found.at(-1) + piece).trimEnd()).width > width) found.push("");
      found[found.length - 1] += piece;
    }
    return found.slice(0, 2);
  }

  // --- time line, legend, curves ---------------------------------------------------------------
  function drawMarks() {
    const signs = { election: ["diamond", "#9b1c1c", 6], meeting: ["circle", "#00508a", 3.5], call: ["triangle", "#00795a", 5], policy: ["square", "#6a51a3", 5], ordinance: ["down", "#7a5c00", 5] };
    const nodes = [];
    const across = day => 100 * day / film.days;
    for (let year = dateOf(0).getUTCFullYear() + 1; ; year += 1) {
      const day = (Date.UTC(year, 0, 1) - dateOf(0)) / 86400000;
      if (day > film.days) break;
      nodes.push(shape("line", { x1: `${across(day)}%`, x2: `${across(day)}%`, y1: 0, y2: 34, stroke: "#b9c2c9" }));
      const text = shape("text", { x: `${across(day)}%`, y: 31, dx: 3, "font-size": 12, fill: "#4a4f55" });
      text.textContent = year;
      nodes.push(text);
    }
    const seen = new Set();
    for (const each of film.happenings) {
      const [day, kind, , what] = each, sign = signs[kind];
      if (!sign || (kind === "call" && what !== "opened")) continue;
      seen.add(kind);
      const [form, colour, radius] = sign;
      const inner = form === "circle" ? shape("circle", { r: radius, fill: colour }) : shape("polygon", { points: corners[form].map(([x, y]) => `${radius * x},${radius * y}`).join(" "), fill: colour });
      const title = shape("title", {});
      title.textContent = `${named(day + 0.01, "long")}: ${sentence(each)}`;
      inner.append(title);
      nodes.push(el("svg", { x: `${across(day)}%`, y: 10, overflow: "visible" }, inner));
    }
    marks.replaceChildren(...nodes);
    marks.setAttribute("aria-label", t("watch.time_line", { start: named(0.1, "long"), end: named(film.days, "long") }));
    marks.keys = [...seen].map(kind => [kind, signs[kind]]);
  }

  function drawLegend() {
    const ways = new Set(film.cases.map(each => each.channel)), firms = new Set(film.cases.map(each => each.kind));
    const reasons = new Set(film.cases.flatMap(each => each.moves.map(move => film.reasons[move[2]])));
    const row = (picture, text) => el("li", {}, picture, text);
    legend.replaceChildren(
      el("li", {}, el("strong", {}, t("watch.legend_dots"))),
      ...Object.keys(FIRMS).filter(each => firms.has(each)).map(each => row(sample(FIRMS[each], "#4a4f55"), t(`watch.firm_${each}`))),
      ...Object.keys(WAYS).filter(each => ways.has(each)).map(each => row(sample("circle", WAYS[each][0]), t(`watch.way_${each}`))),
      ...(film.office ? [row(sample("circle", "#4a4f55", true), t("watch.waits"))] : []),
    );
    const part = (title, ...rows) => el("div", {}, el("strong", {}, title), el("ul", { class: "watch-legend" }, rows));
    further.replaceChildren(
      part(t("watch.legend_reasons"),
      ...Object.keys(REASONS).filter(each => reasons.has(each)).map(each => row(sample(REASONS[each][1], REASONS[each][0]), word("reason", each)))),
      part(t("watch.legend_time"), ...marks.keys.map(([kind, [form, colour]]) => row(sample(form, colour), t(`watch.mark_${kind}`)))),
    );
  }

  function drawCurve(each) {
    const values = film.series[each.name], high = each.name === "support" ? 1 : Math.max(1, ...values);
    each.line.setAttribute("points", values.map((value, place) => `${100 * film.months[place] / film.days},${24 - 22 * (value ?? 0) / high}`).join(" "));
    each.node.hidden = each.name === "waiting" && !film.office;
  }

  const figures = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
  const value = (name, number) => name === "support" ? t("watch.of_100", { n: Math.round(100 * number) })
    : name === "spent" ? t("watch.money", { millions: figures.format(number), wan: figures.format(100 * number) }) : figures.format(number);

  // --- what happened --------------------------------------------------------------------------
  const department = name => {
    const found = /^(?:(.+) )?([A-Z][a-z]+) (\d+)$/.exec(name ?? "");
    if (!found || !has(`tale.domain_${found[2].toLowerCase()}`)) return name ?? "";
    const domain = t(`tale.domain_${found[2].toLowerCase()}`);
    return `${found[1] ? `${found[1]} ` : ""}${t("tale.department", { domain: domain[0].toUpperCase() + domain.slice(1), number: found[3] })}`;
  };

  const condition = path => { const key = `lever.${path.replaceAll(".", "_")}_name`; return has(key) ? t(key) : path; };

  function sentence([, kind, ...rest]) {
    const city = film.cities.length > 1 ? rest.at(-1) : null, where = text => city ? t("watch.in_city", { city, text }) : text;
    if (kind === "meeting") return where(t("watch.said_meeting", { docket: rest[0], granted: rest[1], deferred: rest[2], refused: rest[3] }));
    if (kind === "policy") return t("watch.said_policy", { changes: rest[0].slice(0, 3).map(([path, value]) => t("watch.change", { name: condition(path), value })).join(t("watch.semicolon")) + (rest[0].length > 3 ? t("watch.and_more", { n: rest[0].length - 3 }) : "") });
    if (kind === "award") return where(t(rest[1] === "own" ? "watch.said_award" : "watch.said_award_rival", { department: department(rest[0]), case: rest[2] ?? "" }));
    return where(t(`watch.said_${kind}_${String(rest[1]).replace(/\W+/g, "_")}`, { department: department(rest[0]), case: rest[2] ?? "", n: rest[3] ?? 0 }));
  }

  const LOUD = ["election", "policy", "meeting", "call", "ordinance", "contest"];

  function summary(begin, end) {
    const counted = { submitted: 0, poc: 0, contract: 0, deployed: 0, launched: 0, closed: 0, abandoned: 0 };
    for (const each of film.cases) for (const [day, stage] of each.moves) if (begin < day + 1e-9 && day < end && film.stages[stage] in counted) counted[film.stages[stage]] += 1;
    counted.deployed += counted.launched;
    const failed = film.happenings.filter(each => each[1] === "round" && each[3] === "failed" && begin <= each[0] && each[0] < end).length;
    return [...["submitted", "poc", "contract", "deployed", "closed", "abandoned"].map(name => [name, counted[name]]), ["failed", failed]]
      .filter(([, n]) => n).map(([name, n]) => t(`watch.sum_${name}`, { n }));
  }

  function news(month, name) {
    const begin = at(Math.max(0, month - 1)), end = month ? at(month) + (month === film.months.length ? 1 : 0) : 0.01;
    const inside = film.happenings.filter(([day, kind]) => begin <= day && day < end && LOUD.includes(kind))
      .sort((one, other) => LOUD.indexOf(one[1]) - LOUD.indexOf(other[1]));
    const spoken_ = inside.map(sentence), counted = summary(begin, end), texts = [...spoken_.slice(0, 5), ...counted];
    said.replaceChildren(...(texts.length ? texts : [t("watch.quiet")]).map(text => el("li", {}, text)));
    for (const each of curves) {
      const number = month ? film.series[each.name][month - 1] : each.name === "support" ? film.series.support[0] : 0;
      each.value.textContent = number === null || number === undefined ? "–" : value(each.name, number);
      for (const end_ of ["x1", "x2"]) each.cursor.setAttribute(end_, 100 * at(month) / film.days);
    }
    tally();
    if (reader.open) list();
    if (!playing || Date.now() - spoken > 6000) { spoken = Date.now(); live.textContent = [name, ...texts].join(". "); }
  }

  function tally() {
    const found = new Map(film.stages.map(stage => [stage, 0]));
    for (const dot of dots) if (dot.at) found.set(dot.at.name, found.get(dot.at.name) + 1);
    counts.replaceChildren(...[...found].map(([stage, n]) => el("tr", {}, el("th", { scope: "row" }, word("stage", stage)), el("td", {}, n))));
  }

  function list() {
    if (!film || !reader.open) return;
    const wanted = Number(lane.value);
    const found = dots.filter(dot => dot.at && (wanted < 0 ? dot.at.over : !dot.at.over && dot.at.lane === wanted)).sort((one, other) => other.at.since - one.at.since);
    names.replaceChildren(...found.slice(0, 100).map(({ about }) => el("li", {}, el("button", { type: "button", onclick: () => open(about.case) }, title(about)))));
    if (!found.length) names.append(el("li", {}, t("watch.nobody")));
  }

  const title = about => t("watch.case", { case: about.case, vendor: about.vendor, department: department(about.department) || t("watch.no_department") });

  // --- one case --------------------------------------------------------------------------------
  async function open(number) {
    halt();
    const close = el("button", { type: "button", class: "primary", onclick: () => tale.close() }, t("watch.close"));
    const heading = el("h2", { id: "watch-tale-title" }, t("watch.case_number", { case: number }));
    const body = el("div", { "aria-live": "polite" }, t("watch.loading_tale"));
    tale.replaceChildren(heading, body, close);
    if (!tale.open) tale.showModal();
    try {
      const found = await api.get(`/api/sessions/${encodeURIComponent(session.id)}/tale?${query({ case: number, lang: language })}`);
      if (gone || !heading.isConnected) return;
      heading.textContent = found.title;
      body.replaceChildren(
        el("dl", {}, found.steps.flatMap(({ date, text }) => [el("dt", {}, date), el("dd", {}, text)])),
        el("p", { class: "watch-end" }, found.end), el("h3", {}, t("watch.facts")), el("ul", {}, found.facts.filter(Boolean).map(text => el("li", {}, text))));
    } catch (problem) {
      if (!gone && heading.isConnected) body.textContent = t("watch.failed", { why: problem.message });
    }
  }

  function under(event) {
    const box = canvas.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
    let best = null, least = 14;
    for (const dot of dots) {
      const far = dot.x === null ? Infinity : Math.hypot(dot.x - x, dot.y - y);
      if (far < least) [best, least] = [dot, far];
    }
    return best;
  }

  const click = event => { const dot = under(event); if (dot) open(dot.about.case); };
  const hover = event => { const dot = under(event); canvas.title = dot ? title(dot.about) + (dot.at.over ? ` – ${word("reason", dot.at.reason)}` : ` – ${word("stage", dot.at.name)}`) : ""; };
  canvas.addEventListener("click", click);
  canvas.addEventListener("pointermove", hover);

  const keys = event => {
    const busy = event.target.closest?.("select, textarea, dialog, summary, a, [contenteditable], input:not([type=range])");
    if (busy || tale.open || event.ctrlKey || event.metaKey || event.altKey) return;
    const range = event.target.matches?.("input[type=range]"), pressed = event.target.closest?.("button");
    if (event.key === " " && !pressed) { event.preventDefault(); toggle(); }
    else if (!range && event.key === "ArrowRight") { event.preventDefault(); step(1); }
    else if (!range && event.key === "ArrowLeft") { event.preventDefault(); step(-1); }
  };
  document.addEventListener("keydown", keys);
  const watcher = new ResizeObserver(measure);
  watcher.observe(stage);
  measure();
  load();

  /* What is shown was changed, here or in another browser: the new city takes its place at the same month. */
  let shownNow = depends();
  function depends() {
    const kept = session.policies.find(each => each.id === policy.value);
    return JSON.stringify([policy.value, session.base, policy.value === "now" ? session.settings : kept && [kept.base, kept.settings]]);
  }

  let later = 0;
  function state(next) {
    session = next;
    const options = policies(), chosen = options.some(([value]) => value === policy.value) ? policy.value : "now";
    if (JSON.stringify(options) !== JSON.stringify([...policy.options].map(each => [each.value, each.textContent]))) {
      policy.replaceChildren(...options.map(([value, text]) => el("option", { value }, text)));
    }
    policy.value = chosen;
    if (depends() === shownNow) return;
    shownNow = depends();
    clearTimeout(later);
    later = setTimeout(load, 600);
  }
  policy.addEventListener("change", () => { shownNow = depends(); });

  return {
    state,
    unmount() {
      gone = true;
      clearTimeout(waiting);
      clearTimeout(later);
      cancelAnimationFrame(frame);
      watcher.disconnect();
      document.removeEventListener("keydown", keys);
      if (tale.open) tale.close();
      element.replaceChildren();
    },
  };
}
