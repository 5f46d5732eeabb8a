"""Typing mistakes: which known words somebody may have meant. Pure.

Words one mistake apart share a word with one letter less, so that an index of such deletions finds them without
comparing everything (the idea of SymSpell).
"""

from functools import lru_cache

TYPO_CHARACTERS_MIN = 4
LONG_CHARACTERS_MIN = 8
"""From here on two mistakes are forgiven."""
FIRST_LETTER_CHARACTERS_MIN = 6
"""From here on the first letter may be the mistake."""


def deletions(word: str) -> tuple[str, ...]:
    """The word, and the word with each one of its letters left out."""
    return tuple(dict.fromkeys((word, *(word[:index] + word[index + 1 :] for index in range(len(word))))))


@lru_cache(maxsize=4_096)
def distance(left: str, right: str) -> int:
    """Letters to insert, delete, replace or swap with their neighbour (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, start=1):
        before, last, row = row, before, [i]
        for j, b in enumerate(right, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]


def mistakes(asked: str, known: str) -> int | None:
    """How many mistakes make `asked` of `known`, or None when it is more likely another word.

    Words of 4 to 7 letters may hold one, longer ones two. Short words that differ by one replaced letter are mostly
    words of their own (`mint`, `mind`), and few people miss the first letter.
    """
    shorter = min(len(asked), len(known))
    if shorter < TYPO_CHARACTERS_MIN or abs(len(asked) - len(known)) > 2:
        return None
    found = distance(asked, known)
    if found > (2 if shorter >= LONG_CHARACTERS_MIN else 1):
        return None
    is_swapped = asked[:2] == known[1::-1]
    if asked[0] != known[0] and not is_swapped and shorter < FIRST_LETTER_CHARACTERS_MIN:
        return None
    if len(asked) == len(known) <= 5 and sorted(asked) != sorted(known):
        return None
    return found
