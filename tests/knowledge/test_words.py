import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentpay.kit import spelling, synonyms, words
from agentpay.kit.markdown import headings, plain
from agentpay.knowledge import indexing, question
from agentpay.knowledge.vocabulary import Knowledge, Known

ALIKE = [
    ("candles", "candle"),
    ("Candle", "CANDLES"),
    ("batteries", "battery"),
    ("cookies", "cookie"),
    ("boxes", "box"),
    ("shoes", "shoe"),
    ("running", "run"),
    ("relaxing", "relax"),
    ("guided", "guide"),
    ("weekly", "week"),
    ("meditation", "meditate"),
    ("velas", "vela"),
    ("cursos", "curso"),
    ("botões", "botão"),
    ("digitais", "digital"),
    ("concentração", "concentrar"),
    ("livrinho", "livro"),
    ("gravada", "gravado"),
    ("preta", "pretos"),
    ("cores", "cor"),
    ("luzes", "luz"),
    ("Café", "cafe"),
]
APART = [("car", "care"), ("vela", "velho"), ("lens", "len"), ("focus", "focu"), ("news", "new"), ("bus", "bu")]
SAME_THING = [
    ("focus", "concentração"),
    ("candle", "vela"),
    ("course", "curso"),
    ("e-book", "livro digital"),
    ("template", "modelo"),
    ("t-shirt", "camiseta"),
    ("gift", "presente"),
    ("headphones", "fone de ouvido"),
    ("money back", "reembolso"),
    ("sand timer", "ampulheta"),
    ("free", "de graça"),
]
TYPOS = [
    ("cadnle", "candle"),
    ("candel", "candle"),
    ("coffe", "coffee"),
    ("foucs", "focus"),
    ("keybord", "keyboard"),
    ("concentartion", "concentration"),
    ("escritta", "escrita"),
    ("moleton", "moletom"),
    ("ocncentration", "concentration"),
]
OTHER_WORDS = [
    ("mint", "mind"),
    ("wine", "wind"),
    ("hand", "band"),
    ("tyres", "tres"),
    ("plugh", "plug"),
    ("cat", "cut"),
]


def forms(text: str) -> set[str]:
    return {form for word in words.words(text) for form in words.forms(word)}


@pytest.mark.parametrize(("left", "right"), ALIKE)
def test_words_of_one_stem_meet(left: str, right: str) -> None:
    assert forms(left) & forms(right)


@pytest.mark.parametrize(("left", "right"), APART)
def test_words_of_other_meaning_do_not(left: str, right: str) -> None:
    assert not forms(left) & forms(right)


@pytest.mark.parametrize(("left", "right"), SAME_THING)
def test_words_for_the_same_thing_share_a_concept(left: str, right: str) -> None:
    assert set(synonyms.marks_in(words.words(left))) & set(synonyms.marks_in(words.words(right)))


def test_a_mistyped_synonym_is_understood() -> None:
    assert synonyms.meant_concepts("concetracao") == ("~focus",)
    assert synonyms.meant_concepts("camizeta") == ("~shirt",)
    assert synonyms.meant_concepts("zzzzzz") == ()


@pytest.mark.parametrize(("asked", "known"), TYPOS)
def test_a_likely_mistake_is_recognised(asked: str, known: str) -> None:
    assert spelling.mistakes(asked, known) == 1
    assert set(spelling.deletions(asked)) & set(spelling.deletions(known)), "so that the index finds it"


@pytest.mark.parametrize(("asked", "known"), OTHER_WORDS)
def test_a_word_of_its_own_is_no_mistake(asked: str, known: str) -> None:
    assert spelling.mistakes(asked, known) is None


def test_words_are_cut_and_folded() -> None:
    assert words.words("Women's T-Shirts, édition 2ª — 100% cotton_blend!") == [
        "women", "t", "shirts", "edition", "2a", "100", "cotton", "blend",
    ]  # fmt: skip
    assert words.compounds("e-book, T-shirt, state-of-the-art") == ["ebook", "tshirt", "stateoftheart"]
    assert words.words("日本語 ☕ Überraschung") == ["日本語", "uberraschung"]
    assert words.words("x" * 100) == []


@given(st.text(alphabet=st.characters(exclude_characters="$€£¥", exclude_categories=["Nd"]), max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_text_is_indexed_and_asked_in_the_same_words(text: str) -> None:
    held = set(indexing.lexemes_of(text))
    asked = question.read(text, asking=frozenset())
    written = [term for term in asked.terms if term.is_naming]
    assert all(held & set(term.lexemes) for term in written)
    assert all(set(lexeme) <= set(lexeme.casefold()) and "'" not in lexeme and "\\" not in lexeme for lexeme in held)


def knowledge(rows: int, **documents: int) -> Knowledge:
    return Knowledge(rows, {word: [Known(word, word, count, False)] for word, count in documents.items()})


def test_a_rare_word_weighs_more_than_a_common_one() -> None:
    asked = question.read("tonka candle", asking=frozenset())
    weighing = question.weigh(asked, knowledge(50, tonka=1, candle=45))
    assert weighing is not None
    worth = question.lexemes_in(weighing)
    assert worth["tonka"] > 10 * worth["candle"] > 0


def test_a_common_word_does_not_widen_what_a_rare_one_finds() -> None:
    asked = question.read("tonka soy candle", asking=frozenset())
    weighing = question.weigh(asked, knowledge(90_000, tonka=3, candle=80_000, soy=50_000))
    assert weighing is not None
    assert weighing.matches == (
        "('tonka')",
        "('soy') & ('candle')",
        "('soy')",
    )
    three = question.weigh(
        question.read("soy wax candle", asking=frozenset()), knowledge(9_000, soy=5_000, wax=6_000, candle=7_000)
    )
    assert three is not None
    assert three.matches[1] == "(('soy') & ('wax')) | (('soy') & ('candle')) | (('wax') & ('candle'))"
    small = question.weigh(asked, knowledge(90, tonka=3, candle=80, soy=50))
    assert small is not None
    assert small.matches == ("('tonka') | ('soy') | ('candle')",), "a small catalogue is weighed whole"


def test_words_of_the_asking_never_decide() -> None:
    asked = question.read("show me good ones", asking=words.ASKING_WORDS)
    assert asked.asks_at_large
    assert question.weigh(asked, knowledge(50, show=1, good=2)) is None


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("cheapest candle", "cheapest"),
        ("alguma vela mais em conta?", "cheapest"),
        ("something inexpensive", "cheapest"),
        ("the most expensive one", "dearest"),
        ("qual o mais caro?", "dearest"),
        ("a candle", "fitting"),
    ],
)
def test_the_wanted_order_is_heard(text: str, order: str) -> None:
    assert question.read(text, asking=frozenset()).order == order


def test_a_lexeme_stands_once_per_label_best_first() -> None:
    labels = indexing.labelled([("C", ["wick", "wax"]), ("A", ["candle", "wick"]), ("C", ["wick"])])
    assert labels == {"~": "D", "candle": "A", "wick": "AC", "wax": "C"}
    assert indexing.vector(labels) == "'~':1 'candle':1A 'wick':1A,2C 'wax':1C"


def test_markdown_becomes_plain_words() -> None:
    written = (
        '# Care *guide*\n\nTrim the **wick** to `5 mm` — see [our video](https://acme.example/v "clip").\n\n'
        "1. Light it\n2. Wait_for_it\n\n> Quoted\n\n---\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
        "<b>Bold</b> & \\*literal\\*\n"
        "![Candle](https://acme.example/c.png)"
    )
    assert plain(written) == (
        "Care guide\n\nTrim the wick to 5 mm — see our video.\n\nLight it\nWait_for_it\n\nQuoted\n\n"
        "a   b\n\n1   2\n\nBold  & *literal*\nCandle"
    )
    assert headings(written) == ["Care *guide*"]


@given(st.text(alphabet="#*_`[]()<>~|\\-! \nab", max_size=400))
@settings(max_examples=150, deadline=None)
def test_any_markdown_is_taken(text: str) -> None:
    assert len(plain(text)) <= len(text) + text.count("<")
