// Where Polar sends the buyer back to. The session token that Polar puts into the address must not stay there.

import { startPage, withWidget } from "./page.js";

const address = new URL(location.href);
const paidCheckout = address.searchParams.get("checkout_id"); // Polar's
if (address.searchParams.has("customer_session_token")) {
  address.searchParams.delete("customer_session_token");
  history.replaceState(null, "", address);
}

const waiting = document.getElementById("waiting");
let confirmed = false;

const page = startPage({ draw: show });
// A buyer without a conversation in this browser has nothing to wait for.
withWidget((widget) => {
  widget.on("ready", ({ checkouts }) => {
    waiting.hidden = !checkouts.some((checkout) => checkout.polar_checkout_id === paidCheckout);
    checkouts.forEach(check);
    if (!waiting.hidden && matchMedia("(min-width: 900px)").matches) widget.open();
  });
  widget.on("checkout", check);
});

function check(checkout) {
  confirmed ||= checkout.polar_checkout_id === paidCheckout && checkout.status === "succeeded";
  show(page);
}

function show({ say }) {
  waiting.classList.toggle("good", confirmed);
  waiting.textContent = say(confirmed ? "thanksDone" : "thanksWait");
}
