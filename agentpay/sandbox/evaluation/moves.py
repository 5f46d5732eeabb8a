"""What a buyer does and what he sees of it. Pure: a buyer's script reads a `Screen` and yields a `Move`."""

from collections.abc import Generator, Mapping
from typing import Any, Literal

import msgspec

Language = Literal["en", "pt"]
Card = Literal["ok", "decline"]
Attachment = Mapping[str, Any]


class Say(msgspec.Struct, frozen=True):
    """Write a message. `language`: in which the answer must come, None = in either.

    `buys`: these words ask for a checkout, or say yes to one; only then may one be opened.
    """

    text: str
    language: Language | None = "en"
    buys: bool = False


class Accept(msgspec.Struct, frozen=True):
    """Press the button of an offer card."""

    offer_id: str


class Pay(msgspec.Struct, frozen=True):
    """Pay at the address behind a payment button and, unless the card is declined, wait for the confirmation."""

    url: str
    card: Card = "ok"


class Await(msgspec.Struct, frozen=True):
    """Wait for the merchant's word on the offers that need it."""


Move = Say | Accept | Pay | Await


class Screen(msgspec.Struct, frozen=True):
    """The chat window as it stands: the newest words, and of each kind of card the newest one."""

    text: str = ""
    fresh: tuple[Attachment, ...] = ()
    """Attachments that came with the last move."""
    products: tuple[Attachment, ...] = ()
    """Of the last message that showed any."""
    offers: Mapping[str, Attachment] = {}
    button: Attachment | None = None
    order: Attachment | None = None
    refused: bool = False
    """The last button did nothing: the page said that it is not possible."""

    @property
    def open_offer(self) -> Attachment | None:
        """The lowest price that may be accepted now."""
        held = [offer for offer in self.offers.values() if offer["status"] == "open"]
        return min(held, key=lambda offer: int(offer["amount"]), default=None)

    @property
    def is_pending(self) -> bool:
        return any(offer["status"] == "pending_approval" for offer in self.offers.values())

    def shows(self, product: str) -> bool:
        return any(card["name"] == product for card in self.products)


Script = Generator[Move, Screen, None]


def seen(screen: Screen, messages: list[Mapping[str, Any]]) -> Screen:
    """The window after these messages of the shop's appeared, oldest first."""
    attachments = tuple(each for message in messages for each in message["attachments"])
    products, offers, button, order = screen.products, dict(screen.offers), screen.button, screen.order
    for message in messages:
        cards = tuple(each for each in message["attachments"] if each["type"] == "product_card")
        products = cards or products
    for each in attachments:
        if each["type"] == "offer":
            offers[each["offer_id"]] = each
        elif each["type"] == "payment_button":
            button = each
        elif each["type"] == "order":
            order = each
    text = messages[-1]["content"] if messages else screen.text
    return Screen(text, attachments, products, offers, button, order)
