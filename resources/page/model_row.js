// One model: its state, what can be done with it, and why it is so.

import { modelPath } from "./api.js";
import { element, icon, nameElement, onPress, setAttribute, setHidden, setText } from "./dom.js";
import { showSign } from "./hues.js";
import { LOADING, fitWords, stateName, stateWords } from "./states.js";

const STAR = "M8 1.8l1.9 3.9 4.2.6-3 3 .7 4.2L8 11.5l-3.8 2 .7-4.2-3-3 4.2-.6z";
const GROWS = 1.1; // a model that uses all of its context may take so many times more
let rows = 0;

export class ModelRow {
  constructor(page, id) {
    this.page = page;
    this.id = id;
    this.model = null;
    this.explained = "";
    this.build(`why-${(rows += 1)}`);
  }

  build(whyId) {
    const { words } = this.page;
    const button = (className, ...children) => element("button", { type: "button", className }, ...children);
    this.star = button("icon star", icon(STAR));
    this.star.setAttribute("aria-label", words.text("page_favourite", { model: this.id }));
    this.star.title = words.text("page_favourite", { model: this.id });
    this.why = button("plain why", words.text("page_why"));
    setAttribute(this.why, "aria-expanded", "false");
    setAttribute(this.why, "aria-controls", whyId);
    setAttribute(this.why, "aria-label", words.text("page_action", { action: words.text("page_why"), model: this.id }));
    this.action = button("action");
    this.state = element("span", { className: "state" });
    this.details = element("span", { className: "details muted" });
    this.progress = element("progress", { max: 1, hidden: true });
    this.problem = element("p", { className: "error", hidden: true });
    this.reason = element("p", { className: "reason", id: whyId, hidden: true });
    this.dot = element("span", { className: "dot", "aria-hidden": "true" });
    this.item = element(
      "li",
      { className: "model" },
      this.star,
      this.dot,
      element("div", { className: "what" }, nameElement(this.id), this.details),
      this.state,
      element("div", { className: "buttons" }, this.why, this.action),
      this.progress,
      this.problem,
      this.reason,
    );
    onPress(this.star, () => this.toggleFavourite());
    onPress(this.why, () => this.toggleReason());
    onPress(this.action, () => this.act());
    this.item.addEventListener("pointerenter", () => this.page.band.mark(this.id));
    this.item.addEventListener("pointerleave", () => this.page.band.mark(null));
  }

  render(model, memory) {
    const { words, may } = this.page;
    const before = this.model;
    this.model = model;
    const name = stateName(model);
    setAttribute(this.item, "data-state", name);
    setText(this.state, stateWords(model, words));
    setAttribute(this.state, "title", name === "standby" ? words.text("page_standby_help") : "");
    setAttribute(this.star, "aria-pressed", String(model.favourite));
    setAttribute(this.star, "aria-disabled", String(!may.manage));
    setHidden(this.progress, model.progress === null || !LOADING.has(model.state));
    if (!this.progress.hidden) {
      this.progress.value = model.progress;
      setAttribute(this.progress, "aria-label", `${this.id}: ${stateWords(model, words)}`);
    }
    this.renderDetails(memory);
    this.renderAction();
    if (before !== null && before.state !== model.state) this.announce(before);
    if (model.state === "failed" && model.error_message) this.showProblem(model.error_message);
    else if (before?.state === "failed") setHidden(this.problem, true);
    if (!this.reason.hidden && this.explained !== this.explanationKey) this.explain();
  }

  // The sign of its block in the band; none without a block.
  showSign(sign) {
    if (this.sign === sign) return;
    this.sign = sign;
    setText(this.dot, sign?.mark ?? "");
    if (sign === undefined) delete this.dot.dataset.hue;
    else showSign(this.dot, sign);
  }

  renderDetails(memory) {
    const { model } = this;
    const { words } = this.page;
    const parts = [];
    const grows = model.state === "hot" && model.expected_bytes > GROWS * model.resident_bytes;
    const size = model.resident_bytes;
    if (grows) parts.push(words.text("page_in_memory_grows", { size, most: model.expected_bytes }));
    else if (size > 0) parts.push(words.text("page_in_memory", { size }));
    else if (model.expected_bytes > 0) {
      parts.push(words.text("page_needs", { size: model.expected_bytes }));
      if (!LOADING.has(model.state)) parts.push(fitWords(model, memory, words));
    }
    if (model.context_length) parts.push(words.text("page_context", { tokens: model.context_length }));
    if (model.embeddings) parts.push(words.text("page_embeddings"));
    if (model.file_missing) parts.push(words.text("page_file_missing"));
    if (model.last_used_at) {
      parts.push(words.text("page_used", { ago: words.ago(Date.now() / 1000 - model.last_used_at) }));
    }
    setText(this.details, parts.join(" · "));
  }

  renderAction() {
    const { words } = this.page;
    const [code, allowed] = this.actionNow();
    setHidden(this.action, code === null || !allowed);
    if (code === null) return;
    const name = words.text(code);
    setText(this.action, name);
    setAttribute(this.action, "aria-label", words.text("page_action", { action: name, model: this.id }));
  }

  // The code of the action's name, and whether this page may do it.
  actionNow() {
    const { may } = this.page;
    const { state } = this.model;
    if (state === "unloading") return [null, false];
    if (state === "hot") return ["page_unload", may.manage];
    if (LOADING.has(state)) return ["page_stop", may.manage];
    return [state === "failed" ? "page_load_again" : "page_load", may.use];
  }

  act() {
    const loads = this.model.state !== "hot" && !LOADING.has(this.model.state);
    this.run(modelPath(this.id, loads ? "load" : "unload"));
  }

  toggleFavourite() {
    if (!this.page.may.manage) return;
    this.run(modelPath(this.id, this.model.favourite ? "unfavourite" : "favourite"));
  }

  complain(text) {
    setText(this.problem, text);
    setHidden(this.problem, false);
    this.page.announce(`${this.id}: ${text}`);
  }

  async run(path) {
    setHidden(this.problem, true);
    try {
      const answer = await this.page.api.change(path);
      if (answer.overridden_by) this.complain(this.page.words.text("page_overridden", { source: answer.overridden_by }));
    } catch (error) {
      if (error.details?.code === "load_cancelled") return; // the user's own wish
      this.complain(this.page.errorWords(error));
    }
  }

  showProblem(message) {
    setText(this.problem, this.page.words.sentences(message));
    setHidden(this.problem, false);
  }

  announce(before) {
    if (this.model.state === "hot") this.page.announce(this.page.words.text("page_is_ready", { model: this.id }));
    else if (this.model.state === "cold" && before.state === "unloading") {
      this.page.announce(this.page.words.text("page_is_unloaded", { model: this.id }));
    } else if (this.model.state === "failed" && this.model.error_message) {
      this.page.announce(this.page.words.sentences(this.model.error_message));
    }
  }

  toggleReason() {
    const opens = this.reason.hidden;
    setAttribute(this.why, "aria-expanded", String(opens));
    setHidden(this.reason, !opens);
    if (opens) this.explain();
  }

  get explanationKey() {
    return `${this.model.state} ${this.model.standby} ${this.model.favourite} ${this.model.form}`;
  }

  async explain() {
    const { words, api } = this.page;
    this.explained = this.explanationKey;
    try {
      const { why_message: why, warning_message: warning } = await api.get(modelPath(this.id, "why"));
      setText(this.reason, [why, warning].filter(Boolean).map((each) => words.opening(each)).join(" "));
    } catch (error) {
      this.explained = "";
      setText(this.reason, this.page.errorWords(error));
    }
  }
}
