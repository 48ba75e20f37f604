// Requests to Preheat. The key, if one is needed, is kept for this tab only.

const KEY = "preheat-key";
const TOKEN = /<meta name="preheat-token" content="([^"]*)">/;
const FILES = /<meta name="preheat-files" content="([^"]*)">/;

const ANSWER_MS = 15_000; // for small answers: a Preheat that is stopped still accepts connections

export class ApiError extends Error {
  // status is 0 if nothing answered. message: as the engine's messages, or null.
  constructor(status, message, text = "") {
    super(text || message?.text || `HTTP ${status}`);
    this.status = status;
    this.details = message;
  }
}

export class Api {
  constructor() {
    this.token = meta("preheat-token");
    this.files = meta("preheat-files");
    this.memoryKey = ""; // for browsers that store nothing
  }

  get key() {
    try {
      return sessionStorage.getItem(KEY) ?? this.memoryKey;
    } catch {
      return this.memoryKey;
    }
  }

  set key(value) {
    this.memoryKey = value;
    try {
      if (value) sessionStorage.setItem(KEY, value);
      else sessionStorage.removeItem(KEY);
    } catch {
      // kept in this object
    }
  }

  get(path) {
    return this.send("GET", path, { signal: AbortSignal.timeout(ANSWER_MS) });
  }

  // A change. After a restart of Preheat the page's token is another one, which is fetched once.
  async change(path, body) {
    try {
      return await this.send("POST", path, { body });
    } catch (error) {
      if (error.details?.code !== "page_not_permitted") throw error;
      const token = this.token;
      await this.renew();
      if (token === this.token) throw error;
      return this.send("POST", path, { body });
    }
  }

  async send(method, path, { body, ...options }) {
    const response = await this.open(method, path, { body, ...options });
    return response.json();
  }

  // The response of a request that succeeded.
  async open(method, path, { body, signal } = {}) {
    const headers = { "X-Preheat-Page": this.token };
    if (this.key) headers.Authorization = `Bearer ${this.key}`;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const response = await fetched(path, {
      method,
      headers,
      signal,
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
      credentials: "omit",
    });
    if (response.ok) return response;
    const content = await response.json().catch(() => null);
    const error = content?.error ?? {};
    throw new ApiError(response.status, error.details ?? null, typeof error === "string" ? error : error.message);
  }

  // Fetch the page again for its token; load it anew if its files have changed.
  async renew() {
    const response = await fetched("/", {
      headers: { Accept: "text/html" },
      signal: AbortSignal.timeout(ANSWER_MS),
      cache: "no-store",
      credentials: "omit",
    });
    const html = await response.text();
    const files = FILES.exec(html)?.[1];
    if (!response.ok || files === undefined) throw new ApiError(response.status, null);
    this.token = TOKEN.exec(html)?.[1] ?? "";
    if (files !== this.files) location.reload();
  }
}

export function modelPath(id, action) {
  return `/preheat/v1/models/${encodeURIComponent(id)}/${action}`;
}

async function fetched(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, null, String(error.message));
  }
}

function meta(name) {
  return document.querySelector(`meta[name="${name}"]`)?.content ?? "";
}
