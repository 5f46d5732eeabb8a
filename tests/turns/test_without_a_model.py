"""It sells without any model: visitors' own words, our own understanding, actions, tools and words."""

import pytest

from agentpay.llm.template import phrases
from tests.llm.talk import Said, Talk


def heard(said: Said, *parts: str) -> None:
    for part in parts:
        assert part in said.text, said.text


def test_sam_haggles_and_pays_in_english() -> None:
    talk = Talk()
    heard(talk.write("hi"), "Wick")
    heard(talk.write("what do you have?"), "Lavender Candle: $95.00", "Vanilla Candle: $60.00")
    heard(talk.write("tell me about the lavender candle"), "$95.00", "beeswax")
    heard(talk.write("any discount?"), "$85.00", "$95.00")
    heard(talk.write("hmm, could you do 70?"), "$85.00")
    assert talk.write("ok deal").tools == ["create_checkout"]
    early = talk.write("I paid")
    assert early.tools == ["check_order"]
    assert "confirmed" not in early.text
    talk.pay()
    heard(talk.write("paid now!"), "confirmed")
    assert talk.write("thanks!").action == "greet"


def test_sam_pechincha_e_paga_em_portugues() -> None:
    talk = Talk(language="pt")
    heard(talk.write("oi, bom dia"), "Wick")
    heard(talk.write("o que vocês têm?"), "Vanilla Candle: $60.00")
    heard(talk.write("quanto custa a de baunilha?"), "Vanilla Candle", "$60.00")
    heard(talk.write("tá caro, faz um desconto?"), "$55.00")
    assert talk.write("sim").tools == ["create_checkout"]
    talk.pay()
    heard(talk.write("paguei"), "confirmado")
    assert talk.write("valeu").action == "greet"


def test_a_bare_product_name_is_a_question_about_it() -> None:
    for text in ("tip jar", "lavender candle", "team plan", "Candle Box"):
        said = Talk().write(text)
        assert said.tools[0] == "search_products", text


def test_a_product_named_after_an_offer_opens_no_checkout() -> None:
    talk = Talk()
    talk.write("lavender candle?")
    talk.write("is a better price possible?")
    assert "create_checkout" not in talk.write("Lavender Candle").tools


def test_who_chooses_the_price_pays_it() -> None:
    talk = Talk()
    talk.write("tell me about the tip jar")
    heard(talk.write("I'll take it"), "pay for Tip Jar?")
    paid = talk.write("$12")
    assert paid.tools == ["create_checkout"]
    heard(paid, "$12.00")


def test_what_is_asked_beside_the_sale() -> None:
    talk = Talk()
    heard(talk.write("do you ship to Brazil?"), "Brazil", "$15.00")
    heard(talk.write("what is your return policy?"), "Thirty days")
    heard(talk.write("who are you?"), "Wick")
    assert talk.write("I want to talk to a human").tools == ["request_human"]


Click = tuple[str, list[str], str, set[str]]
CLICKS: tuple[Click, ...] = (
    ("en", ["hi"], "reply_show_all", {"search_products"}),
    ("pt", ["oi"], "reply_show_all", {"search_products"}),
    ("en", ["hi"], "reply_question", {"reply"}),
    ("pt", ["oi"], "reply_question", {"reply"}),
    ("en", ["tell me about the lavender candle"], "reply_buy", {"generate_checkout", "show_product"}),
    ("pt", ["me fale da lavender candle"], "reply_buy", {"generate_checkout", "show_product"}),
    ("en", ["tell me about the lavender candle"], "reply_other", {"search_products"}),
    ("pt", ["me fale da lavender candle"], "reply_other", {"search_products"}),
    ("en", ["tell me about the team plan", "any discount?"], "reply_buy_list", {"clarify", "show_product"}),
    ("pt", ["me fale do team plan", "tem desconto?"], "reply_buy_list", {"clarify", "show_product"}),
    ("en", ["tell me about the lavender candle", "any discount?"], "reply_accept", {"generate_checkout"}),
    ("pt", ["me fale da lavender candle", "tem desconto?"], "reply_accept", {"generate_checkout"}),
    ("en", ["tell me about the lavender candle", "any discount?"], "reply_think", {"reply"}),
    ("pt", ["me fale da lavender candle", "tem desconto?"], "reply_think", {"reply"}),
    ("en", ["tell me about the lavender candle", "not sure"], "reply_better_price", {"calculate_offer"}),
    ("pt", ["me fale da lavender candle", "não sei"], "reply_better_price", {"calculate_offer"}),
    ("en", ["I want to buy the vanilla candle"], "reply_open", {"generate_checkout"}),
    ("pt", ["quero comprar a vanilla candle"], "reply_open", {"generate_checkout"}),
    ("en", ["I want to buy the vanilla candle"], "reply_not_yet", {"reply"}),
    ("pt", ["quero comprar a vanilla candle"], "reply_not_yet", {"reply"}),
    ("en", ["where is my order?"], "reply_person", {"escalate"}),
    ("pt", ["cadê meu pedido?"], "reply_person", {"escalate"}),
)


@pytest.mark.parametrize(("language", "before", "key", "actions"), CLICKS, ids=[f"{c[2]}-{c[0]}" for c in CLICKS])
def test_a_short_answer_that_we_offer_is_understood(
    language: str, before: list[str], key: str, actions: set[str]
) -> None:
    talk = Talk(language=language)
    offered: tuple[str, ...] = ()
    for text in before:
        offered = talk.write(text).quick_replies
    (words,) = phrases.book(language)[key]
    assert words in offered
    clicked = talk.write(words)
    assert clicked.action in actions, clicked
    assert talk.language == language
