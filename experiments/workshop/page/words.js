/* Texts and numbers in the language of the page. All texts come from the server, two levels deep. */

let texts = {}, language = "en";

export function speak(given, code) {
  texts = given;
  language = code;
  document.documentElement.lang = code;
}

/* The code of the language that the page speaks. */
export const spoken = () => language;

/* The text of a key (`section.key`) with values in it; `key_one` where `n` is 1. A key without a text is shown as it is. */
export function t(key, values = {}) {
  const at = key.indexOf("."), section = texts[key.slice(0, at)] || {}, name = key.slice(at + 1);
  const form = (values.n === 1 && section[`${name}_one`]) || section[name] || key;
  return form.replace(/\{(\w+)\}/g, (place, wanted) =>
    wanted in values ? (typeof values[wanted] === "number" ? number(values[wanted]) : String(values[wanted])) : place);
}

/* A number as the language writes it, with no more decimals than a step of it needs. */
export function number(value, step = 0.01) {
  const decimals = Math.min(6, Math.max(0, Math.ceil(-Math.log10(step) - 1e-9)));
  return new Intl.NumberFormat(language, { maximumFractionDigits: decimals }).format(value);
}

export function day(text) {
  const date = new Date(text);
  return isNaN(date) ? text : new Intl.DateTimeFormat(language, { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" }).format(date);
}

export function month(text) {
  const date = new Date(`${text}T12:00:00`);
  return isNaN(date) ? text : new Intl.DateTimeFormat(language, { year: "numeric", month: "long" }).format(date);
}

/* Texts of fixed parts of a page, marked with `data-t` (content) and `data-t-label` (label). */
export function label(root) {
  for (const node of root.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of root.querySelectorAll("[data-t-label]")) node.setAttribute("aria-label", t(node.dataset.tLabel));
}

/* The language to begin with: what was chosen last, what the browser prefers, or English. */
export function preferred(last) {
  if (last) return last;
  return navigator.languages.some((each, place) => place < 2 && each.toLowerCase().startsWith("zh")) ? "zh-Hant" : "en";
}
