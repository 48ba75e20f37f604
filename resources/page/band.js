// The band of memory: as wide as the limit, with a block for each model, as wide as its memory.

import { Callers } from "./callers.js";
import { arrange, byId, element, nameElement, setAttribute, setHidden, setText } from "./dom.js";
import { SignBook, showSign } from "./hues.js";
import { IN_MEMORY, LOADING, sizeOf, stateName, stateWords } from "./states.js";

const LEAST_BEYOND = 0.1; // shares of the width for favourites without room
const MOST_BEYOND = 0.35;

export class Band {
  constructor(words, onChosen) {
    this.words = words;
    this.onChosen = onChosen; // called with an id and whether it was clicked; with null when the pointer leaves
    this.book = new SignBook();
    this.callers = new Callers(words);
    this.blocks = new Map();
    this.outlines = new Map();
    this.signs = new Map();
    this.reserved = "";
  }

  render(status) {
    const { memory, models, requests } = status;
    const { words } = this;
    const inside = models.filter((model) => IN_MEMORY.has(model.state) && sizeOf(model) > 0);
    const total = inside.reduce((sum, model) => sum + sizeOf(model), 0);
    const outside = models.filter((model) => status.favourites_without_room.includes(model.id));
    this.reserve(status.favourites, ids(models));
    this.signs = this.book.signs(ids([...inside, ...outside]));
    const width = Math.max(memory.limit_bytes, total, 1);
    arrange(byId("band"), inside.map((model) => this.block(model, sizeOf(model) / width, requests)));
    forget(this.blocks, inside);
    const limit = total > memory.limit_bytes ? `${(memory.limit_bytes / total) * 100}%` : "calc(100% + 4px)";
    byId("limit-line").style.setProperty("--limit", limit);
    this.renderOutside(outside, memory.limit_bytes);
    this.callers.render(requests, this.blocks, this.signs);
    setText(byId("memory-used"), words.text("page_memory_used", { used: memory.used_bytes, limit: memory.limit_bytes }));
    const free = memory.headroom.free_bytes; // less than what is empty: models in memory may grow
    setText(byId("memory-free"), words.text(inside.length ? "page_memory_free" : "page_memory_empty", { free }));
    setText(byId("memory-limit"), words.text("page_memory_limit", { limit: memory.limit_bytes }));
  }

  // Once for each set of models: the signs of those that are not shown are kept.
  reserve(favourites, all) {
    const wanted = JSON.stringify([favourites, all]);
    if (wanted === this.reserved) return;
    this.reserved = wanted;
    this.book.reserve(favourites, all);
  }

  renderOutside(outside, limit) {
    const total = outside.reduce((sum, model) => sum + model.expected_bytes, 0);
    const part = byId("outside-part");
    setHidden(part, outside.length === 0);
    const share = Math.min(Math.max(total / (total + limit), LEAST_BEYOND), MOST_BEYOND);
    part.style.setProperty("--share", `${share * 100}%`);
    arrange(byId("outside"), outside.map((model) => this.outline(model, model.expected_bytes / total)));
    forget(this.outlines, outside);
  }

  block(model, share, requests) {
    const { words } = this;
    const own = requests.filter((request) => request.model === model.id);
    const rate = own.reduce((sum, request) => sum + (request.tokens_per_s ?? 0), 0);
    const rateText = rate > 0 ? words.text("page_tokens_per_s", { rate: words.number(rate, rate < 10 ? 1 : 0) }) : "";
    const loads = LOADING.has(model.state);
    const state = stateWords(model, words);
    const label = words.text("page_memory_block", { model: model.id, state, size: sizeOf(model) });
    const item = this.made(this.blocks, model);
    item.style.setProperty("--fill", loads ? `${(model.progress ?? 0) * 100}%` : "100%");
    setAttribute(item, "data-state", stateName(model));
    setAttribute(item, "data-busy", String(own.length > 0));
    fill(item, share, rateText ? `${label}, ${rateText}` : label, loads ? state : rateText || words.memory(sizeOf(model)));
    return item;
  }

  outline(model, share) {
    const item = this.made(this.outlines, model);
    const label = this.words.text("page_memory_outside", { model: model.id, size: model.expected_bytes });
    fill(item, share, label, this.words.memory(model.expected_bytes));
    return item;
  }

  made(known, model) {
    const sign = this.signs.get(model.id);
    let item = known.get(model.id);
    if (item === undefined) {
      item = this.newBlock(model.id);
      known.set(model.id, item);
    }
    showSign(item, sign);
    for (const mark of item.querySelectorAll(".mark")) setText(mark, sign.mark);
    return item;
  }

  // Texts are there twice: on the filled part, which is clipped, and below it.
  newBlock(id) {
    const face = (className) =>
      element(
        "span",
        { className, "aria-hidden": "true" },
        element("span", { className: "mark" }),
        nameElement(id, "name block-name", false),
        element("span", { className: "block-size" }),
      );
    const button = element("button", { type: "button" }, face("face"), face("face filled"));
    button.addEventListener("click", () => this.onChosen(id, true));
    for (const [event, on] of [["pointerenter", true], ["pointerleave", false], ["focus", true], ["blur", false]]) {
      button.addEventListener(event, () => this.onChosen(on ? id : null, false));
    }
    return element("li", { className: "block" }, button);
  }

  // Mark the block of a model while its row is pointed at.
  mark(id) {
    for (const [key, item] of [...this.blocks, ...this.outlines]) item.classList.toggle("marked", key === id);
  }
}

function fill(item, share, label, text) {
  item.style.setProperty("--share", `${share * 100}%`);
  const button = item.firstElementChild;
  setAttribute(button, "aria-label", label);
  setAttribute(button, "title", label);
  for (const size of item.querySelectorAll(".block-size")) setText(size, text);
}

function forget(known, models) {
  const ids = new Set(models.map((model) => model.id));
  for (const id of known.keys()) if (!ids.has(id)) known.delete(id);
}

function ids(models) {
  return models.map((model) => model.id);
}
