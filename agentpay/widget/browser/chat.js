// The chat, put together: a Session, what shows it, and what the page's script may ask of it.

import { Cards } from "./cards.js";
import { pageContext } from "./context.js";
import { element, icon } from "./dom.js";
import { embed } from "./embed.js";
import { Entries } from "./entries.js";
import { Log } from "./log.js";
import { Panel } from "./panel.js";
import { Session } from "./session.js";
import { storage } from "./memory.js";
import { Words } from "./words.js";

const TEASER_MS = 3_000;
const TEASED = "agentpay:teased";
const NOT_HERE = {
  401: "Its key is not valid (any more).",
  403: "Its Origin is not among the organization's allowed_origins.",
  409: "The organization has no active agent.",
};

/** Called once by the loader. Returns what `AgentPay.…` does. */
export function mount({ settings, root, launcher, setUnread, emit, hide, kept, language, texts }) {
  const words = new Words(language, texts);
  const isEmbedded = settings.checkout === "embed";
  let introduction = null; // what /v1/widget says
  let unread = 0;
  let teaser = null;
  let wasRefused = false;

  const session = new Session({
    settings, kept, context: () => pageContext(settings, kept.context ?? {}, language), tell: () => {}, emit,
  });
  const { transcript } = session;
  const agentName = () => introduction?.agent_name || introduction?.organization_name || "";

  const act = {
    send: (text) => session.send(text),
    retry: (entry) => session.send(entry.content, entry),
    cancel: () => session.cancel(),
    earlier: () => session.attempt(() => session.loadEarlier()),
    accept: (offerId, button) => busy(button, () => session.accept(offerId)),
    buy: (wish, button) => busy(button, () => session.buy(wish)),
    pay,
    feedback: (entry, helpful) => session.feedback(entry, helpful),
    person: () => session.requestPerson(),
    again: () => session.startOver(),
    erase: () => session.erase(),
    close,
    focusComposer: () => panel.focusComposer(),
  };
  const cards = new Cards({ words, transcript, act, isEmbedded });
  const entries = new Entries({ words, transcript, cards, act, agentName });
  const log = new Log({ words, session, cards, entries, act });
  const panel = new Panel({ root, launcher, words, log, act });

  const shown = {
    reset: (how) => { log.reset(how); show(); },
    entry: (entry) => log.draw(entry),
    text: (entry) => log.addWords(entry),
    gone: (id) => log.remove(id),
    renamed: (change) => log.rename(change),
    state: () => show(),
    say: (entry) => heard(entry),
  };
  session.tell = (kind, detail) => shown[kind](detail);
  const onLine = () => {
    session.hush("offline");
    if (navigator.onLine && panel.isOpen) session.enter();
    if (navigator.onLine && !introduction) introduce();
    show();
  };
  const onSeen = () => document.visibilityState === "visible" && !introduction && !wasRefused && introduce();
  for (const event of ["online", "offline"]) window.addEventListener(event, onLine);
  document.addEventListener("visibilitychange", onSeen);
  show();
  introduce();

  async function introduce() {
    try {
      introduction = await session.api.widget();
    } catch (error) {
      if (NOT_HERE[error.status]) refuse(NOT_HERE[error.status]);
      else if (navigator.onLine && !panel.isOpen) launcher.hidden = true; // what cannot be reached is not offered
      return;
    }
    launcher.hidden = settings.launcher === "none";
    show();
    log.reset();
    const wasTeased = session.isStored || storage("sessionStorage")?.getItem(TEASED);
    if (introduction.proactive && settings.teaser !== "off" && !wasTeased) setTimeout(tease, TEASER_MS);
  }

  function refuse(reason) {
    wasRefused = true;
    close();
    hide(reason);
  }

  /** The greeting beside the launcher, once a visit, until it is answered or sent away. */
  function tease() {
    if (panel.isOpen || !introduction?.greeting || !root.isConnected || launcher.hidden) return;
    storage("sessionStorage")?.setItem(TEASED, "yes");
    const dismiss = { class: "round", type: "button", "aria-label": words.say("close"), onclick: () => endTeaser() };
    const answer = { class: "teaser-text", type: "button", dir: "auto", onclick: () => open() };
    teaser = element("aside", { class: "teaser", "aria-label": agentName() },
      element("button", answer, introduction.greeting), element("button", dismiss, icon("close")));
    root.append(teaser);
  }

  function endTeaser() {
    if (teaser?.contains(teaser.getRootNode().activeElement)) launcher.focus();
    teaser?.remove();
    teaser = null;
  }

  // What the visitor sees

  function show() {
    const { status, handoff } = transcript;
    const isTaken = handoff.state === "taken";
    const staff = handoff.staff_name || words.say("staff");
    const isClosed = status === "closed";
    const presence = presenceOf();
    panel.show({
      name: isTaken ? staff : agentName() || words.say("chatWith", { name: "" }).trim(),
      presence: isTaken && presence === "online" ? words.say("staff") : words.say(presence),
      isLive: presence === "online",
      banner: pressing({ isClosed, handoff, staff }),
      isClosed,
      isAnswering: Boolean(transcript.turn),
      canAskPerson: !isClosed && handoff.state === "none",
    });
  }

  /** Before a conversation exists, nothing is known against the agent's being there. */
  function presenceOf() {
    if (session.phase === "starting" || !navigator.onLine) return "connecting";
    if (session.phase !== "ready") return "online";
    return { open: "online", resting: "online", connecting: "connecting", lost: "connecting" }[session.link];
  }

  /** The one thing that the visitor should know now, most pressing first. */
  function pressing({ isClosed, handoff, staff }) {
    const text = (key, values) => ({ text: words.say(key, values) });
    if (!navigator.onLine) return text("offline");
    if (isClosed) return { ...text("ended"), button: [words.say("again"), act.again] };
    if (session.phase === "unavailable") {
      return { ...text("unavailable"), button: [words.say("retry"), () => session.enter()] };
    }
    if (session.link === "lost" && session.phase === "ready") return text("lost");
    if (session.notice) return text(session.notice.key, session.notice.values);
    if (transcript.status === "paused") return text("paused");
    if (handoff.state === "asked") return text("personAsked", { name: agentName() });
    if (handoff.state === "taken") return text("personHere", { name: staff });
    return null;
  }

  function heard(entry) {
    panel.announce(entries.spoken(entry));
    if (!panel.isOpen) setUnread((unread += 1));
  }

  async function busy(button, deed) {
    button?.setAttribute("aria-busy", "true");
    button?.classList.add("is-busy");
    if (button?.dataset.running) return;
    if (button) button.dataset.running = "yes";
    await deed();
    button?.removeAttribute("aria-busy");
    button?.classList.remove("is-busy");
    if (button) delete button.dataset.running;
  }

  function pay(checkout, event) {
    emit("pay", checkout);
    if (!isEmbedded || event.ctrlKey || event.metaKey || event.shiftKey) return; // a new tab, by the link itself
    event.preventDefault();
    embed({ root, words, checkout, transcript, opener: event.currentTarget });
  }

  // What the page's script may ask

  function open(how) {
    if (wasRefused) return;
    endTeaser();
    const wasOpen = panel.isOpen;
    panel.open();
    if (how?.draft) panel.write(String(how.draft));
    setUnread((unread = 0));
    if (!wasOpen) emit("open", {});
    if (!introduction) introduce();
    session.enter();
  }

  function close() {
    if (!panel.isOpen) return;
    panel.close();
    emit("close", {});
  }

  return {
    open,
    close,
    async send(text) {
      const content = String(text ?? "").trim();
      if (wasRefused || !content) return;
      open();
      await session.send(content);
    },
    async buy(wish) {
      if (wasRefused) return;
      open();
      await session.buy(wish);
    },
    async resume() {
      if (!wasRefused && session.isStored) await session.enter();
    },
    async identify(customerToken) {
      const wasLeft = await session.identify(customerToken ?? null);
      if (wasLeft && customerToken === null && panel.isOpen) await session.enter();
    },
    setContext(values) {
      kept.context = { ...kept.context, ...values };
    },
    /** Returns how it stood, for the chat that follows. */
    destroy() {
      const stood = panel.isOpen ? "open" : session.phase === "ready" ? "heard" : "none";
      for (const event of ["online", "offline"]) window.removeEventListener(event, onLine);
      document.removeEventListener("visibilitychange", onSeen);
      endTeaser();
      session.destroy();
      log.destroy();
      panel.destroy();
      return stood;
    },
  };
}
