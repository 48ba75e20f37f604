// Preheat's page: one status, shown as it changes.

import { Api } from "./api.js";
import { Band } from "./band.js";
import { byId, element, setHidden, setText } from "./dom.js";
import { ModelList } from "./models.js";
import { Side } from "./side.js";
import { StatusStream } from "./stream.js";
import { Words, sentence } from "./words.js";

const TICK_MS = 30_000;
const REST_MS = 60_000; // out of sight for so long, a tab closes its connection
const SCOPES = ["read", "use", "manage"];

class Page {
  constructor(api, words) {
    this.api = api;
    this.words = words;
    this.may = { use: false, manage: false };
    this.status = null;
    this.drawn = null;
    this.scheduled = false;
    this.everything = true;
    this.band = new Band(words, (id, chosen) => (chosen ? this.models.reveal(id) : this.models.mark(id)));
    this.models = new ModelList(this);
    this.side = new Side(this);
    this.stream = new StatusStream(api, {
      onStatus: (status) => this.show(status),
      onAccess: (scope) => this.setAccess(scope),
      onConnection: (state, delay) => this.showConnection(state, delay),
      onRefused: (error) => this.showRefusal(error),
    });
    byId("key-form").addEventListener("submit", (event) => this.sendKey(event));
    byId("try-now").addEventListener("click", () => this.stream.retry());
    byId("forget").addEventListener("click", () => this.forgetKey());
    window.addEventListener("online", () => this.stream.retry());
    document.addEventListener("visibilitychange", () => this.onVisibility());
    setInterval(() => {
      if (!document.hidden) this.models.tick();
    }, TICK_MS);
  }

  onVisibility() {
    clearTimeout(this.restTimer);
    if (document.hidden) {
      this.restTimer = setTimeout(() => this.stream.rest(), REST_MS);
      return;
    }
    this.stream.awake();
    this.schedule();
  }

  // Draw with the next frame: several events may come before it.
  show(status) {
    this.status = status;
    this.schedule();
  }

  schedule() {
    if (this.scheduled || this.status === null || document.hidden) return;
    this.scheduled = true;
    requestAnimationFrame(() => {
      this.scheduled = false;
      if (this.status !== this.drawn || this.everything) this.draw();
    });
  }

  draw() {
    const { status, everything } = this;
    this.drawn = status;
    this.everything = false;
    setHidden(byId("content"), false);
    setHidden(byId("key-card"), true);
    this.band.render(status);
    this.models.render(status, everything);
    this.side.render(status);
    this.showNotices(status);
  }

  setAccess(scope) {
    const rank = scope === "admin" ? SCOPES.length : SCOPES.indexOf(scope);
    this.may = { use: rank >= 1, manage: rank >= 2 };
    this.everything = true;
    setHidden(byId("forget"), !this.api.key);
  }

  showNotices(status) {
    const { words, may } = this;
    const notices = [];
    if (!may.use) notices.push(words.text("page_may_read"));
    else if (!may.manage) notices.push(words.text("page_may_use"));
    for (const message of [status.memory.pressure_message, status.warning_message]) if (message) notices.push(words.sentences(message));
    if (status.missing_favourites.length) {
      notices.push(words.text("page_missing_favourites", { models: status.missing_favourites }));
    }
    if (status.favourites_without_room.length) {
      const { favourites_without_room: models, favourites_bytes: needed } = status;
      notices.push(words.text("page_favourites_without_room", { models, needed, limit: status.memory.limit_bytes }));
    }
    const text = JSON.stringify(notices);
    if (text === this.notices) return;
    this.notices = text;
    byId("notices").replaceChildren(...notices.map((each) => element("p", { className: "notice" }, sentence(each))));
  }

  showConnection(state, delay = 0) {
    const { words } = this;
    document.body.dataset.connection = state;
    const wait = delay >= 1000 ? words.text("page_lost", { duration: delay / 1000 }) : words.text("page_lost_now");
    const text = state === "lost" ? wait : words.text(`page_${state}`);
    if (state === "connecting" && this.status !== null) return; // it says already that it tries again
    setText(byId("connection-words"), text);
    setHidden(byId("try-now"), state !== "lost");
  }

  showRefusal(error) {
    document.body.dataset.connection = "refused";
    const reason = this.errorWords(error);
    setHidden(byId("forget"), true);
    setHidden(byId("try-now"), error.status === 401);
    if (error.status !== 401) {
      setText(byId("connection-words"), this.words.text("page_refused", { reason }));
      return;
    }
    setText(byId("connection-words"), "");
    const asked = this.api.key !== "" ? this.words.text("page_key_wrong") : "";
    const otherUser = error.details?.code === "other_user" ? reason : "";
    this.api.key = "";
    this.status = this.drawn = null;
    setHidden(byId("content"), true);
    setHidden(byId("key-card"), false);
    setText(byId("key-reason"), sentence(asked || otherUser));
    setHidden(byId("key-reason"), !(asked || otherUser));
    byId("key").value = "";
    byId("key").focus();
  }

  sendKey(event) {
    event.preventDefault();
    const key = byId("key").value.trim();
    if (!key) return;
    if (/[^\x21-\x7e]/.test(key)) {
      setText(byId("key-reason"), sentence(this.words.text("page_key_wrong")));
      setHidden(byId("key-reason"), false);
      return;
    }
    this.api.key = key;
    this.stream.retry();
  }

  forgetKey() {
    this.api.key = "";
    location.reload();
  }

  errorWords(error) {
    const { words } = this;
    if (error.details) return words.sentences(error.details);
    if (error.status === 0) return `${sentence(words.text("page_unreachable"))} ${words.message({ code: "page_unreachable" }).hint}`;
    return sentence(error.message || words.text("page_error"));
  }

  announce(text) {
    setText(byId("announcer"), text);
  }
}

const api = new Api();
const language = document.documentElement.lang;
const texts = await (await fetch(`${api.files}/texts.${language}.json`)).json();
new Page(api, new Words(texts, language)).stream.run();
