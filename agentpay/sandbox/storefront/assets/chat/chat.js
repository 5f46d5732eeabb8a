// The chat at the corner of the page: a Session and its View, opened by the launcher or by the shop.

import { element, icon } from "../dom.js";
import { Session } from "./session.js";
import { View } from "./view.js";

const TEASER_MS = 2_500;
const TEASED = "clareira.teased";

/**
 * Put the chat on the page. `context()` tells the agent where the visitor is. Returns
 * `{ open(), ask(draft), buy(wish), speak(say) }`.
 */
export function mountChat({ config, say, context, onCheckout = () => {} }) {
  const root = element("div", { class: "chat-root" });
  document.body.append(root);
  let view;
  let unread = 0;
  const tell = (kind, detail) => {
    const drawn = {
      reset: () => view.reset(), entry: () => view.draw(detail), text: () => view.addText(detail.entry, detail.text),
      gone: () => view.remove(detail), renamed: () => view.rename(detail), state: () => view.showState(),
      checkout: () => onCheckout(detail), say: () => said(detail),
    };
    if (view) drawn[kind]();
  };
  const said = (entry) => {
    view.announce(entry);
    if (!view.open) view.showUnread((unread += 1));
  };
  const session = new Session({ baseUrl: config.base_url, publishableKey: config.publishable_key, context, tell });
  const toggle = (open = !view.open) => {
    root.querySelector(".teaser")?.remove();
    if (open === view.open) return;
    view.setOpen(open);
    if (open) view.showUnread((unread = 0));
    if (open) session.enter();
  };
  const busy = async (button, deed) => {
    button?.setAttribute("disabled", "");
    await deed();
    button?.removeAttribute("disabled");
  };
  const act = {
    toggle,
    send: (text) => session.send(text),
    retry: (entry) => session.send(entry.content, entry),
    cancel: () => session.cancel(),
    earlier: () => session.attempt(() => session.loadEarlier()),
    accept: (offerId, button) => busy(button, () => session.accept(offerId)),
    buy: (attachment, button) => busy(button, () => session.buy({ product_id: attachment.product_id })),
    person: () => session.requestPerson(),
    again: () => session.startOver(),
    feedback: (entry, helpful) => session.feedback(entry, helpful),
  };
  const productName = (id) => config.products.find((product) => product.id === id)?.name;
  view = new View({ root, say, session, act, productName, agentName: config.shop });
  view.speak(say);
  for (const event of ["online", "offline"]) window.addEventListener(event, () => view.showState());
  if (session.phase === "stored") session.enter(); // an open conversation goes on hearing, the panel shut
  session.api.widget().then((widget) => introduce(widget)).catch(() => {}); // the page works without an introduction

  function introduce(widget) {
    view.agentName = widget.agent_name;
    view.speak(view.say);
    if (widget.proactive && session.phase === "none" && !sessionStorage.getItem(TEASED)) {
      setTimeout(() => tease(widget.greeting), TEASER_MS);
    }
  }

  function tease(greeting) {
    if (view.open) return;
    sessionStorage.setItem(TEASED, "yes");
    const dismiss = { class: "round", type: "button", "aria-label": view.say("close"), onclick: () => teaser.remove() };
    const teaser = element("div", { class: "teaser" },
      element("button", { class: "teaser-text", type: "button", onclick: () => toggle(true) }, greeting),
      element("button", dismiss, icon("close")));
    root.append(teaser);
  }

  return {
    open: () => toggle(true),
    ask: (draft) => {
      toggle(true);
      if (draft) view.write(draft);
    },
    buy: async (wish) => {
      toggle(true);
      await session.buy(wish);
    },
    speak: (words) => view.speak(words),
    isStored: session.phase !== "none",
  };
}
