// `/widget.js`: the launcher, the one name in the page's globals, and the way to the chat, which comes when it is
// needed or when the page is idle. A classic script, so that any page can carry it.

(() => {
  "use strict";

  const NAME = "AgentPay";
  const HOST = "agentpay-widget";
  const IDLE_MS_MAX = 4000;
  const TOLD = /** @type {any} */ ("{{told}}"); // { version, languages }, filled in where this is served

  if (window[NAME]) return; // a second script is ignored
  const script = /** @type {HTMLScriptElement | null} */ (
    document.currentScript ?? document.querySelector("script[data-key][src*='/widget.js']"));
  if (!script?.dataset.key) {
    console.warn("AgentPay: the script tag needs data-key=\"ap_pk_…\".");
    return;
  }

  /** @type {Record<string, string | undefined>} */
  const settings = { ...script.dataset, base: script.src.replace(/\/widget\.js([?#].*)?$/, "") };
  const listeners = new Map();
  const waiting = []; // what the page asked for before the chat was there
  let chat = null;
  let loading = null;
  let tries = 0;
  let isGone = false;
  let isDressed = false;

  const kept = {}; // what a chat hands to the next one, which speaks another language
  let unread = 0;
  let language = wantedLanguage();
  let words = TOLD.languages[language];

  // The launcher

  const STYLE = ":host{all:initial!important;display:block!important;position:fixed!important;width:0!important;"
    + "height:0!important;z-index:var(--agentpay-z-index,2147483000)!important}"
    + ".root{font:400 16px/1.5 var(--agentpay-font,system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,"
    + "sans-serif);--accent:var(--agentpay-accent,#1f5c4d);--edge:var(--agentpay-offset,20px);--size:60px;"
    + "-webkit-text-size-adjust:100%;text-size-adjust:100%}"
    + ".launcher,.hint{position:fixed;inset-inline-end:max(var(--edge),env(safe-area-inset-right));"
    + "bottom:max(var(--edge),env(safe-area-inset-bottom));box-sizing:border-box}"
    + "[data-position=left]>.launcher,[data-position=left]>.hint{inset-inline:auto;right:auto;"
    + "left:max(var(--edge),env(safe-area-inset-left))}"
    + "[data-position=right]>.launcher,[data-position=right]>.hint{inset-inline:auto;left:auto;"
    + "right:max(var(--edge),env(safe-area-inset-right))}"
    + ".launcher{width:var(--size);height:var(--size);padding:0;margin:0;border:2px solid transparent;"
    + "border-radius:var(--agentpay-launcher-radius,50%);background:var(--accent);color:var(--accent-ink,#fff);"
    + "display:grid;place-items:center;cursor:pointer;box-shadow:0 2px 6px rgb(0 0 0/18%),0 10px 28px rgb(0 0 0/20%);"
    + "transition:transform .15s ease-out;-webkit-tap-highlight-color:transparent}"
    + ".launcher:hover{transform:scale(1.05)}"
    + ".launcher:focus-visible{outline:3px solid var(--accent);outline-offset:3px;box-shadow:0 0 0 3px #fff}"
    + ".launcher svg{grid-area:1/1;width:28px;height:28px;fill:none;stroke:currentColor;stroke-width:1.8;"
    + "stroke-linecap:round;stroke-linejoin:round;transition:opacity .15s,transform .2s}"
    + ".launcher[aria-expanded=true] .is-chat,.launcher[aria-expanded=false] .is-shut{opacity:0;transform:scale(.5)}"
    + ".badge{position:absolute;top:-4px;inset-inline-end:-4px;min-width:22px;height:22px;box-sizing:border-box;"
    + "padding:0 6px;border-radius:11px;background:#b3261e;color:#fff;font:700 12px/22px system-ui,sans-serif;"
    + "text-align:center}"
    + ".hint{margin-bottom:calc(var(--size) + 14px);max-width:min(300px,calc(100vw - 40px));padding:10px 14px;"
    + "border-radius:12px;background:#1d2521;color:#fff;font-size:14px;overflow-wrap:anywhere}"
    + "[hidden]{display:none!important}"
    + "@media (prefers-reduced-motion:reduce){.launcher,.launcher svg{transition:none}}"
    + "@media (forced-colors:active){.launcher{border-color:ButtonText}}"
    + "@media print{.root{display:none}}";

  const host = document.createElement(HOST);
  const shadow = host.attachShadow({ mode: "open" });
  const root = part("div", { class: "root", lang: language, "data-position": settings.position });
  const badge = part("span", { class: "badge", hidden: "", "aria-hidden": "true" });
  const launcher = part("button", { class: "launcher", part: "launcher", type: "button", "aria-expanded": "false" });
  const hint = part("p", { class: "hint", role: "status", hidden: "" });
  launcher.append(
    drawing("is-chat", "M12 4c5 0 8.5 3 8.5 7s-3.5 7-8.5 7c-1 0-2-.1-2.9-.4L4.5 20l1.2-3.7C4.3 15 3.5 13.1 3.5 11"
      + "c0-4 3.5-7 8.5-7z"),
    drawing("is-shut", "M6 9.5l6 6 6-6"), badge);
  launcher.addEventListener("click", () => {
    const isOpen = launcher.getAttribute("aria-expanded") === "true";
    hint.hidden = true;
    call(isOpen ? "close" : "open");
  });
  launcher.hidden = settings.launcher === "none";
  root.append(launcher, hint);
  shadow.append(root);
  adopt(STYLE);
  setUnread(0);

  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener?.("change", dress);
  // Whatever a single-page shop does to its document, the widget comes back.
  const keeper = new MutationObserver(() => {
    if (!host.isConnected) place();
    follow();
  });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();

  function begin() {
    if (isGone) return;
    place();
    keeper.observe(document.documentElement, { childList: true, attributeFilter: ["lang", "dir"] });
    if (/** @type {any} */ (navigator).connection?.saveData) return; // then on first open only
    const preload = () => !isGone && start().catch(() => {});
    const idle = () => {
      if ("requestIdleCallback" in window) requestIdleCallback(preload, { timeout: IDLE_MS_MAX });
      else setTimeout(preload); // Safari
    };
    if (document.readyState === "complete") idle();
    else window.addEventListener("load", idle, { once: true });
  }

  function place() {
    document.documentElement.append(host);
    dress();
  }

  /** What the script tag says, else the page, else the visitor's browser. */
  function wantedLanguage() {
    const wanted = [settings.language, document.documentElement.lang, ...(navigator.languages ?? [])];
    const codes = wanted.map((each) => (each ?? "").toLowerCase().split("-")[0]);
    return codes.find((each) => Object.hasOwn(TOLD.languages, each)) ?? "en";
  }

  /** The page changed its language or its direction: so do we. */
  function follow() {
    dress();
    if (wantedLanguage() === language) return;
    language = wantedLanguage();
    words = TOLD.languages[language];
    root.lang = language;
    setUnread(unread);
    if (!loading) return;
    loading = loading.catch(() => {}).then(() => load(chat?.destroy()));
    loading.catch(() => (loading = null));
  }

  /** Light or dark, left or right, and an ink that can be read on the merchant's accent. */
  function dress() {
    const isDark = settings.theme === "dark" || (settings.theme !== "light" && dark.matches);
    root.dataset.theme = isDark ? "dark" : "light";
    root.dir = words.dir ?? getComputedStyle(document.documentElement).direction;
    if (settings.accent && CSS.supports("color", settings.accent)) {
      root.style.setProperty("--accent", `var(--agentpay-accent, ${settings.accent})`);
    }
    root.style.setProperty("--accent-ink", `var(--agentpay-accent-ink, ${inkOn(launcher)})`);
  }

  function inkOn(node) {
    const [red, green, blue] = (getComputedStyle(node).backgroundColor.match(/[\d.]+/g) ?? [0, 0, 0]).map((each) => {
      const share = each / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    const light = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    return 1.05 / (light + 0.05) >= (light + 0.05) / 0.05 ? "#ffffff" : "#000000";
  }

  function setUnread(count) {
    unread = count;
    badge.hidden = count === 0;
    badge.textContent = count > 9 ? "9+" : String(count);
    const form = words.unread[new Intl.PluralRules(language).select(count)] ?? words.unread.other;
    launcher.setAttribute("aria-label", words.openChat + (count ? `, ${form.replace("{count}", count)}` : ""));
  }

  function part(tag, attributes) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value !== undefined) made.setAttribute(name, value);
    }
    return made;
  }

  function drawing(look, line) {
    const [svg, path] = ["svg", "path"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
    for (const [name, value] of [["viewBox", "0 0 24 24"], ["aria-hidden", "true"], ["class", look]]) {
      svg.setAttribute(name, value);
    }
    path.setAttribute("d", line);
    svg.append(path);
    return svg;
  }

  /** A strict Content-Security-Policy has nothing against sheets made by script; without them, a nonce helps. */
  function adopt(text) {
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(text);
      shadow.adoptedStyleSheets = [...shadow.adoptedStyleSheets, sheet];
    } catch {
      const style = part("style", { nonce: script?.nonce });
      style.textContent = text;
      shadow.append(style);
    }
  }

  // The chat

  function start() {
    loading ??= load().catch((error) => {
      loading = null;
      throw error;
    });
    return loading;
  }

  /** @param {"open" | "heard" | "none"} [before] how the chat stood that this one follows */
  async function load(before) {
    chat = null;
    const address = `${settings.base}/widget/${TOLD.version}/`;
    const query = tries ? `?try=${tries}` : ""; // some browsers remember that a module could not be had
    tries += 1;
    const text = async (name) => {
      const answer = await fetch(address + name, { credentials: "omit", referrerPolicy: "no-referrer" });
      if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
      return answer.text();
    };
    const told = language;
    const [module, style, texts] = await Promise.all([
      import(`${address}chat.js${query}`), text("chat.css"), text(`i18n/${told}.json`),
    ]);
    if (isGone) return;
    if (!isDressed) adopt(style);
    isDressed = true;
    chat = module.mount({
      settings, root, launcher, setUnread, emit, hide, kept, language: told, texts: JSON.parse(texts),
    });
    if (before === "open") chat.open();
    if (before === "heard") chat.resume();
    for (const [method, values] of waiting.splice(0)) await chat[method](...values);
  }

  function call(method, ...values) {
    if (isGone) return;
    if (chat) {
      guarded(() => chat[method](...values));
      return;
    }
    waiting.push([method, values]);
    if (method === "identify" || method === "setContext") return;
    start().catch(() => {
      const asked = waiting.findLastIndex(([name]) => name !== "identify" && name !== "setContext");
      if (asked >= 0) waiting.splice(asked, 1);
      say(words.unavailable);
    });
  }

  function say(text) {
    hint.hidden = false;
    hint.textContent = text;
  }

  /** Nothing that goes wrong here, or in a listener of the page's, breaks the page. */
  async function guarded(deed) {
    try {
      await deed();
    } catch (error) {
      console.warn("AgentPay:", error);
    }
  }

  function emit(event, detail) {
    for (const listener of listeners.get(event) ?? []) guarded(() => listener(detail));
    document.dispatchEvent(new CustomEvent(`agentpay:${event}`, { detail, bubbles: true }));
  }

  /** This page may not have a chat: say why to its maker, and nothing to its visitor. */
  function hide(reason) {
    console.warn(`AgentPay: no chat on this page. ${reason}`);
    launcher.hidden = true;
  }

  function destroy() {
    isGone = true;
    keeper.disconnect();
    dark.removeEventListener?.("change", dress);
    chat?.destroy();
    host.remove();
    listeners.clear();
    delete window[NAME];
  }

  const api = {
    on: (event, listener) => {
      const those = listeners.get(event) ?? listeners.set(event, new Set()).get(event);
      those.add(listener);
      return () => those.delete(listener);
    },
    destroy,
  };
  for (const method of ["open", "close", "send", "buy", "resume", "identify", "setContext"]) {
    api[method] = (...values) => call(method, ...values);
  }
  Object.defineProperty(window, NAME, { value: Object.freeze(api), configurable: true, enumerable: true });
  emit("loaded", {});
})();
