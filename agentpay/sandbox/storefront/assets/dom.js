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
  check: ["M5 12.5l4.5 4.5L19 7.5"],
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

/** Where a picture is missing, the product's initial on a tinted ground. */
export function productPicture(url, name) {
  const initial = element("span", { "aria-hidden": "true" }, (name ?? "?").slice(0, 1));
  const box = element("div", { class: "picture" }, initial);
  if (url) {
    const image = element("img", { src: url, alt: "", loading: "lazy", decoding: "async" });
    image.addEventListener("error", () => image.remove());
    box.append(image);
  }
  return box;
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
