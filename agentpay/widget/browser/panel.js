// The chat's frame: header, menu, banner, composer; opening and closing; the whole screen on a phone.

import { element, icon } from "./dom.js";

const INPUT_PX_MAX = 140;
const MESSAGE_CHARACTERS_MAX = 4000;
const SMALL = "(max-width: 520px), (max-height: 420px)"; // as in chat.css: there the panel covers the page
const TOUCH = "(pointer: coarse)";

export class Panel {
  /** `act` = { send, cancel, person, again, erase, close, retryStart }. */
  constructor({ root, launcher, words, log, act }) {
    this.root = root;
    this.launcher = launcher;
    this.words = words;
    this.log = log;
    this.act = act;
    this.isOpen = false;
    this.small = matchMedia(SMALL);
    this.onSmall = () => this.isOpen && this.cover();
    this.small.addEventListener?.("change", this.onSmall);
    this.onViewport = () => this.fit();
    this.build();
  }

  build() {
    const { words } = this;
    this.banner = element("p", { class: "banner", role: "status", hidden: true });
    this.announcer = element("p", { class: "unseen announcer", role: "status", "aria-live": "polite" });
    this.panel = element("section", {
      class: "chat", role: "dialog", "aria-labelledby": "name", tabindex: "-1", hidden: true, part: "panel",
    }, this.buildHeader(), this.log.element, this.banner, this.buildComposer());
    this.panel.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.isComposing) return;
      event.stopPropagation(); // the page's own dialogs stay as they are
      if (this.question) this.endQuestion();
      else if (!this.menu.hidden) this.showMenu(false);
      else this.act.close();
    });
    this.panel.addEventListener("click", (event) => {
      if (!event.composedPath().includes(this.menuBox)) this.showMenu(false);
    });
    this.launcher.setAttribute("aria-controls", "chat");
    this.panel.id = "chat";
    this.root.append(this.panel, this.announcer);
    this.write("");
    this.name.textContent = words.say("chatWith", { name: "" }).trim();
  }

  destroy() {
    this.small.removeEventListener?.("change", this.onSmall);
    this.isOpen = false;
    this.cover();
    this.launcher.setAttribute("aria-expanded", "false");
    this.panel.remove();
    this.announcer.remove();
  }

  buildHeader() {
    this.name = element("h2", { id: "name", dir: "auto" });
    this.presence = element("p", { class: "presence" });
    this.avatar = element("span", { class: "avatar", "aria-hidden": "true" });
    return element("header", {}, this.avatar,
      element("div", { class: "who" }, this.name, this.presence),
      this.buildMenu(), this.round("closeChat", "close", () => this.act.close(), { class: "round shut" }));
  }

  buildMenu() {
    /** @type {[string, string, () => void][]} */
    const items = [
      ["person", "person", () => this.act.person()], ["again", "again", () => this.act.again()],
      ["delete", "bin", () => this.ask()],
    ];
    this.menu = element("div", { class: "menu-items", id: "menu", hidden: true }, items.map(([name, look, deed]) => {
      const onclick = () => {
        this.showMenu(false);
        deed();
      };
      return element("button", { type: "button", "data-act": name, onclick }, icon(look), this.words.say(name));
    }));
    this.menuButton = this.round("menu", "more", () => this.showMenu(this.menu.hidden), {
      "aria-expanded": "false", "aria-controls": "menu",
    });
    this.menuBox = element("div", { class: "menu" }, this.menuButton, this.menu);
    this.menuBox.addEventListener("focusout", (event) => {
      if (event.relatedTarget && !this.menuBox.contains(event.relatedTarget)) this.showMenu(false);
    });
    return this.menuBox;
  }

  showMenu(isShown) {
    if (this.menu.hidden !== isShown) return;
    const hadFocus = this.menu.contains(this.menu.getRootNode().activeElement);
    this.menu.hidden = !isShown;
    this.menuButton.setAttribute("aria-expanded", String(isShown));
    if (isShown) this.menu.querySelector("button:not(:disabled)")?.focus();
    else if (hadFocus) this.menuButton.focus();
  }

  round(name, look, onclick, more = {}) {
    const label = this.words.say(name);
    return element("button", { class: "round", type: "button", "aria-label": label, title: label, onclick, ...more },
      icon(look));
  }

  buildComposer() {
    const label = this.words.say("write");
    this.input = element("textarea", {
      rows: "1", dir: "auto", placeholder: label, "aria-label": label, enterkeyhint: "send",
      "aria-describedby": "limit",
    });
    this.sendButton = this.round("send", "send", null, { class: "round send", type: "submit" });
    this.stopButton = this.round("stop", "stop", () => this.act.cancel(), { class: "round stop", hidden: true });
    this.limit = element("p", { class: "limit", id: "limit", role: "status", hidden: true });
    this.composer = element("form", { class: "composer", novalidate: true },
      this.input, this.stopButton, this.sendButton);
    this.composer.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.input.addEventListener("keydown", (event) => {
      event.stopPropagation(); // the shop's shortcuts are not for who is writing
      if (event.key === "Escape") this.panel.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.submit();
    });
    this.input.addEventListener("input", () => this.sizeInput());
    this.foot = element("div", { class: "foot-of-chat" }, this.limit, this.composer);
    return this.foot;
  }

  // What the visitor sees

  /** `who`: name, presence and whether they are there; `banner`: { text, button: [label, deed] } or null. */
  show({ name, presence, isLive, banner, isClosed, isAnswering, canAskPerson }) {
    this.name.textContent = name;
    this.avatar.textContent = [...(name || "?")][0];
    this.presence.textContent = presence;
    this.panel.classList.toggle("is-live", isLive);
    if (!isAnswering && this.stopButton.getRootNode().activeElement === this.stopButton) this.focusComposer();
    this.stopButton.hidden = !isAnswering;
    this.sendButton.hidden = isAnswering && !this.input.value.trim();
    this.isAnswering = isAnswering;
    this.composer.classList.toggle("is-closed", isClosed);
    this.input.disabled = this.sendButton.disabled = isClosed;
    this.menu.querySelector('[data-act="person"]').disabled = !canAskPerson;
    this.showBanner(banner);
  }

  showBanner(banner) {
    const key = banner ? `${banner.text}|${banner.button?.[0] ?? ""}` : "";
    if (key === this.bannerKey) return; // the same words again would be read aloud again
    this.bannerKey = key;
    const near = this.log.isNearEnd();
    this.banner.replaceChildren(...(banner ? [banner.text] : []));
    if (banner?.button) {
      const [label, onclick] = banner.button;
      this.banner.append(" ", element("button", { class: "link", type: "button", onclick }, label));
    }
    this.banner.hidden = !banner;
    if (near) this.log.toEnd(true); // it takes its room from the messages
  }

  announce(text) {
    this.announcer.textContent = text;
  }

  /** Ask before what cannot be undone; the rest of the panel waits. */
  ask() {
    const { words } = this;
    const button = (look, word, deed) => {
      const onclick = () => {
        this.endQuestion();
        deed?.();
      };
      return element("button", { class: `button small ${look}`, type: "button", onclick }, words.say(word));
    };
    const no = button("plain", "keep");
    const role = { role: "alertdialog", "aria-modal": "true", "aria-labelledby": "ask" };
    this.question = element("div", { class: "question", ...role },
      element("p", { id: "ask" }, words.say("deleteAsk")),
      element("div", { class: "question-row" }, no, button("danger", "deleteYes", () => this.act.erase())));
    for (const part of this.panel.children) part.inert = true;
    this.panel.append(this.question);
    no.focus();
  }

  endQuestion() {
    this.question?.remove();
    this.question = null;
    for (const part of this.panel.children) part.inert = false;
    this.menuButton.focus();
  }

  // Opening, writing

  open() {
    if (this.isOpen) return;
    this.isOpen = true;
    this.opener = document.activeElement;
    this.panel.hidden = false;
    this.launcher.setAttribute("aria-expanded", "true");
    this.cover();
    this.log.toEnd(true);
    if (matchMedia(TOUCH).matches) this.panel.focus({ preventScroll: true }); // no keyboard over the greeting
    else this.focusComposer();
  }

  close() {
    if (!this.isOpen) return;
    this.isOpen = false;
    const hadFocus = this.panel.contains(this.panel.getRootNode().activeElement);
    if (this.question) this.endQuestion();
    this.panel.hidden = true;
    this.launcher.setAttribute("aria-expanded", "false");
    this.cover();
    if (!hadFocus) return;
    // Back to where the visitor came from: the launcher, or the page's own button.
    const opener = this.opener instanceof HTMLElement && this.opener.isConnected ? this.opener : document.body;
    const isOurs = opener === document.body || opener === this.launcher.getRootNode().host;
    (isOurs ? this.launcher : opener).focus({ preventScroll: true });
  }

  /** On a small screen the open panel is all there is: the page behind it neither scrolls nor takes the focus. */
  cover() {
    const isCovering = this.isOpen && this.small.matches;
    this.root.classList.toggle("is-covering", isCovering);
    const { covered } = this;
    if (isCovering === Boolean(covered)) return;
    const page = document.documentElement;
    const viewport = window.visualViewport;
    if (isCovering) {
      this.covered = { inert: document.body.inert, overflow: page.style.overflow };
      document.body.inert = true;
      page.style.overflow = "hidden";
      viewport?.addEventListener("resize", this.onViewport);
      viewport?.addEventListener("scroll", this.onViewport);
      this.panel.setAttribute("aria-modal", "true");
      this.fit();
      return;
    }
    document.body.inert = covered?.inert ?? false;
    page.style.overflow = covered?.overflow ?? "";
    this.covered = null;
    viewport?.removeEventListener("resize", this.onViewport);
    viewport?.removeEventListener("scroll", this.onViewport);
    this.panel.removeAttribute("aria-modal");
  }

  /** The keyboard of a phone takes its room from the visual viewport only. */
  fit() {
    const viewport = window.visualViewport;
    if (!viewport || viewport.scale > 1.01) return; // zoomed in: the visitor moves about by hand
    const near = this.log.isNearEnd();
    this.root.style.setProperty("--height", `${viewport.height}px`);
    this.root.style.setProperty("--top", `${viewport.offsetTop}px`);
    this.log.toEnd(near);
  }

  focusComposer() {
    this.input.focus({ preventScroll: true });
  }

  write(text) {
    this.input.value = text;
    this.sizeInput();
    this.input.setSelectionRange(text.length, text.length);
  }

  submit() {
    const text = this.input.value.trim();
    if (!text || this.input.disabled || tooMany(text) > 0) return;
    this.write("");
    this.focusComposer();
    this.act.send(text);
  }

  sizeInput() {
    this.input.style.height = "auto";
    if (this.input.scrollHeight) this.input.style.height = `${Math.min(this.input.scrollHeight + 2, INPUT_PX_MAX)}px`;
    this.sendButton.hidden = Boolean(this.isAnswering) && !this.input.value.trim();
    const over = tooMany(this.input.value.trim());
    this.limit.hidden = over <= 0;
    if (over > 0) this.limit.textContent = this.words.say("tooLong", { count: over });
  }
}

/** By how many characters, as the server counts them, a text is too long. */
function tooMany(text) {
  return [...text].length - MESSAGE_CHARACTERS_MAX;
}
