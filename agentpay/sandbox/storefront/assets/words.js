// The shop's own words, in English and Portuguese. What the merchant wrote stays as it is.

const ENGLISH = {
  shop: "Shop", help: "Help", language: "Language", currency: "Currency", skip: "Skip to the products",
  heroTitle: "Quiet things for a clear head.",
  heroText: "Courses, tools and small objects that help you focus, made by five people in Lisbon and São Paulo.",
  heroAsk: "Ask what suits you", heroLook: "See everything", promiseShip: "Posted within two working days",
  promiseRefund: "30 days to change your mind", promisePeople: "Real people behind the chat", all: "Everything",
  courses: "Courses", templates: "Templates", books: "E-books", objects: "Objects", memberships: "Memberships",
  shelf: "Products", categories: "Categories", buy: "Buy now", askAbout: "Ask about it", close: "Close",
  left: "Only {count} left", soldOut: "Sold out", included: "What you get", seats: "Seats", yourPrice: "Your price",
  nothing: "The shelves are being filled. Try again in a moment.", retry: "Try again",
  footer: "A demo shop. Nothing here is really sold: payments go to a stand-in for Polar.",
  footerLive: "Payments are handled by Polar.", free: "Free", from: "from {amount}", perSeat: "per seat",
  fromSeats: "cheaper for larger teams", payWhatYouWant: "pay what you want", trial: "{length} free",
  aboutDraft: "Is “{name}” right for me?", thanksTitle: "Thank you!",
  thanksText: "Your payment has been received. The confirmation arrives in the chat and by e-mail within seconds.",
  thanksWait: "Waiting for the confirmation…", thanksDone: "Your order is confirmed.", thanksBack: "Back to the shop",
  helpTitle: "Questions and answers", helpText: "Not here? Ask in the chat, or ask for a person.", day: "day",
  days: "days", week: "week", weeks: "weeks", month: "month", months: "months", year: "year", years: "years",
  every: "every {length}", a_day: "a day", a_week: "a week", a_month: "a month", a_year: "a year",
};

const PORTUGUESE = {
  shop: "Loja", help: "Ajuda", language: "Idioma", currency: "Moeda", skip: "Pular para os produtos",
  heroTitle: "Coisas calmas para uma cabeça clara.",
  heroText: "Cursos, ferramentas e pequenos objetos para ajudar no foco, feitos por cinco pessoas em Lisboa e São Paulo.",
  heroAsk: "Pedir uma sugestão", heroLook: "Ver tudo", promiseShip: "Postado em até dois dias úteis",
  promiseRefund: "30 dias para desistir", promisePeople: "Gente de verdade por trás do chat", all: "Tudo",
  courses: "Cursos", templates: "Modelos", books: "E-books", objects: "Objetos", memberships: "Assinaturas",
  shelf: "Produtos", categories: "Categorias", buy: "Comprar", askAbout: "Perguntar", close: "Fechar",
  left: "Só restam {count}", soldOut: "Esgotado", included: "O que vem junto", seats: "Lugares",
  yourPrice: "Seu preço", nothing: "As prateleiras estão sendo arrumadas. Tente de novo em instantes.",
  retry: "Tentar de novo",
  footer: "Loja de demonstração. Nada é vendido de verdade: o pagamento é simulado aqui mesmo.",
  footerLive: "Os pagamentos são processados pela Polar.", free: "Grátis", from: "a partir de {amount}",
  perSeat: "por pessoa", fromSeats: "mais barato para equipes maiores", payWhatYouWant: "pague quanto quiser",
  trial: "{length} grátis", aboutDraft: "“{name}” é para mim?", thanksTitle: "Obrigado!",
  thanksText: "Recebemos o seu pagamento. A confirmação chega no chat e por e-mail em segundos.",
  thanksWait: "Aguardando a confirmação…", thanksDone: "Seu pedido está confirmado.", thanksBack: "Voltar à loja",
  helpTitle: "Perguntas e respostas", helpText: "Não achou? Pergunte no chat, ou peça para falar com uma pessoa.",
  day: "dia", days: "dias", week: "semana", weeks: "semanas", month: "mês", months: "meses", year: "ano",
  years: "anos", every: "a cada {length}", a_day: "por dia", a_week: "por semana", a_month: "por mês",
  a_year: "por ano",
};

const TEXTS = { en: ENGLISH, pt: PORTUGUESE };
const STORED = "clareira.language";

/** `pt` for readers of Portuguese, else `en`; what they chose by hand stays chosen. */
export function preferredLanguage() {
  const stored = localStorage.getItem(STORED);
  if (stored in TEXTS) return stored;
  const first = (navigator.languages ?? [navigator.language])[0] ?? "en";
  return first.toLowerCase().startsWith("pt") ? "pt" : "en";
}

export function rememberLanguage(language) {
  localStorage.setItem(STORED, language);
}

/** `say("pay", { amount: "$85.00" })`, with `say.interval("month", 1)` and `say.span("day", 14)`. */
export function speaker(language) {
  const say = (key, values = {}) =>
    (TEXTS[language][key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  say.language = language;
  say.knows = (key) => key in TEXTS[language];
  say.span = (unit, count) => `${count} ${say(count === 1 ? unit : `${unit}s`)}`;
  say.interval = (unit, count) => {
    if (!unit) return "";
    return count > 1 ? say("every", { length: say.span(unit, count) }) : say(`a_${unit}`);
  };
  return say;
}

/** Fill in every `data-say`, `data-say-label` and `data-say-placeholder` in `root`. */
export function translate(root, say, values = {}) {
  if (root.dataset.say) root.textContent = say(root.dataset.say, values);
  for (const node of root.querySelectorAll("[data-say]")) node.textContent = say(node.dataset.say, values);
  for (const node of root.querySelectorAll("[data-say-label]")) {
    node.setAttribute("aria-label", say(node.dataset.sayLabel, values));
  }
  for (const node of root.querySelectorAll("[data-say-placeholder]")) {
    node.setAttribute("placeholder", say(node.dataset.sayPlaceholder, values));
  }
}
