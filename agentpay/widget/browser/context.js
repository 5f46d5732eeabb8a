// Where the visitor is: what the agent is told with each message (API § 5, `context`).

const BYTES_MAX = 15_000; // of the 16 KiB that the server takes
const SECRET = /token|secret|session|key|pass|code|auth|mail|phone/i;
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * @param {DOMStringMap | Record<string, string | undefined>} settings the script tag's
 * @param {Record<string, unknown>} own what the page has set
 * @param {string} language
 */
export function pageContext(settings, own, language) {
  const region = navigator.languages?.find((each) => each.toLowerCase().startsWith(language));
  const found = {
    page_url: address(location.href),
    page_title: document.title.slice(0, 300),
    referrer: document.referrer && address(document.referrer),
    locale: region ?? language,
    currency: settings.currency,
    embed_origin: settings.checkout === "embed" && location.origin, // Polar's page speaks to this Origin only
    utm_source: new URLSearchParams(location.search).get("utm_source") ?? undefined,
    ...product(settings),
  };
  const context = Object.fromEntries(Object.entries(found).filter(([, value]) => value));
  const whole = { ...context, ...own };
  if (new TextEncoder().encode(JSON.stringify(whole)).length <= BYTES_MAX) return whole;
  console.warn("AgentPay: what setContext was given is too large and is left out.");
  return context;
}

/** An address without its fragment and without what looks like a credential or a person's. */
export function address(href) {
  const url = new URL(href);
  url.hash = url.username = url.password = "";
  for (const name of [...url.searchParams.keys()]) if (SECRET.test(name)) url.searchParams.delete(name);
  return url.href.slice(0, 2000);
}

/** The product of this page: named by the script tag or an element, else described by the page's JSON-LD. */
function product(settings) {
  const marked = document.querySelector("[data-agentpay-product]");
  const named = settings.product ?? marked?.getAttribute("data-agentpay-product");
  if (named) return { current_product_id: named };
  for (const script of document.querySelectorAll('script[type="application/ld+json"]')) {
    const item = described(script.textContent ?? "");
    if (!item) continue;
    const id = [item.productID, item.sku, item["@id"]].find((each) => ID.test(String(each)));
    if (id) return { current_product_id: id };
    return { current_product: { name: short(item.name), sku: short(item.sku), url: short(item.url) } };
  }
  return {};
}

function described(text) {
  try {
    const data = JSON.parse(text);
    const items = [data].flat().flatMap((each) => each?.["@graph"] ?? each);
    return items.find((each) => [each?.["@type"]].flat().includes("Product"));
  } catch {
    return null; // the page's own mistake
  }
}

function short(value) {
  return typeof value === "string" ? value.slice(0, 300) : undefined;
}
