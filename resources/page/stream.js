// The status as it changes, from /preheat/v1/events. Connects again whenever the connection ends.

const LISTS = ["models", "requests", "downloads"];
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 15_000;
const SILENCE_MS = 30_000; // Preheat sends a sign of life every 5 s

// The status after a change: what is not different stays the same object. See control/status_changes.py.
export function merged(status, change) {
  const result = { ...status, ...change };
  for (const name of LISTS) {
    if (change[name] === undefined) continue;
    const items = new Map(status[name].map((item) => [String(item.id), item]));
    for (const [id, fields] of Object.entries(change[name])) {
      if (fields === null) items.delete(id);
      else items.set(id, { ...items.get(id), ...fields });
    }
    result[name] = [...items.values()];
    if (name === "requests") result[name].sort((one, other) => one.id - other.id);
  }
  return result;
}

// The contents of the server-sent events in a stream of bytes.
export async function* eventsOf(body, onBytes = () => {}) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    onBytes();
    const pieces = (rest + value).split("\n\n");
    rest = pieces.pop();
    for (const piece of pieces) {
      const data = piece.split("\n").filter((line) => line.startsWith("data: ")).map((line) => line.slice(6));
      if (data.length) yield JSON.parse(data.join("\n"));
    }
  }
}

export class StatusStream {
  // onStatus(status), onAccess(scope), onConnection(state, delayMs): connecting, connected, lost;
  // onRefused(error): waits until retry() is called.
  constructor(api, { onStatus, onAccess, onConnection, onRefused }) {
    Object.assign(this, { api, onStatus, onAccess, onConnection, onRefused });
    this.wake = () => {};
    this.resting = false;
    this.stop = new AbortController();
  }

  // Close the connection until awake() is called: a browser has six for all tabs of one address.
  rest() {
    this.resting = true;
    this.stop.abort();
  }

  awake() {
    if (!this.resting) return;
    this.resting = false;
    this.wake();
  }

  // Connect now if it waits.
  retry() {
    this.wake();
  }

  async run() {
    let delay = FIRST_DELAY_MS;
    let renew = false;
    for (;;) {
      if (this.resting) await this.waiting(null);
      try {
        this.onConnection("connecting");
        if (renew) await this.api.renew();
        renew = true;
        this.onAccess((await this.api.get("/page/access")).scope);
        await this.follow(() => { delay = FIRST_DELAY_MS; });
      } catch (error) {
        if (error.status === 401 || error.status === 403) {
          this.onRefused(error);
          await this.waiting(null);
          continue;
        }
      }
      if (this.resting) continue;
      this.onConnection("lost", delay);
      await this.waiting(delay);
      delay = Math.min(delay * 2, LONGEST_DELAY_MS);
    }
  }

  async follow(onFirst) {
    const stop = new AbortController();
    this.stop = stop;
    let timer = 0;
    const alive = () => {
      clearTimeout(timer);
      timer = setTimeout(() => stop.abort(), SILENCE_MS);
    };
    alive();
    try {
      const response = await this.api.open("GET", "/preheat/v1/events", { signal: stop.signal });
      let status = null;
      for await (const event of eventsOf(response.body, alive)) {
        if (status === null) {
          onFirst();
          this.onConnection("connected");
        }
        status = event.changes === undefined ? event : merged(status, event.changes);
        this.onStatus(status);
      }
    } finally {
      clearTimeout(timer);
      stop.abort();
    }
  }

  waiting(delay) {
    return new Promise((resolve) => {
      const timer = delay === null ? 0 : setTimeout(resolve, delay);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
