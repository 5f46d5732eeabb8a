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


def snippet(text: str, worth: Mapping[str, float]) -> str:
    """The sentences of a passage that answer best, on one line, from the first of them on."""
    sentences = [one_line(sentence) for sentence in _SENTENCE_END.split(text) if sentence.strip()]
    if not sentences:
        return ""
    scores = [_worth_of(sentence, worth) for sentence in sentences]
    best = max(range(len(sentences)), key=lambda place: (_window(scores, sentences, place), -place))
    return shorten(" ".join(sentences[best:]), characters_max=SNIPPET_CHARACTERS_MAX)


def _window(scores: list[float], sentences: list[str], start: int) -> float:
    """What a quote that begins there would hold."""
    total, length = 0.0, 0
    for score, sentence in zip(scores[start:], sentences[start:], strict=True):
        if length and length + len(sentence) > SNIPPET_CHARACTERS_MAX:
            break
        total, length = total + score, length + len(sentence) + 1
    return total


def _worth_of(sentence: str, worth: Mapping[str, float]) -> float:
    found: dict[str, float] = {}
    for word in dict.fromkeys(words.content_words(sentence)):
        lexemes = (*words.forms(word), *synonyms.concepts_of(word))
        found[word] = max((worth.get(lexeme, 0.0) for lexeme in lexemes), default=0.0)
    return sum(found.values())


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
