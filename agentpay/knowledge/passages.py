"""Cutting an article into passages that can be found and quoted on their own, and quoting one. Pure."""

import re
from collections.abc import Iterator, Mapping

import msgspec

from agentpay.kit import synonyms, words
from agentpay.kit.markdown import plain
from agentpay.kit.text import clean, one_line, shorten
from agentpay.knowledge import indexing

PASSAGE_CHARACTERS_MAX = 900
"""About what a person reads at once, and what a model needs to answer from."""
PASSAGE_CHARACTERS_MIN = 250
"""Shorter neighbours under the same heading are put together."""
PASSAGES_MAX = 400
SNIPPET_CHARACTERS_MAX = 320

_HEADING = re.compile(r"^[ \t]{0,3}#{1,6}[ \t]+\S", re.MULTILINE)
_PARAGRAPHS = re.compile(r"\n\s*\n")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\s\n]+(?=\S)|\n+")


class Passage(msgspec.Struct, frozen=True):
    """Plain words under one heading."""

    heading: str
    text: str


def cut(content: str) -> list[Passage]:
    """The passages of an article in Markdown, in order; at most `PASSAGES_MAX`."""
    passages: list[Passage] = []
    for section in _sections(clean(content)):
        heading, text = _split_heading(section)
        passages += [Passage(heading, piece) for piece in _joined(_pieces(text))]
    return passages[:PASSAGES_MAX]


def index(title: str, passage: Passage) -> dict[str, str]:
    """The passage's lexemes: of the article's title, its heading and what it often says, its text."""
    return indexing.labelled(
        [
            ("A", indexing.lexemes_of(title)),
            ("B", indexing.lexemes_of(passage.heading)),
            ("B", indexing.often_in(passage.text)),
            ("C", indexing.lexemes_of(passage.text)),
        ]
    )


def snippet(text: str, worth: Mapping[str, float], *, kin: Mapping[str, str]) -> str:
    """The sentences of a passage that answer best, on one line, from the first of them on.

    `worth` of each lexeme; `kin` gives lexemes that say the same (`return`, `exchange`) one name: they count
    once.
    """
    sentences = [one_line(sentence) for sentence in _SENTENCE_END.split(text) if sentence.strip()]
    if not sentences:
        return ""
    held = [_held(sentence, worth, kin) for sentence in sentences]
    best = max(
        range(len(sentences)),
        key=lambda place: (_window(held, sentences, place), round(sum(held[place].values()), 4), -place),
    )
    return shorten(" ".join(sentences[best:]), characters_max=SNIPPET_CHARACTERS_MAX)


def _window(held: list[dict[str, float]], sentences: list[str], start: int) -> float:
    """What a quote that begins there would hold; a word said twice answers no more than once."""
    found: dict[str, float] = {}
    length = 0
    for lexemes, sentence in zip(held[start:], sentences[start:], strict=True):
        if length and length + len(sentence) > SNIPPET_CHARACTERS_MAX:
            break
        found.update(lexemes)
        length += len(sentence) + 1
    return round(sum(found.values()), 4)


def _held(sentence: str, worth: Mapping[str, float], kin: Mapping[str, str]) -> dict[str, float]:
    """What the sentence holds of what is asked, each thing once, for as much as it is worth at most."""
    held: dict[str, float] = {}
    for word in words.content_words(sentence):
        for lexeme in (*words.forms(word), *synonyms.concepts_of(word)):
            if lexeme in worth:
                name = kin.get(lexeme, lexeme)
                held[name] = max(worth[lexeme], worth.get(name, 0.0))
    return held


def _sections(content: str) -> Iterator[str]:
    """The text between headings, each with its heading first."""
    starts = [0, *(found.start() for found in _HEADING.finditer(content))]
    for start, end in zip(starts, [*starts[1:], len(content)], strict=True):
        if section := content[start:end].strip():
            yield section


def _split_heading(section: str) -> tuple[str, str]:
    if not _HEADING.match(section):
        return "", plain(section)
    first, _, rest = section.partition("\n")
    heading, text = one_line(plain(first)), plain(rest)
    return (heading, text) if text else ("", heading)


def _pieces(text: str) -> Iterator[str]:
    """Paragraphs; a long one in runs of whole sentences, a long sentence in runs of words."""
    for paragraph in _PARAGRAPHS.split(text):
        piece = ""
        for sentence in _bounded(_SENTENCE_END.split(paragraph.strip())):
            if piece and len(piece) + 1 + len(sentence) > PASSAGE_CHARACTERS_MAX:
                yield piece
                piece = ""
            piece = f"{piece} {sentence}" if piece else sentence
        if piece:
            yield piece


def _bounded(sentences: list[str]) -> Iterator[str]:
    for sentence in sentences:
        rest = one_line(sentence)
        while len(rest) > PASSAGE_CHARACTERS_MAX:
            space = rest.rfind(" ", PASSAGE_CHARACTERS_MAX // 2, PASSAGE_CHARACTERS_MAX)
            place = space if space > 0 else PASSAGE_CHARACTERS_MAX
            yield rest[:place]
            rest = rest[place:].lstrip()
        if rest:
            yield rest


def _joined(pieces: Iterator[str]) -> Iterator[str]:
    """Short neighbours together, as long as they stay a passage."""
    held = ""
    for piece in pieces:
        fits = len(held) + 1 + len(piece) <= PASSAGE_CHARACTERS_MAX
        if held and not (fits and min(len(held), len(piece)) < PASSAGE_CHARACTERS_MIN):
            yield held
            held = ""
        held = f"{held}\n{piece}" if held else piece
    if held:
        yield held
