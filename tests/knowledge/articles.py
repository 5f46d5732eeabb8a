"""What Acme Candles wrote down, and what visitors ask: (question, the visitor's language, title that answers)."""

from typing import Any

ARTICLES: list[dict[str, Any]] = [
    {
        "type": "policy",
        "title": "Refunds and returns",
        "language": "en",
        "url": "https://acme.example/help#refunds",
        "content": """
# Changed your mind?

You have **30 days**. Digital goods: write to us and we refund the full amount, no questions asked. Candles: send them
back unused; we refund the price as soon as the parcel arrives.

## Exchanges

To exchange a candle for another scent, write to us first and keep the parcel until we answer.
""",
    },
    {
        "type": "policy",
        "title": "Shipping: where, how long, how much",
        "language": "en",
        "content": """
We post everything within two working days. Delivery takes 2 to 4 days in Portugal and 8 to 14 in Brazil.

You receive a tracking link by e-mail. Digital goods have no shipping: the download link arrives at once.
""",
    },
    {
        "type": "faq",
        "title": "How can I pay?",
        "language": "en",
        "content": "All major cards, Apple Pay and Google Pay. PIX and boleto are not available yet. "
        "If a card is declined, nothing is charged and you may try again.",
    },
    {
        "type": "guide",
        "title": "Caring for your candle",
        "language": "en",
        "content": "Trim the wick to five millimetres before each burn. Let the wax melt to the edge the first time.",
    },
    {
        "type": "guide",
        "title": "Cancel or change a subscription",
        "language": "en",
        "content": "Open the link in your receipt e-mail, then choose Cancel. You keep access until the period ends.",
    },
    {
        "type": "faq",
        "title": "Who are you, and how do I reach a person?",
        "language": "en",
        "content": "Acme is a studio of five people in Lisbon. Write to hello@acme.example, Monday to Friday.",
    },
    {
        "type": "policy",
        "title": "Reembolso, troca e devolução",
        "language": "pt-BR",
        "content": "Você tem 30 dias para desistir. Velas: devolva sem uso e devolvemos o valor. "
        "O dinheiro volta para o mesmo cartão.",
    },
    {
        "type": "policy",
        "title": "Frete e prazo de entrega",
        "language": "pt",
        "content": "Postamos em até dois dias úteis. O prazo é de 8 a 14 dias úteis no Brasil. "
        "Você recebe o código de rastreio.",
    },
    {
        "type": "faq",
        "title": "Formas de pagamento: cartão, PIX e boleto",
        "language": "pt",
        "content": "Aceitamos cartões de crédito e débito. PIX e boleto ainda não estão disponíveis.",
    },
    {
        "type": "guide",
        "title": "Comprei: como recebo o acesso?",
        "language": "pt",
        "content": "Segundos depois chega um e-mail com os links de download. Não chegou? Veja a caixa de spam.",
    },
]

ASKED: list[tuple[str, str, str]] = [
    ("what's your refund policy?", "en", "Refunds and returns"),
    ("can I send it back?", "en", "Refunds and returns"),
    ("I'd like another scent instead, can I exchange it", "en", "Refunds and returns"),
    ("how long does delivery take?", "en", "Shipping: where, how long, how much"),
    ("do you ship to brazil", "en", "Shipping: where, how long, how much"),
    ("traking number", "en", "Shipping: where, how long, how much"),
    ("do you accept pix", "en", "How can I pay?"),
    ("my card was declned", "en", "How can I pay?"),
    ("how do I trim the wick?", "en", "Caring for your candle"),
    ("how do I cancel my membership", "en", "Cancel or change a subscription"),
    ("I want to talk to a person", "en", "Who are you, and how do I reach a person?"),
    ("quero meu dinheiro de volta", "pt", "Reembolso, troca e devolução"),
    ("posso devolver?", "pt", "Reembolso, troca e devolução"),
    ("quanto custa o frete?", "pt", "Frete e prazo de entrega"),
    ("codigo de rastreio", "pt", "Frete e prazo de entrega"),
    ("aceita boleto?", "pt", "Formas de pagamento: cartão, PIX e boleto"),
    ("não recebi o acesso", "pt", "Comprei: como recebo o acesso?"),
    ("como cancelo a assinatura", "pt", "Cancel or change a subscription"),
]
