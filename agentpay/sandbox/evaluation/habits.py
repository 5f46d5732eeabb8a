"""What several buyers do alike: order, press on until there is a button, pay. Pure.

Each is a part of a script; used with `yield from`, it returns the screen as it stands then.
"""

from collections.abc import Generator
from random import Random
from typing import Final

from agentpay.sandbox.evaluation.moves import Accept, Await, Card, Language, Move, Pay, Say, Screen
from agentpay.sandbox.evaluation.persona import Wish

Part = Generator[Move, Screen, Screen]

INSISTS_MAX: Final = 3

ORDERS: Final[dict[Language, tuple[str, ...]]] = {
    "en": ("I'll take the {product}", "I want to buy the {product}", "The {product}, please. I'd like to order it."),
    "pt": ("Vou levar: {product}", "Quero comprar {product}", "Quero {product}, por favor"),
}
INSISTING: Final[dict[Language, tuple[str, ...]]] = {
    "en": ("yes, open the checkout please", "Please send me the payment link for the {product}", "{product}. Buy."),
    "pt": ("sim, pode abrir o pagamento", "me manda o link de pagamento de {product}", "{product}. Comprar."),
}
ASKS: Final[dict[Language, tuple[str, ...]]] = {
    "en": ("do you have {called}?", "hi, I'm looking for {called}", "how much is {called}?"),
    "pt": ("oi, vocês têm {called}?", "procuro {called}", "quanto custa {called}?"),
}
AGREES: Final[dict[Language, tuple[str, ...]]] = {
    "en": ("ok, deal", "yes, I accept", "fine, I'll take it at that price"),
    "pt": ("fechado", "sim, aceito", "ok, vou levar por esse preço"),
}


def said_by(wish: Wish, lines: dict[Language, tuple[str, ...]], chance: Random) -> str:
    return chance.choice(lines[wish.language]).format(called=wish.called, product=wish.product)


def ask(wish: Wish, chance: Random) -> Part:
    """Ask for what is wished."""
    return (yield Say(said_by(wish, ASKS, chance), wish.language))


def order(wish: Wish, chance: Random) -> Part:
    """Order it, and insist a few times, until there is a button."""
    screen = yield Say(said_by(wish, ORDERS, chance), wish.language, buys=True)
    return (yield from insist(wish, screen))


def insist(wish: Wish, screen: Screen) -> Part:
    """Say in ever plainer words that the checkout shall be opened."""
    for line in INSISTING[wish.language][:INSISTS_MAX]:
        if screen.button is not None:
            break
        screen = yield Say(line.format(product=wish.product), wish.language, buys=True)
    return screen


def pay(screen: Screen, *, card: Card = "ok") -> Part:
    """Pay, if there is a button."""
    url = screen.button["checkout_url"] if screen.button is not None else None
    if url is None:
        return screen
    return (yield Pay(url, card))


def press_offer(screen: Screen) -> Part:
    """Press the button of the lowest open offer, if there is one."""
    offer = screen.open_offer
    if offer is None:
        return screen
    return (yield Accept(offer["offer_id"]))


def await_word(screen: Screen) -> Part:
    """If a person must decide, wait for the word."""
    if not screen.is_pending:
        return screen
    return (yield Await())
