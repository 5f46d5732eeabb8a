// Making elements. Text always goes in as text, never as markup.

/** `element("a", { class: "button", href: "…" }, "Pay", icon("arrow"))`; null, undefined and false are left out. */
export function element(tag, attributes = /** @type {Record<string, any>} */ ({}), ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(3).filter((child) => child !== undefined && child !== null && child !== false));
  return made;
}

const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  close: "M6 6l12 12M18 6L6 18",
  send: "M12 20V5M5.5 11.5L12 5l6.5 6.5",
  stop: "M7.5 7.5h9v9h-9z",
  up: "M7 11v9H4v-9zM7 11l4-8c1.8 0 2.6 1.2 2.2 3l-.7 3H19c1.2 0 2 1 1.8 2.2l-1.2 7c-.2 1-1 1.8-2 1.8H7",
  down: "M7 13V4H4v9zM7 13l4 8c1.8 0 2.6-1.2 2.2-3l-.7-3H19c1.2 0 2-1 1.8-2.2l-1.2-7c-.2-1-1-1.8-2-1.8H7",
  arrow: "M7 17L17 7M9 7h8v8",
  check: "M5 12.5l4.5 4.5L19 7.5",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21c1-4.5 4-6 8-6s7 1.5 8 6",
  again: "M19 12a7 7 0 1 1-2.1-5M19 4v4h-4",
  bin: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  book: "M12 6c-2-1.5-5-1.5-8-1v13c3-.5 6-.5 8 1 2-1.5 5-1.5 8-1V5c-3-.5-6-.5-8 1zM12 6v13",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3 2",
  more: "M5.5 12h.01M12 12h.01M18.5 12h.01",
  below: "M12 5v14M6 13l6 6 6-6",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
};

/** A line icon; purely decorative, so hidden from assistive technology. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const look = { viewBox: "0 0 24 24", class: `icon icon-${name}`, "aria-hidden": "true", focusable: "false" };
  for (const [key, value] of Object.entries(look)) svg.setAttribute(key, value);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A web address, or null: nothing else becomes a link or a picture. @param {unknown} text */
export function webAddress(text) {
  try {
    const url = new URL(String(text));
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : null;
  } catch {
    return null;
  }
}
