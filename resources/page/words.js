// Texts, and numbers as people read them. The same rules as in engine/preheat/units.py.

const FIELD = /\{\{|\}\}|\{(\w+)(?::([^}]*))?\}/g;
const KILO = 1000;
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

// Between a number and its unit: no line ends there.
export const SPACE = "\u00a0";

export class Words {
  // texts: [text, hint] by code; see server/page/files.py.
  constructor(texts, language) {
    this.texts = texts;
    this.language = language;
    const parts = new Intl.NumberFormat(language).formatToParts(12345.6);
    this.point = parts.find((part) => part.type === "decimal")?.value ?? ".";
    this.group = parts.find((part) => part.type === "group")?.value ?? ",";
    this.formats = {
      memory: (value) => this.memory(value),
      bytes: (value) => this.bytes(value),
      count: (value) => this.count(value),
      duration: (value) => this.duration(value),
      percent: (value) => this.percent(value),
      names: (value) => value.join(", "),
    };
  }

  text(code, params = {}) {
    return this.filled(this.texts[code]?.[0] ?? code, params);
  }

  // A message of the engine, as {text, hint}. One of an unknown code has its English words with it.
  message(message) {
    const known = this.texts[message.code];
    if (known === undefined) return { text: message.text ?? message.code, hint: message.hint ?? "" };
    const params = message.params ?? {};
    return { text: this.filled(known[0], params), hint: this.filled(known[1], params) };
  }

  // What happened and what to do about it, as sentences.
  sentences(message) {
    const { text, hint } = this.message(message);
    return [text, hint].filter(Boolean).map(sentence).join(" ");
  }

  // The sentences with a capital at the start, unless a model's or another name comes first.
  opening(message) {
    const text = this.sentences(message);
    return this.nameFirst(message) ? text : text.charAt(0).toUpperCase() + text.slice(1);
  }

  nameFirst(message) {
    const first = /^\{(\w+)/.exec(message.code === "text" ? "" : this.texts[message.code]?.[0] ?? "");
    const value = first === null ? null : message.params?.[first[1]];
    return typeof value === "object" && value?.code !== undefined ? this.nameFirst(value) : first !== null;
  }

  filled(template, params) {
    return template.replace(FIELD, (field, name, format) => {
      if (name === undefined) return field[0];
      const value = Object.hasOwn(params, name) ? params[name] : "?";
      if (value === null) return "";
      if (value === "?") return "?";
      if (typeof value === "object" && value.code !== undefined) return this.message(value).text;
      if (this.formats[format] !== undefined) return this.formats[format](value);
      if (format === ",") return this.number(value);
      const decimals = /^\.(\d)f$/.exec(format ?? "");
      return decimals ? this.number(value, Number(decimals[1])) : String(value);
    });
  }

  number(value, decimals = 0) {
    const [whole, rest] = value.toFixed(decimals).split(".");
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, this.group);
    return rest === undefined ? grouped : `${grouped}${this.point}${rest}`;
  }

  // A number without separators of thousands.
  fixed(value, decimals) {
    return value.toFixed(decimals).replace(".", this.point);
  }

  memory(count) {
    if (count > 0 && count < 50e6) return `< ${this.fixed(0.1, 1)}${SPACE}GB`;
    return `${this.fixed(count / 1e9, 1)}${SPACE}GB`;
  }

  bytes(count) {
    if (count < KILO) return `${count}${SPACE}B`;
    let value = count;
    for (const unit of ["kB", "MB", "GB"]) {
      value /= KILO;
      if (value < 999.5) return this.threeDigits(value, unit);
    }
    return this.threeDigits(value / KILO, "TB");
  }

  threeDigits(value, unit) {
    return `${this.fixed(value, value < 99.95 ? 1 : 0)}${SPACE}${unit}`;
  }

  count(count) {
    if (count < 1e6) return this.number(count);
    const [value, unit] = count >= 0.9995e9 ? [count / 1e9, "B"] : [count / 1e6, "M"];
    return `${this.fixed(value, unit === "B" && value < 19.95 ? 1 : 0)} ${unit}`;
  }

  percent(share) {
    const whole = roundedHalfEven(share * 100);
    return `${share > 0 && share < 1 ? Math.min(Math.max(whole, 1), 99) : whole}${SPACE}%`;
  }

  duration(seconds) {
    if (seconds <= 0) return "0 s";
    if (seconds < 0.0005) return "< 1 ms";
    if (seconds < 0.9995) return `${this.fixed(seconds * 1000, 0)} ms`;
    if (seconds < 9.95) return `${this.fixed(seconds, 1).replace(`${this.point}0`, "")} s`;
    if (seconds < MINUTE - 0.5) return `${this.fixed(seconds, 0)} s`;
    if (seconds < HOUR - MINUTE / 2) return `${Math.round(seconds / MINUTE)} min`;
    if (seconds < DAY - MINUTE / 2) return twoUnits(Math.round(seconds / MINUTE), 60, (n) => `${n} h`, (n) => `${n} min`);
    return twoUnits(Math.round(seconds / HOUR), 24, (n) => this.days(n), (n) => `${n} h`);
  }

  days(count) {
    return this.text("page_days", { count });
  }

  ago(seconds) {
    if (seconds < 60) return this.text("page_just_now");
    const duration =
      seconds >= DAY ? this.days(Math.floor(seconds / DAY))
      : seconds >= HOUR ? `${Math.floor(seconds / HOUR)} h`
      : `${Math.floor(seconds / MINUTE)} min`;
    return this.text("page_ago", { duration });
  }

  // The time of day, with the day if it is another one.
  time(unixTime) {
    const date = new Date(unixTime * 1000);
    const today = date.toDateString() === new Date().toDateString();
    const day = today ? {} : { weekday: "short", day: "numeric", month: "short" };
    return date.toLocaleString(this.language, { hour: "numeric", minute: "2-digit", ...day });
  }
}

// As Python rounds.
function roundedHalfEven(value) {
  const whole = Math.round(value);
  return value % 1 === 0.5 && whole % 2 === 1 ? whole - 1 : whole;
}

export function sentence(words) {
  const text = words.trim();
  return text === "" || /[.!?]$/.test(text) ? text : `${text}.`;
}

function twoUnits(count, perLarge, large, small) {
  const rest = count % perLarge;
  const whole = large(Math.floor(count / perLarge));
  return rest ? `${whole} ${small(rest)}` : whole;
}
