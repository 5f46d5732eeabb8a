// Polar's checkout inside the page, for shops that ask for it (`data-checkout="embed"`).

import { element, icon, webAddress } from "./dom.js";

const PAID_LOOK_MS = 500;
const LOADED_MS_MAX = 10_000;
const SETTLED = ["succeeded", "expired", "failed"]; // not "confirmed": the buyer's bank may still have a question

/**
 * Show a checkout over the page until it is paid or sent away. What the frame says counts only if it comes from the
 * frame and from the checkout's own origin, and it only closes the frame: whether it was paid, AgentPay says.
 */
export function embed({ root, words, checkout, transcript, opener }) {
  const url = new URL(/** @type {string} */ (webAddress(checkout.url)));
  url.searchParams.set("embed", "true");
  url.searchParams.set("embed_origin", location.origin);
  url.searchParams.set("theme", root.dataset.theme);
  const frame = element("iframe", {
    class: "frame", src: url.href, title: words.say("payment"),
    allow: `payment ${url.origin}; publickey-credentials-get ${url.origin}`,
    referrerpolicy: "strict-origin-when-cross-origin",
  });
  const label = words.say("close");
  const shut = { class: "round", type: "button", "aria-label": label, title: label, onclick: () => dialog.close() };
  // Where Polar does not know the page's host, browsers refuse to show the frame, and tell nobody.
  const elsewhere = element("p", { hidden: true },
    element("a", { class: "link", href: checkout.url, target: "_blank", rel: "noopener" }, words.say("payElsewhere")));
  const dialog = element("dialog", { class: "embed", "aria-label": words.say("payment") },
    element("div", { class: "embed-head" }, elsewhere, element("button", shut, icon("close"))), frame);
  let isPaying = false;

  function onMessage({ source, origin, data }) {
    if (source !== frame.contentWindow || origin !== url.origin || data?.type !== "POLAR_CHECKOUT") return;
    clearTimeout(patience);
    elsewhere.hidden = true;
    isPaying = data.event === "confirmed" || (isPaying && data.event === "loaded");
    if (data.event === "close" || data.event === "success") dialog.close();
  }
  const patience = setTimeout(() => (elsewhere.hidden = false), LOADED_MS_MAX);
  const clock = setInterval(() => {
    const status = transcript.facts.checkouts.get(checkout.id)?.status;
    if (SETTLED.includes(status)) dialog.close();
  }, PAID_LOOK_MS);
  dialog.addEventListener("cancel", (event) => {
    if (isPaying) event.preventDefault(); // Escape is pressed too easily for that
  });
  dialog.addEventListener("close", () => {
    clearTimeout(patience);
    clearInterval(clock);
    window.removeEventListener("message", onMessage);
    dialog.remove();
    (opener?.isConnected ? opener : root.querySelector(".composer textarea"))?.focus();
  });
  window.addEventListener("message", onMessage);
  root.append(dialog);
  dialog.showModal();
}
