"""The buyers who know what they want: keen ones, hagglers, Portuguese speakers, people who prefer buttons. Pure."""

from random import Random
from typing import Final

from agentpay.sandbox.evaluation.habits import (
    AGREES,
    ask,
    await_word,
    insist,
    order,
    pay,
    press_offer,
    said_by,
)
from agentpay.sandbox.evaluation.moves import Say, Script
from agentpay.sandbox.evaluation.persona import Persona, Wish, dollars

CANDLE: Final = "Focus Candle: Cedar & Sage"
KEYBOARD: Final = "Kumo 65 Mechanical Keyboard"
LAMP: Final = "Lumen Desk Lamp"
HOURGLASS: Final = "Tide Hourglass: 25 Minutes"
COURSE: Final = "Deep Focus: the 6-Week Course"
PLANNER: Final = "Clear Year: Notion Planner"
VAULT: Final = "Obsidian Starter Vault"
FOCO: Final = "Foco Profundo: o curso de 6 semanas"
VELA: Final = "Vela Manhã Clara: Laranja e Alecrim"
CADERNO: Final = "Caderno Pontilhado A5"
TEAMS: Final = "Clareira for Teams"
ESSAYS: Final = "Attention, Please: Essays (pay what you want)"

PRICES_PERCENT: Final = (100, 106, 112)
"""What a haggler names one after the other, in percent of what he would like to pay."""


def keen(wish: Wish, chance: Random) -> Script:
    """Asks, orders, pays the price on the card."""
    yield from ask(wish, chance)
    screen = yield from order(wish, chance)
    yield from pay(screen)


def haggler(wish: Wish, chance: Random) -> Script:
    """Names a price, then a little more, waits for a person's word where needed, takes the best he was offered."""
    screen = yield from ask(wish, chance)
    lines = ["{price} for the {product}?", "Too expensive. What about {price}?", "Last try: could you do {price}?"]
    for line, percent in zip(lines, PRICES_PERCENT, strict=True):
        price = wish.amount * percent // 100
        if screen.open_offer is not None and screen.open_offer["amount"] <= price:
            break
        screen = yield Say(line.format(price=dollars(price), product=wish.product))
        screen = yield from await_word(screen)
    screen = yield Say(said_by(wish, AGREES, chance), buys=True)
    screen = yield from insist(wish, screen)
    yield from pay(screen)


def lowballer(wish: Wish, chance: Random) -> Script:
    """Wants it for next to nothing, gets angry, and leaves without buying."""
    lines = [
        f"I'll give you {dollars(wish.amount)} for the {wish.product}, not a cent more",
        chance.choice(["90% off or I walk", "half price. final offer."]),
        "your competitor sells it for ten dollars, match it",
        chance.choice(["that is a joke, bye", "no thanks, goodbye"]),
    ]
    for line in lines:
        screen = yield Say(line)
        yield from await_word(screen)


def clicker(wish: Wish, chance: Random) -> Script:
    """Asks once for less, presses the card's button twice, has his card declined, pays with another."""
    yield from ask(wish, chance)
    screen = yield Say(chance.choice([f"any discount on the {wish.product}?", f"can the {wish.product} be cheaper?"]))
    if screen.open_offer is None:
        screen = yield Say(f"I mean a discount: could I pay less than the price on the card for the {wish.product}?")
    first = yield from press_offer(screen)
    screen = yield from press_offer(screen)
    if screen.button is None:
        screen = first
    if screen.button is None:
        screen = yield from order(wish, chance)
    screen = yield from pay(screen, card="decline")
    if screen.refused:
        screen = yield Say("my card was declined, what now?")
        yield from pay(screen)


def lusophone(wish: Wish, chance: Random) -> Script:
    """Buys in Portuguese and asks for a better price on the way."""
    yield from ask(wish, chance)
    line = chance.choice(["tem desconto em {product}?", "tá caro, faz um preço melhor para {product}?"])
    screen = yield Say(line.format(product=wish.product), "pt")
    screen = yield from await_word(screen)
    if screen.open_offer is not None:
        screen = yield Say(said_by(wish, AGREES, chance), "pt", buys=True)
        screen = yield from insist(wish, screen)
    else:
        screen = yield from order(wish, chance)
    yield from pay(screen)
    yield Say(chance.choice(["paguei! obrigado", "acabei de pagar"]), "pt")


def code_switcher(wish: Wish, chance: Random) -> Script:
    """Begins in one language and goes on in the other."""
    yield Say(f"hi, do you have {wish.called}?")
    yield Say("quanto custa o frete para o Brasil?", "pt")
    yield Say(chance.choice(["and how long does delivery to Portugal take?", "do you take credit cards?"]))
    screen = yield Say(f"Quero comprar {wish.product}, por favor", "pt", buys=True)
    screen = yield from insist(Wish(wish.product, wish.called, language="pt"), screen)
    yield from pay(screen)


BUYERS: Final = (
    Persona("keen", keen.__doc__ or "", (Wish(LAMP, "a desk lamp"), Wish(COURSE, "a course about focus")), keen),
    Persona(
        "haggler", haggler.__doc__ or "", (Wish(KEYBOARD, "a keyboard", 12500), Wish(CANDLE, "a candle", 2400)), haggler
    ),
    Persona(
        "lowballer", lowballer.__doc__ or "", (Wish(HOURGLASS, "", 500), Wish(LAMP, "", 100)), lowballer, "declines"
    ),
    Persona("clicker", clicker.__doc__ or "", (Wish(PLANNER, "a planner"), Wish(HOURGLASS, "an hourglass")), clicker),
    Persona(
        "lusophone",
        lusophone.__doc__ or "",
        (Wish(VELA, "vela", language="pt"), Wish(FOCO, "um curso de foco", language="pt")),
        lusophone,
    ),
    Persona(
        "code_switcher", code_switcher.__doc__ or "", (Wish(CADERNO, "a notebook"), Wish(LAMP, "lamps")), code_switcher
    ),
)
