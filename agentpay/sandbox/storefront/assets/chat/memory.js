// Which conversation is this browser's. Kept per installation: another AgentPay or key is another memory.

const STORED = "clareira.chat";

export function recall({ baseUrl, publishableKey }) {
  try {
    const stored = JSON.parse(localStorage.getItem(STORED));
    return stored?.baseUrl === baseUrl && stored.publishableKey === publishableKey ? stored : null;
  } catch {
    return null;
  }
}

export function remember({ baseUrl, publishableKey, conversationId, token }) {
  localStorage.setItem(STORED, JSON.stringify({ baseUrl, publishableKey, conversationId, token }));
}

export function forget() {
  localStorage.removeItem(STORED);
}
