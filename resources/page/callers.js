// Who uses the models in the band: a chip for each program above its model's block, and a spark from one to the other.
// For the eyes only: the list of requests says the same.

import { arrange, byId, element, setAttribute, setText, svg } from "./dom.js";
import { showSign } from "./hues.js";

const GAP = 6; // px between chips

export class Callers {
  constructor(words) {
    this.words = words;
    this.known = new Map(); // {chip, wire, spark, model} by client and model
    this.blocks = new Map();
    new ResizeObserver(() => this.place()).observe(byId("lane"));
    byId("band").addEventListener("transitionend", () => this.place());
  }

  // blocks: the items of the band, by model; signs: their signs.
  render(requests, blocks, signs) {
    this.blocks = blocks;
    const callers = new Map();
    for (const { client, model, waiting } of requests) {
      if (!blocks.has(model)) continue;
      const key = JSON.stringify([client, model]);
      const caller = callers.get(key) ?? { client, model, count: 0, runs: false };
      caller.count += 1;
      caller.runs ||= !waiting;
      callers.set(key, caller);
    }
    for (const key of this.known.keys()) if (!callers.has(key)) this.known.delete(key);
    const shown = [...callers].map(([key, caller]) => this.shown(key, caller, signs));
    arrange(byId("callers"), shown.map(({ chip }) => chip));
    arrange(byId("wires"), shown.map(({ lines }) => lines));
    this.place();
  }

  shown(key, { client, model, count, runs }, signs) {
    if (!this.known.has(key)) this.known.set(key, newCaller(model));
    const made = this.known.get(key);
    const name = client || this.words.text("page_client_unknown");
    setText(made.chip.firstElementChild, count > 1 ? `${name} × ${count}` : name);
    setAttribute(made.lines, "data-runs", String(runs));
    showSign(made.chip, signs.get(model));
    showSign(made.lines, signs.get(model));
    return made;
  }

  // Each chip as near above its block as the others allow; those without a place are left out.
  place() {
    const lane = byId("lane").getBoundingClientRect();
    const wanted = [...this.known.values()].map((caller) => {
      const block = this.blocks.get(caller.model).getBoundingClientRect();
      return { ...caller, middle: block.left + block.width / 2 - lane.left, width: caller.chip.offsetWidth };
    });
    wanted.sort((one, other) => one.middle - other.middle);
    let room = lane.width + GAP;
    const placed = wanted.filter(({ width }) => (room -= width + GAP) >= 0);
    for (const { chip, lines } of wanted) for (const part of [chip, lines]) setAttribute(part, "data-placed", "false");
    let left = 0;
    let rest = placed.reduce((sum, { width }) => sum + width + GAP, -GAP);
    for (const { chip, lines, middle, width } of placed) {
      left = Math.max(left, Math.min(middle - width / 2, lane.width - rest));
      chip.style.setProperty("--left", `${left}px`);
      const from = left + Math.min(Math.max(middle - left, width / 4), (width * 3) / 4);
      const [top, bottom] = [chip.offsetHeight, lane.height];
      const path = `M${from} ${top}C${from} ${bottom} ${middle} ${top} ${middle} ${bottom}`;
      for (const line of lines.children) setAttribute(line, "d", path);
      for (const part of [chip, lines]) setAttribute(part, "data-placed", "true");
      left += width + GAP;
      rest -= width + GAP;
    }
  }
}

function newCaller(model) {
  const lines = svg("g", {}, svg("path", { class: "wire" }), svg("path", { class: "spark", pathLength: "100" }));
  return { chip: element("li", { className: "caller" }, element("bdi")), lines, model };
}
