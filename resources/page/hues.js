// A sign for each model that the band shows: a hue, a pattern and one or two characters. The same rules as in the
// windows (preheat/models/signs.py): what is visible keeps its sign, and no two visible models have the same one.

const HUES = 8;
const PATTERNS = 3; // plain, stripes, dots

export class SignBook {
  constructor() {
    this.known = new Map();
    this.visible = new Set();
  }

  // The signs of all models that are visible now, by id: {hue, pattern, mark}.
  signs(ids) {
    const given = new Map();
    const taken = new Set();
    const marks = new Set();
    const give = (id, sign) => {
      given.set(id, sign);
      taken.add(place(sign));
      marks.add(sign.mark);
    };
    const names = [...ids].sort(byCodePoint);
    for (const id of [...names.filter((name) => this.visible.has(name)), ...names.filter((name) => !this.visible.has(name))]) {
      const sign = this.known.get(id);
      if (sign !== undefined && !taken.has(place(sign)) && !marks.has(sign.mark)) give(id, sign);
    }
    for (const id of names) {
      if (given.has(id)) continue;
      const sign = { ...freePlace(id, taken), mark: freeMark(id, marks) };
      this.known.set(id, sign);
      give(id, sign);
    }
    this.visible = new Set(names);
    return given;
  }

  // Give signs to the first models, and to the others, too, if all can have different ones.
  reserve(first, others) {
    const everyone = new Set([...first, ...others]);
    if (everyone.size > HUES) this.signs(new Set(first));
    if (everyone.size <= HUES * PATTERNS) this.signs(everyone);
  }
}

export function showSign(node, sign) {
  node.dataset.hue = sign.hue;
  node.dataset.pattern = sign.pattern;
}

// As Python sorts; JavaScript compares UTF-16, where signs beyond the basic plane come too early.
function byCodePoint(one, other) {
  const [left, right] = [one, other].map((text) => Array.from(text, (sign) => sign.codePointAt(0)));
  const at = left.findIndex((point, index) => point !== right[index]);
  return at < 0 ? left.length - right.length : left[at] - (right[at] ?? -1);
}

function place(sign) {
  return sign.pattern * HUES + sign.hue;
}

function freePlace(id, taken) {
  const first = crc32(new TextEncoder().encode(id)) % HUES;
  for (let pattern = 0; pattern < PATTERNS; pattern += 1) {
    for (let step = 0; step < HUES; step += 1) {
      const sign = { hue: (first + step) % HUES, pattern };
      if (!taken.has(place(sign))) return sign;
    }
  }
  return { hue: first, pattern: PATTERNS - 1 };
}

function freeMark(id, marks) {
  const letter = (Array.from(id).find((sign) => /[\p{L}\p{N}]/u.test(sign)) ?? "?").toUpperCase().slice(0, 1);
  for (let number = 1; ; number += 1) {
    const mark = number === 1 ? letter : `${letter}${number}`;
    if (!marks.has(mark)) return mark;
  }
}

function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
