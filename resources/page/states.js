// What a model's state means for the page.

import { SPACE } from "./words.js";

export const LOADING = new Set(["queued", "loading", "warming"]);
export const IN_MEMORY = new Set(["queued", "loading", "warming", "hot", "unloading"]);

// The part of a code in messages/page.py, and of a class in the style sheet.
export function stateName(model) {
  if (model.state === "warming") return "loading";
  if (model.state === "cold" && model.standby) return "standby";
  return model.state;
}

export function stateWords(model, words) {
  const name = words.text(`page_state_${stateName(model)}`);
  return model.progress === null || model.state === "queued" ? name : `${name} ${percentDone(model.progress)}`;
}

export function percentDone(share) {
  return `${Math.floor(Math.min(Math.max(share, 0), 1) * 100 + 1e-6)}${SPACE}%`;
}

export function sizeOf(model) {
  return LOADING.has(model.state) ? Math.max(model.resident_bytes, model.expected_bytes) : model.resident_bytes;
}

// Whether a model that is not loaded fits, which the engine says: now, if others leave, or not at all.
export function fitWords(model, memory, words) {
  if (model.fit === "too_big") return words.text("fit_too_big", { missing: model.expected_bytes - memory.limit_bytes });
  if (model.fit === "now") return words.text("fit_now");
  const { leaving } = memory.headroom;
  const last = leaving.findIndex((each) => each.room_bytes >= model.expected_bytes);
  if (last < 0) return words.text("fit_if_others");
  const models = leaving.slice(0, last + 1).map((each) => each.model);
  return words.text(models.length === 1 ? "fit_if_leaves" : "fit_if_others_leave", { models });
}
