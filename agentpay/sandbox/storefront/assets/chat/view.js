// The chat's panel: log, composer, header. Draws a Session's entries and tells it what the visitor does.

import { element, icon } from "../dom.js";
import { translate } from "../words.js";
import { card, tick } from "./cards.js";

const NEAR_END_PX = 120;
const ABOVE_PX = 14;
const MESSAGE_CHARACTERS_MAX = 4000;
const PHONE = "(max-width: 520px)"; // as in chat.css: there the panel covers the page

export class View {
  /** `act` = { send, cancel, accept, buy, person, again, feedback, earlier, retry, toggle }. */
  constructor({ root, say, session, act, productName, agentName }) {
    Object.assign(this, { root, say, session, act, productName, agentName });
    this.nodes = new Map(); // entry id → its element
    this.open = false;
    this.build();
    setInterval(() => this.tickCountdowns(), 1000);
  }

  build() {
    this.log = element("ol", { class: "log", "data-say-label": "chatWith", tabindex: "0" });
    this.earlierButton = element("button", {
      class: "link", type: "button", hidden: true, onclick: this.act.earlier, "data-say": "earlier",
    });
    this.scroller = element("div", { class: "scroller" }, this.earlierButton, this.log);
    this.banner = element("p", { class: "banner", role: "status", hidden: true });
    this.announcer = element("p", { class: "visually-hidden", role: "status", "aria-live": "polite" });
    this.panel = element("section", { class: "chat", role: "dialog", "aria-labelledby": "chat-name", hidden: true },
      this.buildHeader(), this.scroller, this.banner, this.buildComposer(), this.announcer);
    this.badge = element("span", { class: "badge count", hidden: true });
    this.launcher = element("button", {
      class: "launcher", type: "button", "aria-expanded": "false", "data-say-label": "openChat",
      onclick: () => this.act.toggle(),
    }, icon("chat"), this.badge);
    this.root.append(this.panel, this.launcher);
    this.panel.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      if (this.menu.open) this.menu.open = false;
      else this.act.toggle(false);
    });
  }

  buildHeader() {
    this.name = element("h2", { id: "chat-name" });
    this.presence = element("p", { class: "presence" });
    this.menu = element("details", { class: "menu" },
      element("summary", { class: "round", "data-say-label": "menu" }, icon("more")),
      element("div", { class: "menu-items" },
        this.menuItem("person", "person", () => this.act.person()),
        this.menuItem("again", "again", () => this.act.again())));
    this.avatar = element("span", { class: "avatar", "aria-hidden": "true" });
    return element("header", {},
      this.avatar,
      element("div", { class: "who" }, this.name, this.presence),
      this.menu,
      this.roundButton("closeChat", "close", () => this.act.toggle(false)));
  }

  roundButton(words, name, onclick, more = {}) {
    return element("button", { class: "round", type: "button", "data-say-label": words, onclick, ...more }, icon(name));
  }

  menuItem(name, words, deed) {
    const onclick = () => {
      this.menu.open = false;
      deed();
    };
    const label = element("span", { "data-say": words });
    return element("button", { type: "button", onclick, "data-act": name }, icon(name), label);
  }

  buildComposer() {
    this.input = element("textarea", {
      rows: "1", "data-say-placeholder": "write", "data-say-label": "write", enterkeyhint: "send",
    });
    this.sendButton = this.roundButton("send", "send", null, { class: "round send", type: "submit" });
    this.stopButton = this.roundButton("stop", "stop", this.act.cancel, { hidden: true });
    this.limit = element("p", { class: "limit", role: "alert", hidden: true });
    this.composer = element("form", { class: "composer" }, this.input, this.stopButton, this.sendButton);
    this.composer.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.submit();
    });
    this.input.addEventListener("input", () => this.sizeInput());
    return element("div", {}, this.limit, this.composer);
  }

  // What the visitor sees

  speak(say) {
    this.say = say;
    translate(this.root, say, { name: this.agentName });
    this.reset();
    this.showState();
  }

  reset() {
    this.nodes.clear();
    this.log.replaceChildren();
    for (const entry of this.session.entries.values()) this.draw(entry);
    this.earlierButton.hidden = !this.session.earlier;
    this.showReplies();
    this.toEnd(true);
  }

  draw(entry) {
    const near = this.isNearEnd();
    const made = this.entryNode(entry);
    const old = this.nodes.get(entry.id);
    const focused = old?.contains(document.activeElement);
    if (old) old.replaceWith(made);
    else this.log.append(made);
    this.nodes.set(entry.id, made);
    // A redrawn card must not lose the keyboard's place.
    if (focused) made.querySelector("a, button")?.focus({ preventScroll: true });
    this.showReplies();
    this.toEnd(near || entry.role === "user");
  }

  addText(entry, text) {
    const near = this.isNearEnd();
    this.nodes.get(entry.id)?.querySelector(".bubble")?.append(text);
    this.toEnd(near);
  }

  rename({ from, entry }) {
    const node = this.nodes.get(from);
    if (node) this.nodes.set(entry.id, node);
    this.nodes.delete(from);
    this.draw(entry);
  }

  remove(id) {
    this.nodes.get(id)?.remove();
    this.nodes.delete(id);
  }

  entryNode(entry) {
    const { say, session, act, productName } = this;
    const sources = entry.attachments.filter((each) => each.type === "source");
    const cards = entry.attachments.filter((each) => !["source", "quick_replies"].includes(each.type));
    const drawn = cards.map((each) => card(each, { say, session, act, productName }));
    return element("li", { class: `entry from-${entry.role}`, "data-id": entry.id },
      entry.role === "staff" && element("p", { class: "author" }, entry.author_name || say("staff")),
      element("div", { class: "said" }, this.bubble(entry), this.thumbs(entry)),
      drawn.some(Boolean) && element("div", { class: "cards" }, drawn),
      sources.length > 0 && element("p", { class: "sources" }, sources.map((each) => card(each, { say }))),
      this.foot(entry));
  }

  bubble(entry) {
    if (entry.draft && entry.content === "") {
      const label = [...this.session.tools.values()].at(-1);
      const dots = element("span", { class: "dots", "aria-hidden": "true" }, element("i"), element("i"), element("i"));
      const words = label ?? this.say("typing", { name: this.agentName });
      return element("p", { class: "bubble typing" }, dots,
        element("span", { class: label ? "tool" : "visually-hidden" }, words));
    }
    return entry.content ? element("p", { class: "bubble" }, entry.content) : null;
  }

  foot(entry) {
    const { say } = this;
    if (entry.pending === "failed") {
      return element("p", { class: "foot failed" }, say("notSent"), " ",
        element("button", { class: "link", type: "button", onclick: () => this.act.retry(entry) }, say("retry")));
    }
    if (entry.pending) return element("p", { class: "foot" }, say("sending"));
    if (entry.interrupted) return element("p", { class: "foot" }, say("interrupted"));
    return entry.helpful === undefined ? null : element("p", { class: "foot" }, say("thanksFeedback"));
  }

  /** Was it helpful? Only of an agent's finished answer (the greeting is none), only once. */
  thumbs(entry) {
    if (entry.role !== "agent" || entry.draft || !entry.turn_id || entry.helpful !== undefined) return null;
    const thumb = (helpful, name, words) => element("button", {
      class: "thumb", type: "button", "aria-label": this.say(words), title: this.say(words),
      onclick: () => this.act.feedback(entry, helpful),
    }, icon(name));
    return element("span", { class: "thumbs" }, thumb(true, "up", "helpful"), thumb(false, "down", "notHelpful"));
  }

  /** Quick replies belong to the last message only, and not to an offer that was answered already. */
  showReplies() {
    this.log.querySelector(".replies")?.remove();
    const last = [...this.session.entries.values()].at(-1);
    const options = last?.attachments.find((each) => each.type === "quick_replies")?.options ?? [];
    const offer = last?.attachments.find((each) => each.type === "offer");
    const isAnswered = offer && (this.session.facts.offers.get(offer.offer_id) ?? offer).status !== "open";
    if (!options.length || last.draft || isAnswered) return;
    this.log.append(element("li", { class: "replies" }, options.map((option) =>
      element("button", { class: "chip", type: "button", onclick: () => this.act.send(option) }, option))));
  }

  showState() {
    const { say, session } = this;
    const taken = session.handoff.state === "taken";
    this.name.textContent = taken ? session.handoff.staff_name || say("staff") : this.agentName;
    this.avatar.textContent = this.name.textContent.slice(0, 1);
    const presence = this.presenceOf(session);
    this.presence.textContent = say(taken && presence === "online" ? "staff" : presence);
    this.panel.classList.toggle("is-live", presence === "online");
    this.stopButton.hidden = !session.turn;
    const closed = session.status === "closed";
    this.composer.classList.toggle("is-closed", closed);
    this.input.disabled = closed;
    this.sendButton.disabled = closed;
    this.menu.querySelector('[data-act="person"]').disabled = closed || session.handoff.state !== "none";
    this.showBanner(closed);
  }

  /** Before a conversation exists, nothing is known against the agent's being there. */
  presenceOf({ phase, link }) {
    if (phase === "starting") return "connecting";
    if (phase !== "ready" || link === "open") return "online";
    return link;
  }

  showBanner(closed) {
    const { say } = this;
    const words = this.pressing(closed);
    const text = words ? say(words.key, words.values) : "";
    if (text !== this.banner.dataset.text) { // the same words again would be read aloud again
      this.banner.dataset.text = text;
      this.banner.replaceChildren(text);
      const again = { class: "link", type: "button", onclick: () => this.act.again() };
      if (closed) this.banner.append(" ", element("button", again, say("again")));
    }
    this.banner.hidden = !text;
  }

  /** The one thing that the visitor should know now, most pressing first. */
  pressing(closed) {
    const { session } = this;
    const { state, staff_name: staff } = session.handoff;
    if (!navigator.onLine) return { key: "offline" };
    if (closed) return { key: "ended" };
    if (session.link === "lost") return { key: "lost" };
    if (session.notice) return session.notice;
    if (state === "asked") return { key: "personAsked", values: { name: this.agentName } };
    if (state === "taken") return { key: "personHere", values: { name: staff || this.say("staff") } };
    return null;
  }

  announce(entry) {
    if (entry.content) this.announcer.textContent = entry.content;
  }

  showUnread(count) {
    this.badge.hidden = count === 0;
    this.badge.textContent = String(count);
  }

  // Opening, writing

  setOpen(open) {
    this.open = open;
    this.panel.hidden = !open;
    this.launcher.setAttribute("aria-expanded", String(open));
    document.body.classList.toggle("chat-open", open);
    for (const part of document.body.children) {
      if (part !== this.root) part.inert = open && matchMedia(PHONE).matches;
    }
    if (open) {
      this.toEnd(true);
      this.input.focus({ preventScroll: true });
    } else this.launcher.focus({ preventScroll: true });
  }

  write(text) {
    this.input.value = text;
    this.sizeInput();
    this.input.focus();
    this.input.setSelectionRange(text.length, text.length);
  }

  submit() {
    const text = this.input.value.trim();
    if (!text || this.input.disabled || tooMany(text) > 0) return;
    this.write("");
    this.act.send(text);
  }

  sizeInput() {
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight, 140)}px`;
    const over = tooMany(this.input.value.trim());
    this.limit.hidden = over <= 0;
    if (over > 0) this.limit.textContent = this.say("tooLong", { count: over });
  }

  tickCountdowns() {
    const ended = [...this.log.querySelectorAll("[data-expires]")].filter((node) => !tick(node, this.say));
    for (const node of ended) {
      const entry = this.session.entries.get(node.closest(".entry").dataset.id);
      if (entry) this.draw(entry);
    }
  }

  isNearEnd() {
    return this.scroller.scrollTop > this.readingPlace() - NEAR_END_PX;
  }

  toEnd(wanted) {
    if (wanted) this.scroller.scrollTop = this.readingPlace();
  }

  /** The end; but an answer taller than the panel is read from its beginning. */
  readingPlace() {
    const end = this.scroller.scrollHeight - this.scroller.clientHeight;
    const answer = [...this.log.querySelectorAll(".entry")].at(-1);
    return answer?.matches(".from-agent") ? Math.min(end, answer.offsetTop - ABOVE_PX) : end;
  }
}

/** By how many characters, as the server counts them, a text is too long. */
function tooMany(text) {
  return [...text].length - MESSAGE_CHARACTERS_MAX;
}
