"""The filter on a reply's way out. Fed with words as they come, it gives back those that may go."""

import re
from collections import deque
from enum import StrEnum
from typing import Final

import msgspec

from agentpay.kit.text import visible
from agentpay.turns.guard import codes, context, leaks, links
from agentpay.turns.guard import vocabulary as words
from agentpay.turns.guard.amounts import Sort
from agentpay.turns.guard.chunks import FIGURES, Atom, Chunk, Kind, read_chunk
from agentpay.turns.guard.known import Figures, Known, Name, is_claim, names_by_piece
from agentpay.turns.guard.tags import Tags

CHUNK_CHARACTERS_MAX: Final = 1_024
"""A longer run without a space is read in pieces of this length."""

HELD_CHUNKS_MAX: Final = 16
"""Pieces held back while they may still be one amount; longer runs of numbers are judged in parts."""

LEFT_WORDS: Final = 10
SHARE_CHUNKS_MAX: Final = 7
MARKER_MAX: Final = 50

# A piece ends at white space, and behind a character of a script that writes no spaces.
_RUN: Final = re.compile(
    r"\s+|[^\s\u3001-\u9fff\uac00-\ud7af]*[\u3001-\u9fff\uac00-\ud7af]|[^\s\u3001-\u9fff\uac00-\ud7af]+"
)
_UNSPACED: Final = re.compile(r"[\u3001-\u9fff\uac00-\ud7af]$")
_MARKER: Final = re.compile(r"(\d{1,2})[.)]")


class Violation(StrEnum):
    """What kind of thing may not be said."""

    AMOUNT = "amount"
    PERCENT = "percent"
    LINK = "link"
    CODE = "code"
    LEAK = "leak"
    KEY = "key"


class Piece(msgspec.Struct, frozen=True):
    """A chunk with the white space before it; `is_named`: part of a known name, so its numbers are none."""

    space: str
    chunk: Chunk
    is_named: bool = False


class Guard:
    """Filters one reply. Feed it in pieces of any size, then close it; once it found a violation it gives nothing.

    What was given out before a violation stands; the words that violate are never given out.
    """

    def __init__(self, known: Known) -> None:
        self.violation: Violation | None = None
        self._known = known
        self._figures = Figures(known)
        self._names = names_by_piece(known.texts)
        self._echo = leaks.Echo(known.secrets)
        self._tags = Tags()
        self._out: list[str] = []
        self._space: list[str] = []
        self._word: list[str] = []
        self._length = 0
        self._queue: deque[Piece] = deque()
        self._recent: deque[str] = deque(maxlen=LEFT_WORDS)
        self._left: deque[str] = deque(maxlen=LEFT_WORDS)
        self._held: list[Piece] = []
        self._awaits_target = False
        self._marker = 0

    def feed(self, text: str) -> str:
        """Words that may go out now; "" when all of them are held back."""
        if self.violation is None:
            self._take(self._tags.feed(visible(text)))
        return self._given()

    def close(self) -> str:
        """The rest, at the end of the reply."""
        if self.violation is None:
            self._take(self._tags.close())
        if self._word:
            self._complete()
        self._advance(closing=True)
        self._settle(None)
        if self.violation is None:
            self._out += self._space
            self._space = []
        return self._given()

    def _given(self) -> str:
        given = "".join(self._out)
        self._out = []
        return given

    def _take(self, text: str) -> None:
        for match in _RUN.finditer(text):
            run = match[0]
            if run[0].isspace():
                if self._word:
                    self._complete()
                self._space.append(run)
                continue
            while self._length + len(run) > CHUNK_CHARACTERS_MAX:
                room = CHUNK_CHARACTERS_MAX - self._length
                self._word.append(run[:room])
                run = run[room:]
                self._complete()
            self._word.append(run)
            self._length += len(run)
            if _UNSPACED.search(run):
                self._complete()
            if self.violation is not None:
                return

    def _complete(self) -> None:
        """The next piece is whole: what it settles may go."""
        self._queue.append(Piece("".join(self._space), read_chunk("".join(self._word))))
        self._space, self._word, self._length = [], [], 0
        self._advance(closing=False)

    def _advance(self, *, closing: bool) -> None:
        while self._queue and self.violation is None:
            named = self._named(closing=closing)
            if named is None:
                return
            for _ in range(named):
                self._pass(msgspec.structs.replace(self._queue.popleft(), is_named=True))
            if not named:
                self._pass(self._queue.popleft())

    def _named(self, *, closing: bool) -> int | None:
        """How many of the next pieces end a known name; None while that depends on what comes."""
        waits = False
        for name in self._names.get(self._queue[0].chunk.core, ()):
            length = self._rest_of(name, closing=closing)
            if length:
                return length
            waits = waits or length is None
        return None if waits else 0

    def _rest_of(self, name: Name, *, closing: bool) -> int | None:
        before, rest = name.cores[: name.place], name.cores[name.place :]
        come = [piece.chunk for piece in self._queue][: len(rest) + 1]
        is_begun = not before or tuple(self._recent)[-len(before) :] == before
        if not is_begun or any(chunk.core != core for chunk, core in zip(come, rest, strict=False)):
            return 0
        if len(come) < len(rest):
            return 0 if closing else None
        last = come[len(rest) - 1]
        if self._held and self._held[-1].chunk.atoms[-1:] and self._held[-1].chunk.atoms[-1].kind in _BEFORE_AMOUNT:
            return 0
        if last.atoms and last.atoms[-1].kind in FIGURES:
            if len(come) == len(rest):
                return len(rest) if closing else None
            following = come[-1].atoms
            if following and (following[0].kind in _BEHIND_AMOUNT or following[0].text in words.OFF_WORDS):
                return 0
        return len(rest)

    def _pass(self, piece: Piece) -> None:
        """One piece, in order: refused for what it is, or let go, or held while it may be part of an amount."""
        chunk = piece.chunk
        self._recent.append(chunk.core)
        self.violation = self._refused(piece)
        if self.violation is not None:
            return
        is_word = piece.is_named or self._is_marker(piece)
        if self._held and not is_word and self._goes_on(chunk):
            self._held.append(piece)
            if len(self._held) >= HELD_CHUNKS_MAX:
                self.violation = Violation.AMOUNT
            return
        if not self._settle(piece):
            return
        if not is_word and (chunk.opens or chunk.is_share or is_claim(chunk.core)):
            self._held.append(piece)
            if not chunk.opens and not chunk.is_share and chunk.core != "free":
                self._settle(None)  # the words before it tell
        else:
            self._release(piece)
            self._remember(chunk, (chunk.core,) if chunk.core else ())

    def _refused(self, piece: Piece) -> Violation | None:
        chunk = piece.chunk
        if self._echo.hears(chunk.core):
            return Violation.LEAK
        is_target, self._awaits_target = self._awaits_target, links.opens_target(chunk.body)
        if chunk.is_plain and not is_target and words.CODE_CUES.isdisjoint(self._left):
            return None
        may_link = not piece.is_named and (is_target or links.may_link(chunk.body))
        if may_link and links.is_forbidden(chunk.body, hosts=self._known.hosts, is_target=is_target):
            return Violation.LINK
        if leaks.is_key(chunk):
            return Violation.KEY
        if piece.is_named:
            return None
        is_code = codes.is_unconfirmed(chunk, left=tuple(self._left), codes=self._known.codes)
        return Violation.CODE if is_code else None

    def _is_marker(self, piece: Piece) -> bool:
        """`1.`, `2.` at the beginning of a line: the next mark of a list, unless a price is awaited."""
        match = _MARKER.fullmatch(piece.chunk.body)
        if match is None or not ("\n" in piece.space or not self._recent or len(self._recent) == 1):
            return False
        value = int(match[1])
        is_next = value == 1 or value == self._marker + 1
        is_awaited = context.awaits_price(self._words_before())
        if not is_next or is_awaited or value > MARKER_MAX:
            return False
        self._marker = value
        return True

    def _words_before(self) -> list[str]:
        return [*self._left, *(atom.text for piece in self._held for atom in piece.chunk.atoms)]

    def _goes_on(self, chunk: Chunk) -> bool:
        """Whether the words held back and this one may be one amount, or one claim."""
        first, last = self._held[0].chunk, self._held[-1].chunk
        if first.opens:
            if chunk.opens or any(atom.kind in (Kind.MONEY, Kind.CENTS) for atom in chunk.atoms):
                return True
            return not last.ends and (chunk.core in words.JOINERS or _is_mark(chunk))
        if last.ends or last.pauses:
            return False
        if first.is_share:
            return chunk.core in words.SHARE_FILLERS and len(self._held) < SHARE_CHUNKS_MAX
        return first.core == "free" and chunk.core in _FREE_LINKS and len(self._held) == 1

    def _settle(self, following: Piece | None) -> bool:
        """Judge what is held back, now that the word behind it is known; whether it was let go."""
        if not self._held or self.violation is not None:
            return self.violation is None
        held = self._held
        last = held[-1].chunk
        right = None if following is None or last.ends or last.pauses else _first_word(following.chunk)
        self.violation = self._judged([piece.chunk for piece in held], right)
        if self.violation is not None:
            return False
        self._held = []
        for piece in held:
            self._release(piece)
            self._remember(piece.chunk, [atom.text for atom in piece.chunk.atoms])
        return True

    def _judged(self, chunks: list[Chunk], right: str | None) -> Violation | None:
        left = tuple(self._left)
        cores = [chunk.core for chunk in chunks]
        if chunks[0].opens:
            atoms = [atom for chunk in chunks for atom in _apart(chunk)]
            figure = context.unknown_figure(atoms, left=left, right=right, figures=self._figures)
            if figure is None:
                return None
            return Violation.PERCENT if figure.sort is Sort.PERCENT else Violation.AMOUNT
        if chunks[0].is_share:
            points = words.SHARES.get(cores[0]) or words.SHARE_WORDS[cores[0]]
            if self._figures.has_basis_points(points) or not context.is_share_claim(cores, left=left, right=right):
                return None
            return Violation.PERCENT
        if len(cores) > 1:
            right = None if right in _FREE_LINKS[cores[1]] else cores[1]
        is_free = context.is_free_claim(cores[0], left=left, right=right)
        return Violation.AMOUNT if is_free and not self._figures.is_free_known else None

    def _release(self, piece: Piece) -> None:
        self._out += (piece.space, piece.chunk.body)

    def _remember(self, chunk: Chunk, said: tuple[str, ...] | list[str]) -> None:
        if chunk.ends:
            self._left.clear()
            return
        self._left.extend(said)
        if chunk.pauses:
            self._left.append(",")
        elif chunk.body.endswith(":"):
            self._left.append(":")


_BEFORE_AMOUNT: Final = frozenset({Kind.SIGN, Kind.MONEY})
_BEHIND_AMOUNT: Final = frozenset({Kind.SIGN, Kind.MONEY, Kind.CENTS, Kind.PERCENT})
_FREE_LINKS: Final = {
    "of": frozenset({"charge", "charges", "cost", "costs"}),
    "to": frozenset({"try", "use", "download", "join", "start", "you", "everyone", "play", "all", "customers", "own"}),
}
"""`free of charge` and `free to try` speak of money, `free of parabens` and `free to ask` do not."""
_BORDERS: Final = frozenset("|•#>·▪●")


def _apart(chunk: Chunk) -> list[Atom]:
    """Its atoms; the first one is not glued to the piece before."""
    return [atom if index else atom._replace(glued=False) for index, atom in enumerate(chunk.atoms)]


def _is_mark(chunk: Chunk) -> bool:
    return not chunk.core and _BORDERS.isdisjoint(chunk.body)


def _first_word(chunk: Chunk) -> str | None:
    word = chunk.core.partition("/")[0]
    return word if any(character.isalnum() for character in word) else None
