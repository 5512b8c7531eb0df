/* Elements made from plain data. What people write reaches the page as text alone. */

const SVG = "http://www.w3.org/2000/svg";

/* An element: attributes by name; `on` holds listeners, `style` custom properties; children are nodes or texts. */
export function el(tag, attributes = {}, ...children) {
  return dressed(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return dressed(document.createElementNS(SVG, tag), attributes, children);
}

function dressed(node, { on = {}, style = {}, ...attributes }, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, String(value));
  }
  for (const [name, value] of Object.entries(style)) node.style.setProperty(name, String(value));
  for (const [name, listener] of Object.entries(on)) node.addEventListener(name, listener);
  node.append(...children.flat().filter(child => child !== null && child !== undefined && child !== false));
  return node;
}

export const button = (text, click, attributes = {}) =>
  el("button", { type: "button", ...attributes, on: { click } }, text);

/* Replace what is in a node, unless it says the same already: a reader is not told twice. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

let made = 0;
export const id = stem => `${stem}-${++made}`;

/* Call a function at most once in so many milliseconds, the last time for sure. */
export function throttled(function_, milliseconds) {
  let timer = 0, last = 0, latest = [];
  const call = () => { timer = 0; last = Date.now(); function_(...latest); };
  return (...given) => {
    latest = given;
    if (!timer) timer = setTimeout(call, Math.max(0, last + milliseconds - Date.now()));
  };
}

/* What the browser keeps for next time; a browser that keeps nothing is no reason to stop. */
export const kept = {
  get(name) { try { return localStorage.getItem(`cityfunnel.${name}`); } catch { return null; } },
  set(name, value) { try { localStorage.setItem(`cityfunnel.${name}`, value); } catch { /* keeps nothing */ } },
  drop(name) { try { localStorage.removeItem(`cityfunnel.${name}`); } catch { /* keeps nothing */ } },
};

/* A label above a control. */
export function field(text, control, note = "") {
  control.id ||= id("field");
  const hint = note && el("p", { class: "hint", id: `${control.id}-hint` }, note);
  if (hint) control.setAttribute("aria-describedby", hint.id);
  return el("div", { class: "field" }, el("label", { for: control.id }, text), control, hint);
}

/* Focus on the same control after a part of the page was made anew; controls are known by `data-keep`. */
export function keepingFocus(node, change) {
  const active = node.contains(document.activeElement) ? document.activeElement : null;
  const name = active?.dataset.keep, text = active && "selectionStart" in active ? active.value : null;
  change();
  if (!name) return;
  const again = [...node.querySelectorAll("[data-keep]")].find(each => each.dataset.keep === name);
  if (!again) return;
  if (text !== null) again.value = text;
  again.focus({ preventScroll: true });
}

/* Read a text file that a person chose. */
export const chosen = control => control.files && control.files[0];
