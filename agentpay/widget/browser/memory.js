// Which conversation is this browser's: kept by publishable key in the page's own storage, which all its tabs share.
// Where storage is blocked, for as long as the page lives.

const HELD_MS_MAX = 10_000;
const LOOK_MS = 100;

/** @typedef {{ conversationId: string, token: string }} Own */

export class Memory {
  /**
   * @param {string} publishableKey
   * @param {{ own?: Own | null, customerToken?: string | null }} kept outlives this object, not the page
   */
  constructor(publishableKey, kept) {
    this.name = `agentpay:${publishableKey}`;
    this.kept = kept;
    this.storage = storage("localStorage");
  }

  recall() {
    if (!this.storage) return this.kept.own ?? null;
    try {
      const stored = JSON.parse(this.storage.getItem(this.name) ?? "null");
      return stored?.conversationId && stored.token ? stored : null;
    } catch {
      return null;
    }
  }

  /** @param {{ conversationId: string, token: string }} conversation */
  remember(conversation) {
    this.kept.own = conversation;
    try {
      this.storage?.setItem(this.name, JSON.stringify(conversation));
    } catch {
      this.storage = null; // full: the page goes on with what it knows
    }
  }

  forget() {
    this.kept.own = null;
    this.storage?.removeItem(this.name);
  }

  /**
   * Run `deed` while no other tab of this shop runs one: two tabs must not start two conversations.
   * @template T
   * @param {() => Promise<T>} deed
   * @returns {Promise<T>}
   */
  async alone(deed) {
    if (!this.storage) return deed(); // nothing is shared, and browsers refuse the lock, too
    if (navigator.locks) return navigator.locks.request(this.name, deed);
    await this.hold();
    try {
      return await deed();
    } finally {
      this.storage?.removeItem(`${this.name}:lock`);
    }
  }

  /** For browsers and pages without the Web Locks API: whose mark still stands after a moment goes first. */
  async hold() {
    const mark = `${Date.now()}:${Math.random()}`;
    for (const until = Date.now() + HELD_MS_MAX; this.storage && Date.now() < until;) {
      const held = Number.parseInt(this.storage.getItem(`${this.name}:lock`) ?? "0", 10);
      if (Date.now() - held > HELD_MS_MAX) this.storage.setItem(`${this.name}:lock`, mark);
      await new Promise((done) => setTimeout(done, LOOK_MS));
      if (this.storage.getItem(`${this.name}:lock`) === mark) return;
    }
  }
}

/**
 * A storage that works, or null: reading the property alone can throw where third-party storage is blocked.
 * @param {"localStorage" | "sessionStorage"} kind
 */
export function storage(kind) {
  try {
    const found = window[kind];
    const probe = "agentpay:probe";
    found.setItem(probe, "");
    found.removeItem(probe);
    return found;
  } catch {
    return null;
  }
}
