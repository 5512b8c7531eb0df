/* The page: which session, which screen, and what is new. All that lasts is kept by the server. */

import { ask, Stream } from "/static/api.js";
import { button, el, kept, say } from "/static/dom.js";
import { label, preferred, speak, t } from "/static/words.js";

const SCREENS = {
  start: () => import("/static/start.js"),
  policy: () => import("/static/policy.js"),
  watch: () => import("/static/watch.js"),
  compare: () => import("/static/compare.js"),
  guess: () => import("/static/guess.js"),
  take: () => import("/static/take.js"),
};
const FIRST = "taipei_2016_2021";
const byId = name => document.getElementById(name);

/* What every screen is handed: the latest of everything, and the ways to change it. */
const context = { start: null, session: null, effect: null, comparison: null, guesses: null, language: "en", t };
let screen = null, shown = "", stream = null, trusting = false, listening = "", turn = Promise.resolve();

// --- asking and telling ----------------------------------------------------------------------

const within = path => path.startsWith("/") ? path : `/api/sessions/${context.session.id}/${path}`;
context.api = (path, options) => ask(within(path), options);
context.api.get = path => ask(within(path));
context.api.post = (path, body) => ask(within(path), { method: "POST", body });

/* Say in passing, to those who listen and to those who look. */
context.tell = text => { byId("told").textContent = ""; setTimeout(() => say(byId("told"), text), 50); };

context.problem = problem => {
  const text = problem instanceof Error ? problem.message : String(problem);
  const gone = () => notice.remove();
  const notice = el("div", { class: "notice problem" }, el("p", {}, text), button(t("page.dismiss"), gone));
  if ([...byId("notices").children].some(each => each.firstChild.textContent === text)) return;
  byId("notices").append(notice);
  setTimeout(gone, 15000);
};

/* One action after the other; the state that comes back is everybody's. Gives null where it was refused. */
context.act = action => {
  const done = turn.then(async () => {
    try {
      const session = await context.api.post("actions", action);
      adopt(session);
      return session;
    } catch (problem) {
      context.problem(problem);
      screen?.state?.(context.session);
      return null;
    }
  });
  turn = done;
  return done;
};

context.post = async (path, body) => {
  try { return await context.api.post(path, body); } catch (problem) { context.problem(problem); return null; }
};

/* Another session, in this window. */
context.open = (session, to = "policy") => {
  kept.set("session", session);
  location.assign(`/?s=${encodeURIComponent(session)}#/${to}`);
};

context.go = to => { location.hash = `#/${to}`; };

// --- news ------------------------------------------------------------------------------------

function adopt(session) {
  const old = context.session;
  if (old && session.id === old.id && session.version < old.version && !trusting) return;
  trusting = false;
  context.session = session;
  say(byId("session-name"), session.name || t(`page.unnamed`));
  screen?.state?.(session, old);
}

const heard = {
  state: adopt,
  effect(news) {
    if (context.effect && news.version < context.effect.version) return;
    context.effect = carried(news, context.effect, "effect");
    screen?.effect?.(context.effect);
  },
  comparison(news) {
    if (context.comparison && news.version < context.comparison.version) return;
    context.comparison = carried(news, context.comparison, "comparison");
    screen?.comparison?.(context.comparison);
  },
  guesses(news) {
    context.guesses = news;
    screen?.guesses?.(news);
  },
  ping() {},
};

/* What is to be seen decides which runs are made. */
const wanted = () => shown === "compare" ? "comparison" : "effect";

function listen() {
  stream?.end();
  listening = wanted();
  const address = `/api/sessions/${context.session.id}/stream?lang=${encodeURIComponent(context.language)}&want=${listening}`;
  stream = new Stream(address, Object.keys(heard), (kind, news) => heard[kind](news), connected);
}

/* A picture that waits for its first answer: the one before stays, and is said to be so. */
function carried(news, old, part) {
  const stale = news.state === "running" && !news[part] && Boolean(old?.[part]);
  return { ...news, [part]: stale ? old[part] : news[part], stale };
}

function connected(on) {
  const state = byId("connection");
  document.body.dataset.connected = String(on);
  if (on) { // a server that was started again counts versions of news from the beginning
    trusting = true;
    for (const kind of ["effect", "comparison"]) if (context[kind]) context[kind] = { ...context[kind], version: -1 };
  }
  say(state, on ? t("page.connected") : t("page.lost"));
  state.dataset.on = String(on);
}

// --- screens ---------------------------------------------------------------------------------

const route = () => {
  const name = location.hash.replace(/^#\//, "").split("?")[0];
  return name in SCREENS ? name : "start";
};

function tabs() {
  const links = Object.keys(SCREENS).map(name =>
    el("a", { href: `#/${name}`, "aria-current": name === shown ? "page" : null }, t(`page.tab_${name}`)));
  byId("tabs").replaceChildren(el("ol", {}, links.map(link => el("li", {}, link))));
}

/* A guest in the shared session may look; to try something he begins one of his own. */
function guestly() {
  if (context.start.role !== "guest" || context.session.id !== context.start.shared) return null;
  const own = async () => {
    const made = await context.post("/api/sessions", { base: context.session.base, language: context.language });
    if (made) context.open(made.id);
  };
  return el("p", { class: "notice" }, t("page.guest"), " ", button(t("page.guest_own"), own), " ", el("a", { href: "/join" }, t("page.guest_guess")));
}

async function show(moved) {
  const name = route();
  if (moved && name === shown) return;
  shown = name;
  tabs();
  document.title = `${t(`page.tab_${name}`)} – cityfunnel`;
  let module;
  try { module = await SCREENS[name](); }
  catch (problem) { console.error(problem); context.problem(t("page.unreachable")); return; }
  if (shown !== name) return;
  screen?.unmount?.();
  screen = null;
  const room = el("div", { class: `screen screen-${name}` });
  byId("content").replaceChildren(...[guestly(), room].filter(Boolean));
  if (listening && listening !== wanted()) listen();
  document.body.dataset.screen = name;
  screen = module.mount(room, context);
  if (moved) { window.scrollTo(0, 0); byId("content").focus({ preventScroll: true }); }
  document.body.dataset.ready = name;
}

// --- beginning -------------------------------------------------------------------------------

async function speaking(language) {
  context.start = await ask(`/api/start?lang=${encodeURIComponent(language)}`);
  context.language = language;
  kept.set("language", language);
  speak(context.start.texts, language);
  label(document);
  byId("language").replaceChildren(...Object.entries(context.start.languages).map(([code, name]) =>
    el("option", { value: code, lang: code, selected: code === language }, name)));
}

/* The session of the address, the one that is shared, the last one in this browser, or a new one. */
async function session() {
  const wanted = new URLSearchParams(location.search).get("s");
  const shared = context.start.shared || null;
  for (const id of [wanted, context.start.role === "guest" ? shared : null, kept.get("session")]) {
    if (!id) continue;
    try { return await ask(`/api/sessions/${encodeURIComponent(id)}`); }
    catch (problem) { if (id === wanted) context.problem(problem); else kept.drop("session"); }
  }
  const made = await ask("/api/sessions", { method: "POST", body: { base: FIRST, language: context.language } });
  return ask(`/api/sessions/${made.id}`);
}

async function begin() {
  const known = kept.get("language");
  try { await speaking(preferred(known)); }
  catch (problem) {
    if (problem.status === 401 || problem.status === 403) { location.replace("/join"); return; }
    await speaking("en");
  }
  adopt(await session());
  kept.set("session", context.session.id);
  history.replaceState(null, "", `/?s=${context.session.id}${location.hash}`);
  shown = route();
  listen();
  await show(false);
}

byId("language").addEventListener("change", async event => {
  try {
    await speaking(event.target.value);
    adopt(context.session);
    context.effect = context.comparison = context.guesses = null;
    listen();
    await show(false);
  } catch (problem) { context.problem(problem); }
});
byId("skip").addEventListener("click", event => { event.preventDefault(); byId("content").focus(); });
window.addEventListener("hashchange", () => show(true));
window.addEventListener("pagehide", () => stream?.end());
window.addEventListener("pageshow", event => { if (event.persisted) listen(); });
begin().catch(problem => {
  console.error(problem);
  byId("content").replaceChildren(el("p", { class: "notice problem" }, problem.message), button(t("page.again"), () => location.reload()));
});
