// Making elements. Text always goes in as text, never as markup.

/** `element("a", { class: "button", href: "…" }, "Pay", icon("arrow"))`; null, undefined and false are left out. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false));
  return made;
}

const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  chat: ["M4 5.5h16v10.5H10.5L6 20v-4H4z"],
  close: ["M6 6l12 12", "M18 6L6 18"],
  send: ["M4 12l16-7-6 16-3-7z"],
  stop: ["M7 7h10v10H7z"],
  up: ["M7 11v9H4v-9z", "M7 11l4-8c1.8 0 2.6 1.2 2.2 3l-.7 3H19c1.2 0 2 1 1.8 2.2l-1.2 7c-.2 1-1 1.8-2 1.8H7"],
  down: ["M7 13V4H4v9z", "M7 13l4 8c1.8 0 2.6-1.2 2.2-3l-.7-3H19c1.2 0 2-1 1.8-2.2l-1.2-7c-.2-1-1-1.8-2-1.8H7"],
  arrow: ["M7 17L17 7", "M9 7h8v8"],
  check: ["M5 12.5l4.5 4.5L19 7.5"],
  person: ["M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8z", "M4 21c1-4.5 4-6 8-6s7 1.5 8 6"],
  again: ["M19 12a7 7 0 1 1-2.1-5", "M19 4v4h-4"],
  book: ["M5 4h6c1 0 1 1 1 1v15s0-1-1-1H5z", "M19 4h-6c-1 0-1 1-1 1v15s0-1 1-1h6z"],
  clock: ["M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z", "M12 7v5l3 2"],
  more: ["M6 12h.01", "M12 12h.01", "M18 12h.01"],
};

/** A line icon; purely decorative, so hidden from assistive technology. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const look = { viewBox: "0 0 24 24", class: `icon icon-${name}`, "aria-hidden": "true", focusable: "false" };
  for (const [key, value] of Object.entries(look)) svg.setAttribute(key, value);
  for (const line of ICONS[name]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", line);
    svg.append(path);
  }
  return svg;
}

/** Merchant's text as paragraphs and lists: blank lines separate, `- ` begins an item, marks of emphasis go. */
export function prose(text) {
  const plain = (text ?? "").replace(/(\*\*|__|`)/g, "").replace(/^#+\s*/gm, "");
  return plain.split(/\n{2,}/).filter((block) => block.trim()).map((block) => {
    const lines = block.trim().split("\n");
    if (!lines.every((line) => /^[-*] /.test(line))) return element("p", {}, block.trim());
    return element("ul", {}, lines.map((line) => element("li", {}, line.slice(2))));
  });
}

/** The first sentence or so, for a card. */
export function summary(text, length = 110) {
  const first = (text ?? "").split("\n")[0].replace(/(\*\*|__|`)/g, "");
  if (first.length <= length) return first;
  const sentence = first.slice(0, length + 40).match(/^.{30,}?[.!?](?=\s)/);
  if (sentence) return sentence[0];
  return `${first.slice(0, first.lastIndexOf(" ", length)).replace(/[ ,;:]+$/, "")}…`;
}
