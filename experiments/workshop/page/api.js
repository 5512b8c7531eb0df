/* Requests to the server of this page, and its stream of news. Nothing else is ever asked. */

import { spoken, t } from "/static/words.js";

/* What the server refuses, in the words of its answer. */
export class Refused extends Error {
  constructor(sentence, status) {
    super(sentence);
    this.status = status;
  }
}

/* The server answers, and refuses, in the language of the page. */
const asked = path => /[?&]lang=/.test(path) ? path : `${path}${path.includes("?") ? "&" : "?"}lang=${encodeURIComponent(spoken())}`;

/* JSON from a path of the server.

   `body` is sent as JSON, a file or bytes as they are. Fails with a Refused that says why. */
export async function ask(path, { method = "GET", body, signal } = {}) {
  const raw = body instanceof Blob || body instanceof ArrayBuffer;
  let answer;
  try {
    answer = await fetch(asked(path), {
      method,
      signal,
      cache: "no-store",
      headers: method === "GET" ? {} : { "Content-Type": raw ? "application/octet-stream" : "application/json" },
      body: method === "GET" ? undefined : raw ? body : JSON.stringify(body ?? {}),
    });
  } catch (problem) {
    if (problem.name === "AbortError") throw problem;
    throw new Refused(t("page.unreachable"), 0);
  }
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(typeof said.error === "string" ? said.error : t("page.unreachable"), answer.status);
  return said;
}

const SLOWEST = 8000;

/* News of a session, by kind; a connection that is lost is tried again, later each time. */
export class Stream {
  constructor(address, kinds, hear, tell) {
    Object.assign(this, { address, kinds, hear, tell, wait: 500, over: false });
    this.#connect();
  }

  #connect() {
    if (this.over) return;
    const source = this.source = new EventSource(this.address);
    source.onopen = () => { this.wait = 500; this.tell(true); };
    source.onerror = () => this.#lost(source);
    for (const kind of this.kinds) source.addEventListener(kind, event => this.#heard(source, kind, event));
  }

  #heard(source, kind, event) {
    if (this.over || source !== this.source) return;
    try { this.hear(kind, JSON.parse(event.data || "null")); }
    catch (problem) { console.error(problem); }
  }

  #lost(source) {
    if (this.over || source !== this.source) return;
    this.tell(false);
    source.close();
    this.timer = setTimeout(() => this.#connect(), this.wait);
    this.wait = Math.min(SLOWEST, this.wait * 1.7);
  }

  end() {
    this.over = true;
    clearTimeout(this.timer);
    this.source.close();
  }
}
