// One entry of the conversation as a list item: what was said, its cards, its sources, what can be done about it.

import { element, icon } from "./dom.js";
import { markdown } from "./markdown.js";

export class Entries {
  constructor({ words, transcript, cards, act, agentName }) {
    this.words = words;
    this.transcript = transcript;
    this.cards = cards;
    this.act = act;
    this.agentName = agentName;
  }

  node(entry) {
    const of = (type) => entry.attachments.filter((each) => each.type === type);
    const products = of("product_card");
    const others = entry.attachments.filter((each) => !["product_card", "source", "quick_replies"].includes(each.type));
    const cards = [...this.cards.shelf(products), ...others.map((each) => this.cards.card(each))].filter(Boolean);
    const sources = of("source").map((each) => this.cards.source(each));
    return element("li", { class: `entry from-${entry.role}`, "data-id": entry.id },
      this.author(entry),
      element("div", { class: "said" }, this.bubble(entry), this.thumbs(entry)),
      cards.length > 0 && element("div", { class: "cards" }, cards),
      sources.length > 0 && element("p", { class: "sources" }, sources),
      this.foot(entry));
  }

  /** A person is named for all to see, the others for those who cannot see on which side a bubble stands. */
  author(entry) {
    if (entry.role === "staff") {
      return element("p", { class: "author", dir: "auto" }, entry.author_name || this.words.say("staff"));
    }
    if (entry.role === "system" || !entry.content) return null;
    const name = entry.role === "user" ? this.words.say("you") : this.agentName();
    return element("span", { class: "unseen" }, `${name}: `);
  }

  bubble(entry) {
    if (entry.draft && entry.content === "") {
      const label = [...this.transcript.tools.values()].at(-1);
      const dots = element("span", { class: "dots", "aria-hidden": "true" }, element("i"), element("i"), element("i"));
      const words = label ?? this.words.say("typing", { name: this.agentName() });
      return element("div", { class: "bubble typing" }, dots,
        element("span", { class: label ? "tool" : "unseen", dir: "auto" }, words));
    }
    if (!entry.content) return null;
    const time = entry.created_at && this.words.moment(entry.created_at);
    const bubble = element("div", { class: "bubble", dir: "auto", title: time });
    this.fill(bubble, entry);
    return bubble;
  }

  /** A visitor's words are shown as written; an agent's, staff's and the shop's may use a little Markdown. */
  fill(bubble, entry) {
    bubble.replaceChildren(...(entry.role === "user" ? [entry.content] : markdown(entry.content)));
  }

  foot(entry) {
    const { words } = this;
    if (entry.pending === "failed") {
      return element("p", { class: "foot failed" }, words.say("notSent"), " ",
        element("button", { class: "link", type: "button", onclick: () => this.act.retry(entry) }, words.say("retry")));
    }
    if (entry.pending) return element("p", { class: "foot" }, words.say("sending"));
    if (entry.interrupted) return element("p", { class: "foot" }, words.say("interrupted"));
    if (entry.helpful === undefined) return null;
    return element("p", { class: "foot", role: "status" }, words.say("thanksFeedback"));
  }

  /** Was it helpful? Only of an agent's finished answer; the greeting is none. */
  thumbs(entry) {
    if (entry.role !== "agent" || entry.draft || !entry.turn_id) return null;
    const thumb = (helpful, name, words) => element("button", {
      class: "thumb", type: "button", "aria-label": this.words.say(words), title: this.words.say(words),
      "aria-pressed": String(entry.helpful === helpful), onclick: () => this.act.feedback(entry, helpful),
    }, icon(name));
    return element("span", { class: "thumbs" }, thumb(true, "up", "helpful"), thumb(false, "down", "notHelpful"));
  }

  /** The whole entry in one sentence or two, for a screen reader; nothing while it is still being written. */
  spoken(entry) {
    const text = markdown(entry.content).map((block) => block.textContent).join(" ");
    const cards = entry.attachments.map((each) => this.cards.spoken(each)).filter(Boolean).join(". ");
    const name = entry.role === "staff" ? entry.author_name || this.words.say("staff") : this.agentName();
    return `${entry.role === "system" ? "" : `${name}: `}${[text, cards].filter(Boolean).join(". ")}`;
  }
}
