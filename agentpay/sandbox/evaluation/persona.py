"""What a buyer is: a name, what he wishes for, and a script that plays it. Pure."""

from collections.abc import Callable
from random import Random
from typing import Literal

import msgspec

from agentpay.sandbox.evaluation.moves import Language, Script


class Wish(msgspec.Struct, frozen=True):
    """`product`: the shop's name of it; `called`: how this visitor names it; `amount`: what he would like to pay."""

    product: str
    called: str
    amount: int = 0
    """US cents; of no meaning to buyers who do not haggle."""
    language: Language = "en"


class Persona(msgspec.Struct, frozen=True):
    """`script(wish, chance)`: all that is left to chance comes from `chance`, so a seed plays the same talk again.

    `merchant`: what he answers when an offer to this buyer waits for his word.
    """

    name: str
    about: str
    wishes: tuple[Wish, ...]
    script: Callable[[Wish, Random], Script]
    merchant: Literal["approves", "declines"] = "approves"


def dollars(amount: int) -> str:
    """As a visitor types it: `$25`, `$25.50`."""
    whole, cents = divmod(amount, 100)
    return f"${whole}.{cents:02d}" if cents else f"${whole}"
