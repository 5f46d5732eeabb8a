// Polar's checkout inside the page, for shops that ask for it (`data-checkout="embed"`).

import { element, icon, webAddress } from "./dom.js";

const PAID_LOOK_MS = 500;
const ENDED = ["confirmed", "succeeded", "expired", "failed"];

/**
 * Show a checkout over the page until it is paid or sent away. What the frame says counts only if it comes from the
 * frame and from the checkout's own origin; whether it was paid, AgentPay says.
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
  const dialog = element("dialog", { class: "embed", "aria-label": words.say("payment") },
    element("button", shut, icon("close")), frame);

  function onMessage(event) {
    if (event.source !== frame.contentWindow || event.origin !== url.origin) return;
    if (event.data?.type !== "POLAR_CHECKOUT") return;
    if (event.data.event === "close") dialog.close();
  }
  const clock = setInterval(() => {
    if (ENDED.includes(transcript.facts.checkouts.get(checkout.id)?.status)) dialog.close();
  }, PAID_LOOK_MS);
  dialog.addEventListener("close", () => {
    clearInterval(clock);
    window.removeEventListener("message", onMessage);
    dialog.remove();
    (opener?.isConnected ? opener : root.querySelector(".composer textarea"))?.focus();
  });
  window.addEventListener("message", onMessage);
  root.append(dialog);
  dialog.showModal();
}
