// Where Polar sends the buyer back to. The session token that Polar puts into the address must not stay there.

import { startPage } from "./page.js";

const address = new URL(location.href);
const paidCheckout = address.searchParams.get("checkout_id"); // Polar's
if (address.searchParams.has("customer_session_token")) {
  address.searchParams.delete("customer_session_token");
  history.replaceState(null, "", address);
}

const waiting = document.getElementById("waiting");
let confirmed = false;

const page = startPage({
  draw: show,
  onCheckout: (checkout) => {
    confirmed ||= checkout.polar_checkout_id === paidCheckout && checkout.status === "succeeded";
    show(page);
  },
});
// A buyer without a conversation in this browser has nothing to wait for.
waiting.hidden = !page.chat.isStored || !paidCheckout;
show(page);
if (page.chat.isStored && matchMedia("(min-width: 900px)").matches) page.chat.open();

function show({ say }) {
  waiting.classList.toggle("good", confirmed);
  waiting.textContent = say(confirmed ? "thanksDone" : "thanksWait");
}
