// Where Polar sends the buyer back to. The session token that Polar puts into the address must not stay there.

import { startPage } from "./page.js";

const address = new URL(location.href);
if (address.searchParams.has("customer_session_token")) {
  address.searchParams.delete("customer_session_token");
  history.replaceState(null, "", address);
}

const waiting = document.getElementById("waiting");
let confirmed = false;

const page = startPage({
  draw: ({ say }) => (waiting.textContent = say(confirmed ? "thanksDone" : "thanksWait")),
  onOrder: () => {
    confirmed = true;
    waiting.classList.add("good");
    waiting.textContent = page.say("thanksDone");
  },
});
waiting.hidden = !page.chat.isStored; // a buyer without a conversation here waits for nothing
if (page.chat.isStored && matchMedia("(min-width: 900px)").matches) page.chat.open();
