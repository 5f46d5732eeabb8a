"""Clareira's three agents: a seller, a helper, and one who knows about payments."""

from typing import Any, Literal

# API § 4, as shown there; written out because the demo's promise is these very rules.
RULES: dict[str, Any] = {
    "allow_dynamic_pricing": True,
    "max_discount_percent": 15,
    "require_approval_above": 10,
    "price_bounds": {"min": 0.7, "max": 1.0},
    "offer_valid_minutes": 60,
    "max_offers_per_conversation": 3,
    "auto_escalate_after_messages": 40,
    "adjustments": {
        "first_purchase_percent": 5,
        "volume": {"min_quantity": 3, "percent": 10},
        "hesitation": {"min_signals": 3, "percent": 5},
    },
    "products": {},
}

SHIPPING: list[dict[str, Any]] = [
    {"country": "PT", "amount": 490, "currency": "eur", "days": 4},
    {"country": "ES", "amount": 490, "currency": "eur", "days": 4},
    {"country": "DE", "amount": 490, "currency": "eur", "days": 7},
    {"country": "FR", "amount": 490, "currency": "eur", "days": 7},
    {"country": "GB", "amount": 590, "currency": "gbp", "days": 7},
    {"country": "US", "amount": 990, "currency": "usd", "days": 10},
    {"country": "CA", "amount": 990, "currency": "usd", "days": 10},
    {"country": "BR", "amount": 3900, "currency": "brl", "days": 14},
    {"country": "JP", "amount": 1800, "currency": "jpy", "days": 12},
]

TOOLS: dict[str, bool] = {
    "product_lookup": True,
    "payment_link": True,
    "discount_validator": True,
    "shipping_calculator": True,
    "inventory_checker": True,
    "knowledge_search": True,
    "order_lookup": True,
    "human_handoff": True,
}

GREETINGS = {
    "sales": "Hi, I'm Íris. Looking for something that helps you focus, or for a gift? Também falo português.",
    "support": "Hi, I'm Bento. What can I help you with?",
    "payment": "Hi, I'm Pilar. Tell me about your order or payment.",
}
NAMES = {"sales": "Íris", "support": "Bento", "payment": "Pilar"}
PROMPTS = {
    "sales": "You advise visitors of Clareira, a small studio for calm, focused work. Ask one question at a time,"
    " suggest at most three things, and be glad when somebody needs nothing.",
    "support": "You help customers of Clareira with access, downloads, shipping and returns. Be brief and kind.",
    "payment": "You help customers of Clareira with orders, payments and refunds. Be exact, never guess an amount.",
}


def wanted(provider: Literal["template", "anthropic", "openai"]) -> list[dict[str, Any]]:
    """The three agents as `POST /v1/agents` takes them, the seller first: a conversation starts with the oldest."""
    return [
        {
            "name": NAMES[agent_type],
            "agent_type": agent_type,
            "personality": {
                "tone": "friendly",
                "proactive": True,
                "greeting": GREETINGS[agent_type],
                "language": "auto",
            },
            "system_prompt": PROMPTS[agent_type],
            "tools": TOOLS,
            "rules": RULES,
            "config": {"llm_provider": provider, "fallback_provider": "template", "shipping": SHIPPING},
        }
        for agent_type in ("sales", "support", "payment")
    ]
