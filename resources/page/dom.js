// Small helpers. Texts only ever become text nodes.

const SVG = "http://www.w3.org/2000/svg";
const TAIL = 14; // letters at the end of a name that stay visible
const SPLIT = 20; // shorter names are not split

export function byId(id) {
  return document.getElementById(id);
}

// A new element. Properties are set on it; those with a dash or named in ATTRIBUTES are attributes.
const ATTRIBUTES = new Set(["role", "d", "viewBox"]);

export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.includes("-") || ATTRIBUTES.has(key)) made.setAttribute(key, value);
    else made[key] = value;
  }
  made.append(...children);
  return made;
}

// A new element of a picture.
export function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export function icon(path) {
  return svg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, svg("path", { d: path }));
}

// Call back for each press of a button, but not for the second click of a double click, or while Enter is held: the
// button may do the opposite by then.
export function onPress(button, callback) {
  button.addEventListener("click", (event) => {
    if (event.detail < 2) callback();
  });
  button.addEventListener("keydown", (event) => {
    if (event.repeat) event.preventDefault();
  });
}

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setHidden(node, hidden) {
  if (node.hidden !== hidden) node.hidden = hidden;
}

export function setAttribute(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

// A name that loses its middle if there is no room: its end names the quantization.
export function nameElement(name, className = "name", tooltip = true) {
  const letters = Array.from(name);
  const head = letters.length > SPLIT ? letters.slice(0, -TAIL).join("") : name;
  const tail = letters.length > SPLIT ? letters.slice(-TAIL).join("") : "";
  const made = element("bdi", { className, title: tooltip ? name : "" }, element("span", { className: "name-head" }, head));
  if (tail) made.append(element("span", { className: "name-tail" }, tail));
  return made;
}

// Make the children of a list those of the keys, in their order. What stays is not moved, and keeps the focus.
export function arrange(list, wanted) {
  const focused = document.activeElement;
  const keep = new Set(wanted);
  for (const child of [...list.children]) if (!keep.has(child)) child.remove();
  let place = list.firstElementChild;
  for (const child of wanted) {
    if (child === place) place = place.nextElementSibling;
    else list.insertBefore(child, place);
  }
  if (focused !== document.activeElement && list.contains(focused)) focused.focus({ preventScroll: true });
}
