"""What happened in one talk, as the referee reads it: the moves, what the shop showed after each, how it ended."""

from collections.abc import Mapping
from typing import Any

import msgspec

from agentpay.sandbox.evaluation.moves import Attachment, Move, Say


class Step(msgspec.Struct, frozen=True):
    """One move and what came of it.

    `turn_status`: of the turn that a message opened; None where none was due or the answer never came. `messages`: the
    shop's new ones, oldest first. `bought`: the checkout that the page got for a pressed button.
    """

    move: Move
    turn_status: str | None = None
    messages: tuple[Mapping[str, Any], ...] = ()
    bought: Attachment | None = None
    refusal: str | None = None

    @property
    def attachments(self) -> list[Attachment]:
        return [each for message in self.messages for each in message["attachments"]]

    @property
    def buttons(self) -> list[Attachment]:
        return [each for each in self.attachments if each["type"] == "payment_button"]


class Talk(msgspec.Struct, frozen=True, kw_only=True):
    """A whole conversation. Offers, checkouts and orders as the visitor's token reads them at the end."""

    buyer: str
    wish: str
    run: int
    conversation_id: str
    steps: tuple[Step, ...]
    offers: tuple[Mapping[str, Any], ...]
    checkouts: tuple[Mapping[str, Any], ...]
    orders: tuple[Mapping[str, Any], ...]
    approved_offers: frozenset[str]
    is_handed_off: bool
    cost: int
    """micro-USD"""
    tokens: int

    @property
    def said(self) -> list[Say]:
        return [step.move for step in self.steps if isinstance(step.move, Say)]

    @property
    def messages_to_checkout(self) -> int | None:
        """How many messages the visitor wrote until he could pay; None = he never could."""
        written = 0
        for step in self.steps:
            written += isinstance(step.move, Say)
            if step.buttons or (step.bought is not None and step.bought["url"]):
                return written
        return None


class Violation(msgspec.Struct, frozen=True):
    """Something that must never happen. `step`: the move it came after, counted from 1; None = of the whole talk."""

    kind: str
    detail: str
    step: int | None = None
