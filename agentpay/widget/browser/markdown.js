// A small, safe part of Markdown as elements: paragraphs, lists, emphasis, code, links to web addresses. Whatever else
// stands in the text is shown as it stands.

import { element, webAddress } from "./dom.js";

const ITEM = /^\s{0,3}(?:[-*•]|(\d{1,3})[.)])\s+(.*)$/;
const HEADING = /^#{1,6}\s+(.*?)#*$/;
// In this order: code, strong, emphasis twice, a link, an address. Without look-behind, which Safari learnt late.
const INLINE = new RegExp([
  "\\x60([^\\x60\\n]+)\\x60",
  "\\*\\*([^\\s*](?:.*?[^\\s])?)\\*\\*",
  "\\*([^\\s*](?:[^*\\n]*[^\\s*])?)\\*(?![\\w*])",
  "_([^\\s_](?:[^_\\n]*[^\\s_])?)_(?![\\w_])",
  "\\[([^\\]\\n]{1,300})\\]\\((https?:\\/\\/[^\\s()]+)\\)",
  "(https?:\\/\\/[^\\s<>\"']+)",
].join("|"), "gu");
const DEPTH_MAX = 4;

/** @param {string} text @returns {HTMLElement[]} */
export function markdown(text) {
  const blocks = [];
  let lines = [];
  let list = null;
  const endParagraph = () => {
    const parts = lines.flatMap((line, at) => (at ? [element("br"), ...line] : line));
    if (lines.length) blocks.push(element("p", {}, parts));
    lines = [];
  };
  for (const line of text.split("\n")) {
    const item = line.match(ITEM);
    const heading = item ? null : line.match(HEADING);
    if (item) {
      endParagraph();
      const tag = item[1] ? "ol" : "ul";
      if (list?.localName !== tag) blocks.push((list = element(tag, item[1] ? { start: item[1] } : {})));
      list.append(element("li", {}, inline(item[2])));
      continue;
    }
    if (line.trim() === "" || heading) endParagraph();
    if (line.trim() !== "") list = null;
    if (heading) blocks.push(element("p", {}, element("strong", {}, inline(heading[1].trim()))));
    else if (line.trim() !== "") lines.push(inline(line));
  }
  endParagraph();
  return blocks;
}

/** @param {string} text @param {number} [depth] @returns {(Node | string)[]} */
function inline(text, depth = 0) {
  if (depth > DEPTH_MAX) return [text];
  const nodes = [];
  let at = 0;
  for (const found of text.matchAll(INLINE)) {
    const [whole, code, strong, star, low, label, href, bare] = found;
    nodes.push(text.slice(at, found.index));
    at = found.index + whole.length;
    const isInside = (star || low) && /[\w*]/.test(text[found.index - 1] ?? ""); // 2*3*4, snake_case_name
    if (isInside) nodes.push(whole);
    else if (code) nodes.push(element("code", {}, code));
    else if (strong) nodes.push(element("strong", {}, inline(strong, depth + 1)));
    else if (star || low) nodes.push(element("em", {}, inline(star ?? low, depth + 1)));
    else if (label) nodes.push(link(href, [/^\W*https?:/i.test(label) ? href : label])); // no address under another
    else nodes.push(...bareLink(bare));
  }
  nodes.push(text.slice(at));
  return nodes.filter((node) => node !== "");
}

/** The sentence's punctuation after an address is the sentence's. */
function bareLink(bare) {
  const end = bare.match(/[.,;:!?)\]*_]+$/)?.[0] ?? "";
  const href = bare.slice(0, bare.length - end.length);
  return [link(href, [href]), end];
}

function link(href, label) {
  const url = webAddress(href);
  return url ? element("a", { href: url, target: "_blank", rel: "noopener noreferrer nofollow" }, label)
    : element("span", {}, label);
}
