"""What the conversation is told about checkouts and orders outside any turn, in English and Portuguese. Pure.

Every figure comes from a row; product names are the merchant's text, shortened to one line.
"""

from agentpay.kit.money import Language, format_amount
from agentpay.kit.text import one_line, shorten

NAME_CHARACTERS_MAX = 80

_SENTENCES: dict[Language, dict[str, str]] = {
    "en": {
        "paid": "Thank you! Your payment of {amount} for {product} has arrived. Your order is confirmed.",
        "paid_nothing": "Thank you! Your order of {product} is confirmed. Nothing was charged.",
        "trial": "Thank you! Your free trial of {product} has begun. Nothing was charged today.",
        "refunded": "{amount} for {product} has been refunded.",
        "checkout_ready": "Your checkout for {product} is ready: {amount}.",
        "checkout_failed": "Sorry, the checkout for {product} could not be opened. Please try again.",
        "product_unavailable": "Sorry, {product} is not available any more.",
        "coupon_invalid": "Sorry, the code {code} can no longer be used for {product}.",
        "list_lower": "Good news: {product} now costs {list}, so you pay {list} instead of {amount}.",
        "product": "your product",
    },
    "pt": {
        "paid": "Obrigado! Seu pagamento de {amount} por {product} chegou. Seu pedido está confirmado.",
        "paid_nothing": "Obrigado! Seu pedido de {product} está confirmado. Nada foi cobrado.",
        "trial": "Obrigado! Seu período de teste de {product} começou. Nada foi cobrado hoje.",
        "refunded": "{amount} por {product} foi reembolsado.",
        "checkout_ready": "Seu pagamento de {product} está pronto: {amount}.",
        "checkout_failed": "Desculpe, não foi possível abrir o pagamento de {product}. Tente novamente, por favor.",
        "product_unavailable": "Desculpe, {product} não está mais disponível.",
        "coupon_invalid": "Desculpe, o cupom {code} não pode mais ser usado para {product}.",
        "list_lower": "Boa notícia: {product} agora custa {list}, então você paga {list} em vez de {amount}.",
        "product": "seu produto",
    },
}


def sentence(
    key: str,
    *,
    language: Language,
    product: str | None,
    currency: str,
    amount: int = 0,
    list_amount: int = 0,
    code: str = "",
) -> str:
    """One sentence by its key; an unknown key says that the checkout failed."""
    said = _SENTENCES[language]
    return said.get(key, said["checkout_failed"]).format(
        product=shorten(one_line(product or ""), characters_max=NAME_CHARACTERS_MAX) or said["product"],
        amount=format_amount(amount, currency, language=language),
        list=format_amount(list_amount, currency, language=language),
        code=code,
    )
