"""A whole conversation without a database: action and tools are decided by our own code.

Understanding is scripted (`say`) or our own (`write`).
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec

from agentpay.llm.template import naming
from agentpay.llm.types import CheckoutFact, OfferFact, OrderFact, Personality, ProductFact, Reply, ToolResult
from agentpay.turns import action, conclusion
from agentpay.understanding.classify import classify
from agentpay.understanding.entities import Entities
from agentpay.understanding.intents import Intent
from tests.llm import shop

DISCOUNTS = {"p-lavender": (8500, "$85.00"), "p-vanilla": (5500, "$55.00")}


class Said(msgspec.Struct, frozen=True):
    """What came of one message of Sam's."""

    text: str
    action: str
    tools: list[str]
    quick_replies: tuple[str, ...]


class Talk:
    """Acme Candles' side of one conversation. `polar_is_down` and `goods` may be changed between messages."""

    def __init__(self, *, language: str = "en", tools: tuple[str, ...] = shop.ALL_TOOLS) -> None:
        self.language = language
        self.tools = tools
        self.goods: tuple[ProductFact, ...] = shop.GOODS
        self.articles: dict[str, str] = {"shipping": "We ship on weekdays.", "returns": "Thirty days to send it back."}
        self.polar_is_down = False
        self.personality = Personality()
        self.shown: tuple[ProductFact, ...] = ()
        self.offers: tuple[OfferFact, ...] = ()
        self.checkouts: tuple[CheckoutFact, ...] = ()
        self.orders: tuple[OrderFact, ...] = ()
        self.handoff = "none"
        self.page: ProductFact | None = None
        self.previous: tuple[str | None, str | None, Intent | None] = (None, personality_greeting(language), None)
        self.misses = 0
        self.messages = 0
        self.searches: list[dict[str, Any]] = []
        self.confidence: float | None = None

    def say(self, text: str, intent: Intent, **entities: Any) -> Said:
        """Sam writes; Wick answers."""
        self.messages += 1
        situation = self._situation(text, intent, Entities(**entities))
        decision = action.decide(situation)
        asked = shop.brief(
            text, decision.action, intent=intent, language=self.language, entities=entities, focus=situation.focus,
            shown=self.shown, offers=self.offers, checkouts=self.checkouts, orders=self.orders, handoff=self.handoff,
            previous_action=self.previous[0], previous_text=self.previous[1], is_first_reply=self.messages == 1,
            stuck=action.is_stuck(situation), personality=self.personality,
        )  # fmt: skip
        reply, results = shop.answer_with_results(asked, self._toolbox(), tools=decision.tools)
        concluded = conclusion.conclude(decision.action, results)
        self.misses = self.misses + 1 if conclusion.missed(concluded, results) else 0
        self.previous = (concluded, reply.text, intent)
        return said(reply, concluded, [call.name for call, _ in results])

    def write(self, text: str) -> Said:
        """Sam writes and our own understanding reads it."""
        understood = classify(
            text, prev_agent_action=self.previous[0], prev_agent_text=self.previous[1], previous_language=self.language
        )
        self.language = understood.language
        self.confidence = understood.confidence
        return self.say(text, understood.intent, **msgspec.to_builtins(understood.entities))

    def pay(self) -> None:
        """Sam pays the newest checkout and Polar's webhook arrives."""
        paid = self.checkouts[0]
        self.checkouts = (msgspec.structs.replace(paid, status="succeeded"), *self.checkouts[1:])
        order = OrderFact(f"r-{len(self.orders)}", paid.product_name, "paid", paid.amount_text, shop.NOW)
        self.orders = (order, *self.orders)

    def _situation(self, text: str, intent: Intent, entities: Entities) -> action.Situation:
        standing = [offer for offer in self.offers if offer.status in {"open", "accepted", "pending_approval"}]
        offered = next((each for each in self.shown if standing and each.product_id == standing[0].product_id), None)
        return action.Situation(
            intent=intent, confidence=self.confidence or (0.5 if intent is Intent.GENERAL_QUESTION else 0.9),
            text=text, entities=entities, open_tools=frozenset(self.tools), previous_action=self.previous[0],
            previous_text=self.previous[1], previous_intent=self.previous[2], shown=self.shown,
            focus=offered or next(iter(self.shown), self.page), offers=tuple(standing), checkouts=self.checkouts,
            handoff=self.handoff, misses=self.misses,
        )  # fmt: skip

    def _toolbox(self) -> dict[str, shop.Answer]:
        tools: dict[str, Callable[[dict[str, Any]], Any]] = {
            "search_products": self._search,
            "show_product": lambda asked: (
                self._see([self._product(asked)]) and {"product": shop.row(self._product(asked))}
            ),
            "propose_price": self._propose,
            "create_checkout": self._checkout,
            "check_order": lambda asked: {"orders": [msgspec.structs.asdict(order) for order in self.orders]},
            "search_knowledge": self._read,
            "request_human": self._call_person,
            "quote_shipping": lambda asked: {"country": "Brazil", "amount_text": "$15.00", "days": 7},
            "check_inventory": lambda asked: {"state": "in_stock"},
            "validate_discount_code": lambda asked: {"valid": asked["code"] == "SAVE", "code": asked["code"]},
        }
        return tools

    def _product(self, asked: dict[str, Any]) -> ProductFact:
        return next(each for each in self.goods if each.product_id == asked["product_id"])

    def _see(self, products: list[ProductFact]) -> bool:
        seen = {each.product_id for each in products}
        self.shown = (*products, *(each for each in self.shown if each.product_id not in seen))
        return True

    def _search(self, asked: dict[str, Any]) -> ToolResult:
        self.searches.append(asked)
        words = [word for word in naming.keywords(asked["query"]) if word.isalpha()]
        found = [
            each for each in self.goods if not words or any(word.rstrip("s") in each.name.lower() for word in words)
        ]
        self._see(found[:3])
        if "price_max" in asked:
            found = [each for each in found if (each.amount or 0) <= asked["price_max"]]
        told = {"products": [shop.row(each) for each in found], "total": len(found)}
        cards = tuple({"type": "product_card", "product_id": each.product_id} for each in found)
        return ToolResult("1", "search_products", "done", told, cards)

    def _read(self, asked: dict[str, Any]) -> dict[str, Any]:
        said = asked["query"].lower()
        found = [(title, text) for title, text in self.articles.items() if title.rstrip("s") in said]
        return {"articles": [{"title": title, "snippet": text} for title, text in found]}

    def _propose(self, asked: dict[str, Any]) -> dict[str, Any] | ToolResult:
        product = self._product(asked)
        assert product in self.shown, "a tool may only name products that were shown"
        if any(offer.product_id == product.product_id for offer in self.offers):
            return ToolResult("1", "propose_price", "refused", {"decision": "refused", "reason": "final_word"})
        amount, text = DISCOUNTS[product.product_id]
        offer = OfferFact(
            f"o-{len(self.offers)}", product.product_id, product.name, "open", amount, text, product.price_text, "usd",
            shop.NOW + timedelta(minutes=60),
        )  # fmt: skip
        self.offers = (offer, *self.offers)
        decision = "granted" if asked.get("proposed_amount", amount) >= amount else "countered"
        return {"decision": decision, "product_name": product.name, "amount": amount, "amount_text": text,
                "list_text": product.price_text, "expires_at": offer.expires_at.isoformat()}  # fmt: skip

    def _checkout(self, asked: dict[str, Any]) -> dict[str, Any]:
        product = self._product(asked)
        assert product in self.shown, "a tool may only name products that were shown"
        offer = next((each for each in self.offers if each.offer_id == asked.get("offer_id")), None)
        text = (
            offer.amount_text if offer else f"${asked['amount'] / 100:.2f}" if "amount" in asked else product.price_text
        )
        status = "creating" if self.polar_is_down else "open"
        if offer is not None:
            accepted = msgspec.structs.replace(offer, status="accepted")
            self.offers = tuple(accepted if each is offer else each for each in self.offers)
        self.checkouts = (CheckoutFact("c", product.product_id, product.name, status, text), *self.checkouts)
        return {"status": status, "product_name": product.name, "amount_text": text}

    def _call_person(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.handoff = "asked"
        return {"state": "asked"}


def said(reply: Reply, concluded: str, tools: list[str]) -> Said:
    return Said(reply.text, str(concluded), tools, reply.quick_replies)


def personality_greeting(language: str) -> str:
    return "Oi! Como posso ajudar?" if language == "pt" else "Hi! How can I help you today?"
