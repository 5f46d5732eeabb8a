// The messages: draws entries, follows the newest unless the visitor reads above, counts offers down.

import { element, icon } from "./dom.js";

const NEAR_END_PX = 120;
const ABOVE_PX = 14;
const SECOND_MS = 1000;

export class Log {
  constructor({ words, session, cards, entries, act }) {
    this.words = words;
    this.session = session;
    this.cards = cards;
    this.entries = entries;
    this.act = act;
    this.nodes = new Map(); // entry id → its element
    this.waiting = new Set(); // drafts whose words are drawn with the next frame
    this.earlier = element("button", { class: "link earlier", type: "button", hidden: true, onclick: act.earlier },
      words.say("earlier"));
    this.list = element("ol", { class: "log", role: "list", "aria-label": words.say("log") });
    this.scroller = element("div", {
      class: "scroller", tabindex: "0", role: "region", "aria-label": words.say("log"), onscroll: () => this.scrolled(),
    }, this.earlier, this.list);
    this.below = element("button", { class: "below", type: "button", hidden: true, onclick: () => this.toEnd(true) },
      icon("below"), words.say("newBelow"));
    this.element = element("div", { class: "middle" }, this.scroller, this.below);
    this.clock = setInterval(() => this.tick(), SECOND_MS);
  }

  destroy() {
    clearInterval(this.clock);
  }

  get transcript() {
    return this.session.transcript;
  }

  reset({ keepsPlace = false } = {}) {
    const fromEnd = this.scroller.scrollHeight - this.scroller.scrollTop;
    this.nodes.clear();
    const made = [...this.transcript.entries.values()].map((entry) => this.make(entry));
    this.list.replaceChildren(...made);
    this.earlier.hidden = !this.session.earlier;
    this.showReplies();
    if (keepsPlace) this.scroller.scrollTop = this.scroller.scrollHeight - fromEnd;
    else this.toEnd(true);
  }

  make(entry) {
    const made = this.entries.node(entry);
    this.nodes.set(entry.id, made);
    return made;
  }

  draw(entry) {
    const near = this.isNearEnd();
    const old = this.nodes.get(entry.id);
    const made = this.make(entry);
    const successor = old ? successorOfFocus(old, made) : null;
    if (old) old.replaceWith(made);
    else this.list.append(made);
    successor?.focus({ preventScroll: true });
    this.showReplies();
    this.toEnd(near || (entry.role === "user" && !old));
  }

  /** Words come faster than frames: each frame draws what has come. */
  addWords(entry) {
    this.waiting.add(entry.id);
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      const near = this.isNearEnd();
      for (const id of this.waiting) {
        const bubble = this.nodes.get(id)?.querySelector(".bubble");
        const current = this.transcript.entries.get(id);
        if (bubble && current?.draft) this.entries.fill(bubble, current);
      }
      this.waiting.clear();
      this.toEnd(near);
    });
  }

  rename({ from, entry }) {
    const node = this.nodes.get(from);
    this.nodes.delete(from);
    if (node) this.nodes.set(entry.id, node);
    this.draw(entry);
  }

  remove(id) {
    const node = this.nodes.get(id);
    if (node && placeOfFocus(node) >= 0) this.scroller.focus({ preventScroll: true });
    node?.remove();
    this.nodes.delete(id);
    this.showReplies();
  }

  /** Quick replies belong to the last message only, and not to an offer that was answered already. */
  showReplies() {
    const old = this.list.querySelector(".replies");
    const last = [...this.transcript.entries.values()].at(-1);
    const options = last?.attachments.find((each) => each.type === "quick_replies")?.options ?? [];
    const offer = last?.attachments.find((each) => each.type === "offer");
    const isAnswered = offer && (this.transcript.facts.offers.get(offer.offer_id) ?? offer).status !== "open";
    const wanted = last?.draft || isAnswered || this.transcript.status === "closed" ? [] : options;
    if (old && placeOfFocus(old) >= 0) this.act.focusComposer();
    old?.remove();
    if (!wanted.length) return;
    this.list.append(element("li", { class: "replies" }, wanted.map((option) => {
      const look = { class: "chip", type: "button", dir: "auto" };
      return element("button", { ...look, onclick: () => this.act.send(option) }, option);
    })));
  }

  tick() {
    for (const node of this.list.querySelectorAll("[data-expires]")) {
      if (this.cards.tick(node)) continue;
      const entry = this.transcript.entries.get(node.closest(".entry").dataset.id);
      if (entry) this.draw(entry);
    }
  }

  scrolled() {
    if (this.isNearEnd()) this.below.hidden = true;
  }

  isNearEnd() {
    return this.scroller.scrollTop > this.readingPlace() - NEAR_END_PX;
  }

  toEnd(isWanted) {
    if (isWanted) this.scroller.scrollTop = this.readingPlace();
    this.below.hidden = isWanted || this.isNearEnd();
  }

  /** The end; but an answer taller than the panel is read from its beginning. */
  readingPlace() {
    const end = this.scroller.scrollHeight - this.scroller.clientHeight;
    const answer = [...this.list.querySelectorAll(".entry")].at(-1);
    return answer?.matches(".from-agent") ? Math.min(end, answer.offsetTop - ABOVE_PX) : end;
  }
}

/** A card drawn anew keeps the keyboard's place: the same control, else another of that card, else the card. */
function successorOfFocus(old, made) {
  const active = old.getRootNode().activeElement;
  if (!active || !old.contains(active)) return null;
  const card = active.closest(".card");
  if (!card) return focusable(made)[focusable(old).indexOf(active)] ?? null;
  const next = made.querySelectorAll(".card")[[...old.querySelectorAll(".card")].indexOf(card)];
  if (!next) return null;
  next.tabIndex = -1;
  return focusable(next)[focusable(card).indexOf(active)] ?? focusable(next)[0] ?? next;
}

function focusable(node) {
  return [...node.querySelectorAll("a[href], button, input, [tabindex]")];
}

/** Which of a node's controls has the focus; -1 for none. */
function placeOfFocus(node) {
  return focusable(node).indexOf(node.getRootNode().activeElement);
}
