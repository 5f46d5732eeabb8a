"""Words between the business: greetings, doubts, questions back, insults, attempts to steer. Pure."""

from agentpay.kit.text import fold, one_line
from agentpay.llm.template import naming, reading, say_goods, say_price
from agentpay.llm.template.scene import Scene, find_checkout
from agentpay.llm.template.voice import Draft

GREETING_CHARACTERS_MAX = 300


def say_greeting(scene: Scene) -> Draft:
    """A first hello, a later one, a thanks or a good-bye."""
    voice, text = scene.voice, scene.brief.text
    if reading.says_goodbye(text):
        return _goodbye(scene)
    if reading.says_thanks(text):
        return voice.draft(voice.say("welcome"), voice.if_proactive("anything_else"))
    polite = voice.say("i_am_well") if reading.asks_how_we_are(text) else ""
    if scene.brief.handoff == "asked":
        return voice.draft(polite, voice.say("person_asked_before"), voice.say("ask_wish"))
    if not scene.brief.is_first_reply:
        return voice.draft(voice.say("hello_again", name=_name(scene)), polite, voice.say("ask_wish"))
    own = one_line(scene.brief.personality.greeting)[:GREETING_CHARACTERS_MAX]
    if own and not polite and _is_new_and_of_this_language(scene, own):
        return voice.draft(own, replies=("reply_show_all",))
    hello = voice.say("hello", name=_name(scene), shop=scene.brief.organization_name)
    intro = polite or voice.say("i_am", agent=scene.brief.agent_name, shop=scene.brief.organization_name)
    return voice.draft(hello, intro, voice.say("ask_wish"), replies=("reply_show_all", "reply_question"))


def say_clarification(scene: Scene) -> Draft:
    """A question back, fit to what is unclear; after several misses a person is offered instead."""
    voice, intent = scene.voice, scene.brief.intent
    listed = naming.find_listed(scene.brief.shown, scene.brief.previous_text)
    if len(listed) > 1 and (intent == "product_query" or reading.says_yes(scene.brief.text)):
        return say_goods.ask_which(scene, listed)
    if scene.brief.stuck:
        return _stuck(scene)
    if intent == "price_negotiation" and scene.focus is None:
        return say_price.ask_which_price(scene)
    if intent in {"price_negotiation", "purchase_intent", "checkout_ready"}:
        if scene.focus is not None and scene.focus.amount_type == "custom":
            return say_goods.confirm_purchase(scene, scene.focus)
        return say_goods.ask_which(scene, scene.found or scene.brief.shown)
    if intent == "shipping_question":
        return voice.draft(voice.say("ask_country"))
    return voice.draft(voice.say("not_understood"), voice.say("ask_what_else"), replies=("reply_show_all",))


def say_reply(scene: Scene) -> Draft:
    """Small talk, doubts, and what no tool answers."""
    voice, text, brief = scene.voice, scene.brief.text, scene.brief
    if reading.insults(text):
        return _insulted(scene)
    if reading.steers(text):
        return voice.draft(voice.say("stay_on_task", shop=brief.organization_name), voice.say("ask_wish"))
    if reading.asks_identity(text):
        return voice.draft(
            voice.say("i_am_ai", agent=brief.agent_name, shop=brief.organization_name), voice.say("ask_wish")
        )
    if reading.announces_question(text):
        return voice.draft(voice.say("ask_away"))
    if reading.asks_trust(text):
        return voice.draft(voice.say("payment_general"), voice.if_proactive("anything_else"))
    if reading.gives_address(text):
        return voice.draft(voice.say("address_noted"), voice.if_proactive("anything_else"))
    if reading.says_no(text):
        return _declined(scene)
    if reading.says_yes(text):
        return _agreed(scene)
    if brief.intent == "hesitation":
        return _hesitation(scene)
    if reading.asks_how_we_are(text):
        return voice.draft(voice.say("i_am_well"), voice.say("ask_wish"))
    if reading.asks_presence(text):
        return voice.draft(voice.say("i_am_here"), voice.say("ask_wish"))
    if brief.stuck:
        return _stuck(scene)
    return voice.draft(voice.say("not_understood"), voice.say("ask_what_else"), replies=("reply_show_all",))


def _hesitation(scene: Scene) -> Draft:
    voice, product = scene.voice, scene.focus
    parts = [voice.say("take_your_time")]
    if stands := _standing_price(scene):
        return voice.draft(*parts, *stands, replies=("reply_accept", "reply_question"))
    if scene.pending is not None:
        return voice.draft(*parts, voice.say("approval_waiting"), replies=("reply_question",))
    if product is not None:
        gist = voice.gist(product.description)
        if gist:
            parts.append(voice.say("remember", product=say_goods.name_of(product), gist=gist))
        if product.negotiable:
            return voice.draft(
                *parts, voice.if_proactive("hint_price"), replies=("reply_better_price", "reply_question")
            )
    return voice.draft(*parts, voice.if_proactive("ask_doubt"), replies=("reply_question",))


def _agreed(scene: Scene) -> Draft:
    """A yes that nothing follows from: it is the visitor's turn."""
    voice = scene.voice
    if scene.brief.previous_action == "generate_checkout" and find_checkout(scene.brief, "open") is not None:
        return voice.draft(voice.say("all_right"), voice.say("confirmation_here"))
    if reading.find_asked(scene.brief.previous_text) == "more":
        return voice.draft(voice.say("ask_away"))
    return voice.draft(voice.say("all_right"), voice.if_proactive("anything_else"))


def _declined(scene: Scene) -> Draft:
    """A no: to what was offered, or to anything else there might be."""
    voice, offer = scene.voice, scene.standing
    if offer is not None and offer.status == "open":
        return voice.draft(voice.say("all_right"), *_standing_price(scene), replies=("reply_accept", "reply_other"))
    asked = reading.find_asked(scene.brief.previous_text)
    if asked in {"purchase", "price", "details"}:
        return voice.draft(voice.say("all_right"), voice.if_proactive("ask_show_others"), replies=("reply_other",))
    if asked == "which":
        return voice.draft(voice.say("all_right"), voice.say("ask_what_else"))
    return voice.draft(voice.say("all_right"), voice.say("here_if_needed"))


def _standing_price(scene: Scene) -> tuple[str, ...]:
    """That the offered price still stands, and for how long."""
    voice, offer = scene.voice, scene.standing
    if offer is None or offer.status != "open":
        return ()
    validity = voice.validity(offer.expires_at)
    told = voice.say("your_price_stands", amount=offer.amount_text)
    return (told, voice.say("valid", validity=validity)) if validity else (told,)


def _goodbye(scene: Scene) -> Draft:
    """The price that still stands comes before the last word."""
    voice = scene.voice
    return voice.draft(*_standing_price(scene), voice.say("goodbye", shop=scene.brief.organization_name))


def _insulted(scene: Scene) -> Draft:
    voice = scene.voice
    if scene.can_ask_person:
        return voice.draft(voice.say("calm"), voice.say("offer_person"), replies=("reply_person",))
    return voice.draft(voice.say("calm"), voice.say("ask_what_else"))


def _stuck(scene: Scene) -> Draft:
    voice = scene.voice
    if scene.can_ask_person:
        return voice.draft(voice.say("still_not_understood"), voice.say("offer_person"), replies=("reply_person",))
    if scene.brief.handoff == "asked":
        return voice.draft(voice.say("still_not_understood"), voice.say("person_coming"))
    return voice.draft(voice.say("still_not_understood"), voice.say("ask_what_else"), replies=("reply_show_all",))


def _name(scene: Scene) -> str:
    """` Sam` or `, Sam`, as the language puts it; "" for a visitor whose name is not proven or is no plain word."""
    first = (scene.brief.customer_name or "").strip().split(" ")[0]
    if not (scene.brief.is_proven_customer and first.isalpha() and len(first) <= 30):
        return ""
    return f", {first}" if scene.brief.language == "pt" else f" {first}"


def _is_new_and_of_this_language(scene: Scene, greeting: str) -> bool:
    looks_portuguese = reading.looks_portuguese(greeting)
    return fold(greeting) not in fold(scene.brief.previous_text or "") and looks_portuguese == (
        scene.brief.language == "pt"
    )
