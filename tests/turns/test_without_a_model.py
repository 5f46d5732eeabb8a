"""It sells without any model: visitors' own words, our own understanding, actions, tools and words."""

import msgspec
import pytest

from agentpay.llm.template import phrases
from tests.llm import shop
from tests.llm.talk import Said, Talk


def heard(said: Said, *parts: str) -> None:
    for part in parts:
        assert part in said.text, said.text


def test_sam_haggles_and_pays_in_english() -> None:
    talk = Talk()
    heard(talk.write("hi"), "Wick")
    heard(talk.write("what do you have?"), "Lavender Candle", "$95.00", "Vanilla Candle", "$60.00")
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
    heard(talk.write("o que vocês têm?"), "Vanilla Candle", "$60.00")
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


def test_a_place_in_the_list_is_a_question_about_it() -> None:
    for language, text in (("en", "the first one"), ("pt", "a primeira"), ("en", "second one please")):
        talk = Talk(language=language)
        talk.write("what do you have?" if language == "en" else "o que vocês têm?")
        assert "create_checkout" not in talk.write(text).tools, text
    talk.write("what do you have?")
    assert talk.write("I'll take the first one").tools == ["create_checkout"]


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


@pytest.mark.parametrize(
    ("language", "asks", "orders"),
    [
        ("en", "how much is the vanilla candle?", "get me 3 of them"),
        ("en", "how much is the vanilla candle?", "buy 3"),
        ("pt", "quanto custa a vanilla candle?", "quero 3"),
        ("pt", "quanto custa a vanilla candle?", "compra 2"),
    ],
)
def test_who_wants_three_of_a_thing_is_told_that_a_checkout_is_for_one(language: str, asks: str, orders: str) -> None:
    talk = Talk(language=language)
    talk.write(asks)
    ordered = talk.write(orders)
    assert ordered.tools == ["create_checkout"]
    one_only = phrases.book(language)["one_only"]
    assert any(phrase in ordered.text for phrase in one_only), ordered.text


def test_how_many_one_may_buy_is_told_before_the_choice() -> None:
    talk = Talk()
    listed = talk.write("i want 2 candles")
    assert any(phrase in listed.text for phrase in phrases.book("en")["one_each"]), listed.text
    talk.write("the lavender one")
    asked = talk.write("how many can I buy?")
    assert any(phrase in asked.text for phrase in phrases.book("en")["one_only"]), asked.text


def test_who_chose_none_of_several_is_asked_before_a_checkout_opens() -> None:
    talk = Talk(language="pt")
    talk.write("o que vocês têm?")
    talk.write("aceita pix?")
    wants_to_pay = talk.write("quero pagar no pix")
    assert "create_checkout" not in wants_to_pay.tools
    assert talk.write("sim").tools == ["create_checkout"]


def test_seats_are_opened_for_as_many_people_as_were_named() -> None:
    talk = Talk()
    talk.write("I want the team plan")
    ordered = talk.write("i take it for 5 people")
    assert (ordered.action, ordered.tools) == ("generate_checkout", ["create_checkout"])
    assert any(phrase in ordered.text for phrase in phrases.book("en")["all_seats"])


@pytest.mark.parametrize(("language", "text"), [("en", "my email is sam@x.co"), ("pt", "meu email é sam@x.co")])
def test_an_address_opens_no_checkout(language: str, text: str) -> None:
    talk = Talk(language=language)
    talk.write("lavender candle?")
    said = talk.write(text)
    assert (said.action, said.tools) == ("reply", [])
    assert said.text.startswith(phrases.book(language)["address_noted"])


def test_more_please_shows_more_and_buys_nothing() -> None:
    talk = Talk()
    talk.write("tell me about the lavender candle")
    talk.write("any discount?")
    talk.write("yes")
    more = talk.write("more please")
    assert more.tools == ["search_products"]
    heard(more, "Vanilla Candle")


def test_cash_is_no_product() -> None:
    talk = Talk(language="pt")
    talk.write("quanto custa a vanilla candle?")
    heard(talk.write("tem desconto à vista?"), "Vanilla Candle", "$55.00")


@pytest.mark.parametrize(("language", "text"), [("en", "how can I pay?"), ("pt", "como posso pagar?")])
def test_who_asks_first_how_to_pay_reads_how(language: str, text: str) -> None:
    said = Talk(language=language).write(text)
    assert said.action == "answer_from_knowledge"
    assert any(phrase in said.text for phrase in phrases.book(language)["payment_general"]), said.text


def test_a_declined_card_is_helped_with() -> None:
    talk = Talk()
    talk.articles["privacy"] = "We never store card numbers."
    heard(talk.write("my card was declined"), "bank")
    talk.articles["card"] = "If a card is declined, nothing is charged."
    heard(talk.write("my card was declined again"), "nothing is charged")


def test_the_total_is_a_price_and_no_article() -> None:
    talk = Talk()
    talk.articles["total"] = "We refund the total."
    talk.write("tell me about the lavender candle")
    total = talk.write("whats the total?")
    assert "search_knowledge" not in total.tools
    heard(total, "$95.00")
    talk.write("I'll take it")
    open_checkout = talk.write("what's the total?")
    assert not any(question in open_checkout.text for question in phrases.book("en")["ask_take_it"])
    heard(open_checkout, "$95.00")


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("anything under $40?", {"price_max": 4000, "currency": "usd"}),
        ("under $40", {"price_max": 4000, "currency": "usd"}),
        ("até 100 reais", {"price_max": 10000, "currency": "brl"}),
        ("presentes entre 20 e 50 reais", {"price_max": 5000, "price_min": 2000, "currency": "brl"}),
    ],
)
def test_a_price_limit_reaches_the_search(text: str, limits: dict[str, int | str]) -> None:
    talk = Talk()
    talk.write(text)
    assert {name: talk.searches[0].get(name) for name in limits} == limits


def test_what_no_article_names_is_answered_by_its_subject() -> None:
    talk = Talk()
    talk.articles = {"pay": "We take cards.", **talk.articles, "card": "Card data stay with the processor."}
    heard(talk.write("do you accept bitcoin?"), "We take cards.")
    heard(talk.write("do you take cards?"), "We take cards.")
    talk.articles["friday"] = "Our office is open until Friday."
    heard(talk.write("can I get it delivered by the end of the week?"), "We ship on weekdays.")


def test_a_thing_named_with_its_article_is_looked_for() -> None:
    talk = Talk()
    talk.write("hi")
    talk.write("how can I pay?")
    assert talk.write("the candle").tools[0] == "search_products"


def test_a_property_asked_of_another_thing_is_no_name() -> None:
    talk = Talk()
    talk.goods = (*shop.GOODS, msgspec.structs.replace(shop.GUIDE, product_id="p-desk", name="The Quiet Desk"))
    talk.write("tell me about the quiet desk")
    asked = talk.write("is the keyboard quiet?")
    assert asked.tools[0] == "search_products"


def test_a_doubt_is_answered_and_no_insult() -> None:
    for language, doubt in (("en", "is this a scam?"), ("pt", "isso é golpe?")):
        said = Talk(language=language).write(doubt)
        assert any(phrase in said.text for phrase in phrases.book(language)["payment_general"]), said.text


def test_whats_new_is_no_name() -> None:
    for text in ("whats new", "what is your most popular product?", "quais as novidades?"):
        assert Talk(language="pt" if "quais" in text else "en").write(text).tools == ["search_products"], text


def test_products_that_have_cards_are_named_in_one_line() -> None:
    shown = Talk().write("what do you have?")
    assert "\n" not in shown.text
    assert "beeswax" not in shown.text
    heard(shown, "Lavender Candle", "$95.00", "Vanilla Candle", "$60.00")


def test_the_dearest_is_searched_for_even_behind_a_cheaper_one() -> None:
    for language, asked in (("en", "most expensive"), ("pt", "o mais caro"), ("en", "cheapest"), ("en", "under $30")):
        talk = Talk(language=language)
        talk.write("vanilla candle?")
        assert talk.write(asked).tools[0] == "search_products", asked


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
