/* What the room takes home: one click saves a folder, and everything can be fetched from here. */

import { button, el, kept, say } from "/static/dom.js";
import { t } from "/static/words.js";

export function mount(element, context) {
  const status = el("p", { class: "status", role: "status" });
  const place = el("div", { hidden: true });
  const save = button(t("takeaway.save"), saved, { class: "primary" });
  let busy = false;

  async function saved() {
    if (busy) return;
    busy = true;
    save.setAttribute("aria-disabled", "true");
    say(status, t("takeaway.saving"));
    try {
      const done = await context.api("save", { method: "POST", body: {} });
      say(status, t("takeaway.saved"));
      kept.set(`saved.${context.session.id}`, JSON.stringify(done));
      show(done);
    } catch (problem) {
      say(status, "");
      context.problem(problem);
    }
    busy = false;
    save.removeAttribute("aria-disabled");
  }

  function show(done) {
    links(done.files || []);
    place.hidden = false;
    place.replaceChildren(el("h2", {}, t("takeaway.where")), el("p", {}, el("code", {}, done.folder)),
      el("details", {}, el("summary", {}, t("takeaway.files")), el("ul", { class: "files" }, (done.files || []).map(file => el("li", {}, el("code", {}, file))))));
  }

  const list = el("ul", { class: "rows" });
  const address = file => `/api/sessions/${context.session.id}/take/${file.split("/").map(encodeURIComponent).join("/")}`;
  const link = (file, text, note) => el("li", {},
    el("span", { class: "row-name" }, el("strong", {}, text), " ", el("span", { class: "hint" }, note)),
    el("a", { class: "button", href: address(file), download: true, "aria-label": t("takeaway.fetch_named", { name: text }) }, t("takeaway.fetch")));

  function links(files) {
    section.hidden = !files.length;
    const scenarios = files.filter(file => /^policies\/.*\.yaml$/.test(file));
    list.replaceChildren(link("session.zip", t("takeaway.zip"), t("takeaway.zip_note")),
      link("report.html", t("takeaway.report"), t("takeaway.report_note")),
      ...scenarios.map(file => link(file, file.replace(/^policies\//, ""), t("takeaway.policy_note"))));
  }

  /* What was saved before, if it still lies there. */
  async function before() {
    const known = JSON.parse(kept.get(`saved.${context.session.id}`) || "null");
    if (!known) return;
    const there = await fetch(address("report.html"), { method: "HEAD", cache: "no-store" }).catch(() => null);
    if (there?.ok && place.hidden) show(known);
  }

  const section = el("section", { "aria-labelledby": "links-title", hidden: true }, el("h2", { id: "links-title" }, t("takeaway.links")), list);
  element.append(el("h1", {}, t("takeaway.title")), el("p", { class: "lead" }, t("takeaway.lead")),
    context.start.role === "guest" ? el("p", { class: "notice" }, t("takeaway.guest")) : el("p", {}, save), status, section, place,
    el("section", { "aria-labelledby": "again-title" }, el("h2", { id: "again-title" }, t("takeaway.reopen")),
      el("ul", {}, el("li", {}, t("takeaway.reopen_here")), el("li", {}, t("takeaway.reopen_file")), el("li", {}, t("takeaway.reopen_report")), el("li", {}, t("takeaway.reopen_policy")))));
  before();
  return { state() {}, unmount() {} };
}
