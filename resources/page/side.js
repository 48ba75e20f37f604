// What happens now: the current work, open requests, downloads, and the figures since the start.

import { arrange, byId, element, nameElement, setAttribute, setHidden, setText } from "./dom.js";
import { LOADING, percentDone } from "./states.js";
import { sentence } from "./words.js";

const MOST_REQUESTS = 20;

export class Side {
  constructor(page) {
    this.page = page;
    this.words = page.words;
    this.requests = new Map();
    this.downloads = new Map();
    byId("pause").addEventListener("click", () => this.change("/preheat/v1/pause"));
    byId("pause-hour").addEventListener("click", () => this.change("/preheat/v1/pause?seconds=3600"));
    byId("resume").addEventListener("click", () => this.resume());
  }

  render(status) {
    this.renderNow(status);
    this.renderRequests(status.requests);
    this.renderDownloads(status.downloads);
    this.renderFigures(status);
  }

  renderNow(status) {
    const { preload } = status;
    const loading = status.models.filter((model) => LOADING.has(model.state) && model.progress !== null);
    const place = (model) => preload.queue.indexOf(model.id);
    loading.sort((one, other) => place(one) - place(other));
    setText(byId("now-sentence"), sentence(this.nowWords(status, loading[0])));
    setHidden(byId("now-progress"), loading.length === 0);
    if (loading.length) byId("now-progress").value = loading[0].progress;
    setText(byId("now-aside"), this.nextWords(status, loading[0]));
    const { may } = this.page;
    setHidden(byId("pausing"), !preload.enabled || !may.manage);
    setHidden(byId("resume"), !preload.paused);
  }

  nowWords({ preload, models, room }, loading) {
    const { words } = this;
    if (loading) return words.text("page_now_loading", { model: loading.id, percent: percentDone(loading.progress) });
    if (!preload.enabled) return words.text("page_now_off");
    if (preload.paused_until) return words.text("page_now_paused_until", { time: words.time(preload.paused_until) });
    if (preload.paused) return words.text("page_now_paused");
    if (preload.hold_message && (room || preload.queue.length)) {
      return words.text("page_now_waits", { reason: words.message(preload.hold_message).text });
    }
    const ready = models.filter((model) => model.state === "hot").length;
    if (ready === 0) return words.text("page_now_none");
    return ready === 1 ? words.text("page_now_one_ready") : words.text("page_now_ready", { count: words.count(ready) });
  }

  nextWords({ preload, models }, loading) {
    const { words } = this;
    const idle = new Set(models.filter((model) => model.state === "cold").map((model) => model.id));
    const next = preload.queue.filter((id) => idle.has(id)).slice(0, 3);
    const left = loading?.load_left_s;
    return [
      left ? words.text("page_now_left", { duration: Math.max(1, Math.round(left)) }) : "",
      next.length ? words.text("page_now_next", { models: next }) : "",
    ].filter(Boolean).join(" · ");
  }

  renderRequests(requests) {
    const { words } = this;
    const shown = requests.slice(0, MOST_REQUESTS);
    const items = shown.map((request) => {
      if (!this.requests.has(request.id)) this.requests.set(request.id, this.newRequest(request));
      const item = this.requests.get(request.id);
      setText(item.querySelector(".request-state"), this.requestWords(request));
      return item;
    });
    const known = new Set(shown.map((request) => request.id));
    for (const id of this.requests.keys()) if (!known.has(id)) this.requests.delete(id);
    const more = requests.length - shown.length;
    if (more > 0) {
      this.more ??= element("li", { className: "muted" });
      setText(this.more, words.text("page_requests_more", { count: more }));
      items.push(this.more);
    }
    arrange(byId("request-list"), items);
    setHidden(byId("requests-none"), items.length > 0);
  }

  newRequest(request) {
    const client = request.client || this.words.text("page_client_unknown");
    const item = element(
      "li",
      { className: "request" },
      element("bdi", { className: "client" }, client),
      nameElement(request.model, "name muted"),
      element("span", { className: "request-state" }),
    );
    return item;
  }

  requestWords(request) {
    const { words } = this;
    if (request.waiting) return words.text("page_request_waiting");
    if (!request.completion_tokens) return words.text("page_request_reading");
    const tokens = words.text("page_request_tokens", { tokens: request.completion_tokens });
    if (request.tokens_per_s === null) return tokens;
    return `${tokens} · ${words.text("page_tokens_per_s", { rate: words.number(request.tokens_per_s, request.tokens_per_s < 100 ? 1 : 0) })}`;
  }

  renderDownloads(downloads) {
    const shown = downloads.filter((download) => download.state !== "done");
    setHidden(byId("downloads"), shown.length === 0);
    const items = shown.map((download) => {
      if (!this.downloads.has(download.id)) this.downloads.set(download.id, newDownload(download));
      const item = this.downloads.get(download.id);
      this.renderDownload(item, download);
      return item;
    });
    const known = new Set(shown.map((download) => download.id));
    for (const id of this.downloads.keys()) if (!known.has(id)) this.downloads.delete(id);
    arrange(byId("download-list"), items);
  }

  renderDownload(item, download) {
    const { words } = this;
    const state = words.text(`page_download_${download.state}`);
    const share = download.total_bytes ? download.done_bytes / download.total_bytes : 0;
    const size = words.text("page_download_size", { done: download.done_bytes, total: download.total_bytes });
    const trouble = download.error_message ?? download.notice_message;
    const parts = [state, download.total_bytes ? size : ""].filter(Boolean).join(" · ");
    setText(item.querySelector(".download-state"), trouble ? `${parts}. ${words.sentences(trouble)}` : parts);
    const bar = item.querySelector("progress");
    bar.value = share;
    setAttribute(bar, "aria-label", `${download.name}: ${percentDone(share)}`);
  }

  renderFigures({ preload, prompt_tokens: tokens, prefix_tokens_reused: reused, prefix_cache_hit_rate: rate }) {
    const { words } = this;
    const requests = preload.hits + preload.late_hits + preload.misses;
    const known = preload.preload_hit_rate !== null && preload.preload_hit_rate !== undefined;
    setText(byId("hit-rate"), known ? words.percent(preload.preload_hit_rate) : "–");
    setText(byId("hits"), known ? words.text("page_hits", { hits: preload.hits, requests }) : words.text("page_no_requests_yet"));
    setText(byId("saved"), words.duration(preload.time_saved_s));
    setText(byId("preloads"), words.text("page_preloads", { preloads: preload.preloads, wasted: preload.wasted }));
    const some = tokens > 0;
    setText(byId("reused"), some ? words.percent(rate ?? reused / tokens) : "–");
    setText(byId("reused-of"), some ? words.text("page_reused_of", { reused: words.number(reused), tokens: words.number(tokens) }) : words.text("page_no_requests_yet"));
  }

  async resume() {
    await this.change("/preheat/v1/resume");
    if (document.activeElement === document.body || byId("resume").hidden) byId("pause").focus();
  }

  async change(path) {
    setHidden(byId("now-error"), true);
    try {
      await this.page.api.change(path);
    } catch (error) {
      setText(byId("now-error"), this.page.errorWords(error));
      setHidden(byId("now-error"), false);
    }
  }
}

function newDownload(download) {
  return element(
    "li",
    { className: "download" },
    nameElement(download.name),
    element("span", { className: "download-state muted" }),
    element("progress", { max: 1 }),
  );
}
