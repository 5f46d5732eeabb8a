"""Typing mistakes: which known words somebody may have meant. Pure.

Words one mistake apart share a word with one letter less, so that an index of such deletions finds them without
comparing everything (the idea of SymSpell).
"""

from functools import lru_cache
from itertools import permutations

TYPO_CHARACTERS_MIN = 4
LONG_CHARACTERS_MIN = 8
"""From here on two mistakes are forgiven."""
FIRST_LETTER_CHARACTERS_MIN = 6
"""From here on the first letter may be the mistake."""
REPLACED_CHARACTERS_MIN = 6
"""From here on one letter may stand for another: shorter words are mostly words of their own (`mint`, `mind`)."""

_ROWS = "qwertyuiop asdfghjkl zxcvbnm qazwsxedcrfvtgbyhnujmikolp"
_ALIKE = [set(alike) for alike in ("aeiouy", "cksqzx", "bvw", "mn", "gj", "dt", "lr", "ij")]


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

    Words of 4 to 7 letters may hold one, longer ones two; few people miss the first letter.
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
    if found == 1 and not (_is_slip(asked, known) if len(asked) == len(known) else _is_missing(asked, known)):
        return None
    return found


def _is_missing(asked: str, known: str) -> bool:
    """Whether the one letter too many or too few is a likely one: in a short word only a double, or none at its end."""
    short, long = sorted((asked, known), key=len)
    if len(short) >= REPLACED_CHARACTERS_MIN:
        return True
    place = next((index for index, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    is_double = place > 0 and long[place] == long[place - 1]
    return is_double or (len(short) > TYPO_CHARACTERS_MIN and place < len(short))


def _is_slip(asked: str, known: str) -> bool:
    """Whether two words that differ by one mistake and no letter are confused easily: a swap, or letters that are
    neighbours on the keyboard or sound alike."""
    differing = [(a, b) for a, b in zip(asked, known, strict=True) if a != b]
    if len(differing) != 1:
        return True
    if len(asked) < REPLACED_CHARACTERS_MIN:
        return False
    pair = set(differing[0])
    return any(pair <= alike for alike in _ALIKE) or any("".join(each) in _ROWS for each in permutations(pair))
