// The list of models: favourites first in their order, then the others by name.

import { arrange, byId, element, setHidden, setText } from "./dom.js";
import { ModelRow } from "./model_row.js";
import { IN_MEMORY } from "./states.js";

const FEW = 6; // so many models need no filter

export class ModelList {
  constructor(page) {
    this.page = page;
    this.rows = new Map();
    this.byName = new Intl.Collator(page.words.language, { numeric: true, sensitivity: "base" });
    this.status = null;
    this.shown = [];
    byId("filter").addEventListener("input", () => this.renderList());
    for (const choice of document.querySelectorAll("input[name=show]")) {
      choice.addEventListener("change", () => this.renderList());
    }
  }

  render(status, everything) {
    const before = this.status;
    this.status = status;
    const same = !everything && before?.models === status.models && before?.favourites === status.favourites;
    const memoryChanged = everything || roomOf(before) !== roomOf(status);
    if (!same) this.update(status, memoryChanged);
    if (same && memoryChanged) for (const row of this.rows.values()) row.renderDetails(status.memory);
    for (const [id, row] of this.rows) row.showSign(this.page.band.signs.get(id));
    if (everything || before?.broken_files !== status.broken_files) this.renderBroken(status.broken_files);
  }

  // Files that cannot be used: how many, and why each, with what to do.
  renderBroken(files) {
    const { words } = this.page;
    setHidden(byId("broken"), files.length === 0);
    setText(byId("broken-count"), words.text(files.length === 1 ? "page_broken_one" : "page_broken", { count: files.length }));
    const items = files.map((file) => {
      const text = words.sentences(file.reason_message);
      return element("li", {}, text, text.includes(file.path) ? "" : element("code", {}, file.path));
    });
    byId("broken-list").replaceChildren(...items);
  }

  update(status, everything) {
    const gone = new Set(this.rows.keys());
    let changed = gone.size !== status.models.length;
    for (const model of status.models) {
      gone.delete(model.id);
      let row = this.rows.get(model.id);
      if (row === undefined) {
        row = new ModelRow(this.page, model.id);
        this.rows.set(model.id, row);
        changed = true;
      }
      if (row.model !== model || everything) {
        changed ||= row.model?.favourite !== model.favourite || row.model?.state !== model.state;
        row.render(model, status.memory);
      }
    }
    for (const id of gone) this.rows.delete(id);
    if (changed || gone.size || this.favourites !== status.favourites) this.renderList();
  }

  renderList() {
    const { models, favourites } = this.status;
    this.favourites = favourites;
    const rank = new Map(favourites.map((id, index) => [id, index]));
    const place = (id) => rank.get(id) ?? favourites.length;
    const sorted = [...models].sort(
      (one, other) => place(one.id) - place(other.id) || this.byName.compare(one.id, other.id),
    );
    const wanted = byId("filter").value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const show = document.querySelector("input[name=show]:checked").value;
    const shown = sorted.filter(
      (model) =>
        wanted.every((word) => model.id.toLowerCase().includes(word)) &&
        (show !== "memory" || IN_MEMORY.has(model.state)) &&
        (show !== "favourites" || model.favourite),
    );
    arrange(byId("model-list"), shown.map((model) => this.rows.get(model.id).item));
    const { words } = this.page;
    const filtered = shown.length !== models.length;
    setHidden(byId("tools"), models.length <= FEW && !filtered);
    setText(
      byId("models-count"),
      filtered ? words.text("page_models_shown", { count: shown.length, total: models.length }) : words.count(models.length),
    );
    setHidden(byId("models-count"), models.length === 0);
    setHidden(byId("models-none"), shown.length > 0);
    setText(byId("models-none"), words.text(models.length ? "page_models_no_match" : "page_models_none"));
  }

  // Show the row of a model that was chosen in the band, and focus it.
  reveal(id) {
    const row = this.rows.get(id);
    if (row === undefined) return;
    if (!row.item.isConnected) {
      byId("filter").value = "";
      document.querySelector("input[name=show][value=all]").checked = true;
      this.renderList();
    }
    row.item.scrollIntoView({ block: "nearest" });
    row.why.focus({ preventScroll: true });
    if (row.reason.hidden) row.toggleReason();
  }

  mark(id) {
    for (const [key, row] of this.rows) row.item.classList.toggle("marked", key === id);
  }

  // Times such as "2 min ago" change without events.
  tick() {
    if (this.status !== null) for (const row of this.rows.values()) row.renderDetails(this.status.memory);
  }
}

// What the words about fitting depend on.
function roomOf(status) {
  return status === null ? "" : JSON.stringify(status.memory.headroom);
}
