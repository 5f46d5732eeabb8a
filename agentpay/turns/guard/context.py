"""What a number means by the words around it: a price, or a count; a claim that something costs nothing or half."""

from collections.abc import Sequence
from typing import Final

from agentpay.turns.guard import vocabulary as words
from agentpay.turns.guard.amounts import Figure, Sort, find_figures, joined
from agentpay.turns.guard.chunks import Atom, Kind
from agentpay.turns.guard.known import WHOLE_PERCENT, Figures
from agentpay.understanding.numbers import THOUSANDTHS

WINDOW: Final = 7
"""Words before a number in which a price word makes it a price."""

SMALL_MAX: Final = 12 * THOUSANDTHS
"""Up to a dozen, a bare number is a count unless a price word says otherwise."""

YEARS: Final = range(1990 * THOUSANDTHS, 2051 * THOUSANDTHS)
NUMERAL_DIGITS_MIN: Final = 5
"""So many digits behind `your order number is` are no price."""

NEGATION_WORDS: Final = 7
PAIRED_MAX: Final = 100 * THOUSANDTHS
LONG_DIGITS: Final = 7
"""Longer runs of digits are telephone or tracking numbers unless a currency stands beside them."""

_COPULAS: Final = ("is", "are", "was", "e")
_LISTING: Final = frozenset(("and", "e", "or", "ou", "-", ",", ":", ".", "(", '"', "'"))
_STOPS: Final = frozenset(".!?…")


def unknown_figure(atoms: Sequence[Atom], *, left: Sequence[str], right: str | None, figures: Figures) -> Figure | None:
    """The first amount or percentage of a run that `figures` does not hold.

    `left`: the words before it in the sentence, marks among them; `right`: the word behind it, None at an end.
    """
    run = joined(atoms)
    found = find_figures(run, right=right)
    alone = _single_coin(run, left)
    if alone is not None and not figures.holds(alone):
        return alone
    position = 0
    while position < len(found):
        figure = found[position]
        following = found[position + 1] if position + 1 < len(found) else None
        if following is not None and _is_pair_known(run, figure, following, figures):
            position += 2
            continue
        if _is_claimed(run, figure, following, left=left, right=right) and not figures.holds(figure):
            return figure
        position += 1
    return None


def _single_coin(run: Sequence[Atom], left: Sequence[str]) -> Figure | None:
    """`a dollar`, `a cent`: one of it, without a number."""
    for index, atom in enumerate(run):
        before = run[index - 1].text if index else left[-1] if left else ""
        if atom.text in words.COINS and before in ("a", "an", "single", "mere"):
            is_cent = atom.kind is Kind.CENTS
            currencies = (words.CENT_WORDS if is_cent else words.CURRENCY_WORDS)[atom.text]
            return Figure(index, index + 1, THOUSANDTHS // 100 if is_cent else THOUSANDTHS, (), Sort.MONEY, currencies)
    return None


def _is_pair_known(run: Sequence[Atom], figure: Figure, following: Figure, figures: Figures) -> bool:
    """`ninety nine ninety five`, `80 reais e 50 centavos`: one amount in two numbers."""
    if figure.value is None or following.value is None or figure.sort in (Sort.PERCENT, Sort.COUNT):
        return False
    if following.sort in (Sort.PERCENT, Sort.COUNT):
        return False
    between = run[figure.end : following.start]
    if any(atom.text not in words.PAIRING and atom.kind not in (Kind.SIGN, Kind.MONEY) for atom in between):
        return False
    # Cents that were named are divided already.
    minor = following.value if following.value < THOUSANDTHS else following.value // 100
    is_minor = following.value < PAIRED_MAX and minor < THOUSANDTHS
    currencies = figure.currencies or following.currencies or None
    return is_minor and figures.has(figure.value + minor, currencies)


def _is_claimed(
    run: Sequence[Atom], figure: Figure, following: Figure | None, *, left: Sequence[str], right: str | None
) -> bool:
    """Whether the number says what something costs or how much is taken off."""
    if figure.sort is Sort.MONEY:
        return True
    before = [*left, *(atom.text for atom in run[: figure.start])]
    after = [atom.text for atom in run[figure.end :]] + ([right] if right is not None else [])
    if figure.sort is Sort.PERCENT:
        return not _is_share_of_substance(figure, before, after)
    if _is_one_for_another(run, figure, following, right):
        return True
    if figure.is_spelled and figure.value == THOUSANDTHS:
        return figure.sort is Sort.BARE and _cue(before)[0] in words.PAYING  # else `the price of this one`
    if figure.sort is Sort.COUNT:
        return _is_count_of_money(before, after)
    return _is_price(figure, before, after)


def _is_share_of_substance(figure: Figure, before: Sequence[str], after: Sequence[str]) -> bool:
    """`100% cotton`, `70% de cacau`: a share of a thing, nothing off its price."""
    of = next(
        (word for word in after if word not in ("%", "de", "of", "percent", "-", "percentage", "is", "are")), None
    )
    if of in words.SUBSTANCES and of != "free":
        return True
    if (
        not words.SUBSTANCE_BEFORE.isdisjoint(before[-WINDOW:])
        and of not in words.OFF_WORDS
        and not _has_price_word(before)
    ):
        return True
    is_whole = figure.value == WHOLE_PERCENT // 100 * THOUSANDTHS
    return is_whole and of not in words.OFF_WORDS and words.OFF_WORDS.isdisjoint(before[-4:]) and of != "price"


def _is_count_of_money(before: Sequence[str], after: Sequence[str]) -> bool:
    """A noun counts it, but the words right before say that it is a price: `it costs 90 coins`."""
    if _is_off(after) or (before and before[-1] == "/" and after[:1] in (["price"], ["preco"])):
        return True
    cue, _ = _cue(before)
    noun = next((word for word in after if word[0].isalpha()), None)
    return cue in words.PRICE_NOUNS_BEFORE and noun not in words.COUNT_NOUNS and noun is not None


def _is_one_for_another(run: Sequence[Atom], figure: Figure, following: Figure | None, right: str | None) -> bool:
    """`2 for 1`, `dois por um`: more than is paid for."""
    if following is None or figure.value is None or following.value is None:
        return False
    between = [atom.text for atom in run[figure.end : following.start] if atom.text != "-"]
    is_promotion = between in (["for"], ["por"], ["pelo", "preco", "de"], ["x"])
    is_end = following.end < len(run) or right is None or right in words.TAILS
    is_counted = following.sort not in (Sort.BARE, Sort.COUNT)
    return is_promotion and is_end and not is_counted and THOUSANDTHS <= following.value < figure.value <= SMALL_MAX


def _is_price(figure: Figure, before: Sequence[str], after: Sequence[str]) -> bool:
    """Whether a bare number is a price by the words around it."""
    if _is_identifier(figure, before, after):
        return False
    if _is_off(after) or (after and _is_per_time(after)):
        return True
    if after[:2] in ([",", "-"], [".", "-"]) or figure.is_priced:
        return True
    if after[:1] == ["of"] and len(after) > 1 and after[1] != "course":
        return False
    _, is_direct_price = _cue(before)
    if is_direct_price or _has_price_word(before):
        return True
    is_small = figure.value is not None and (
        figure.value <= SMALL_MAX or (figure.value in YEARS and not figure.is_spelled)
    )
    if is_small:
        return False
    return figure.value is not None and not _is_counted(before)


def _is_identifier(figure: Figure, before: Sequence[str], after: Sequence[str]) -> bool:
    """Part of a name, a date, a list of sizes, a telephone number."""
    plain = figure.digits.replace(".", "").replace(",", "")
    skipped = _COPULAS if len(plain) >= NUMERAL_DIGITS_MIN else ()
    last = next((word for word in reversed(before) if not _is_listed(word) and word not in skipped), "")
    if not words.STREETS.isdisjoint(before[-WINDOW:]):
        return True
    if last in words.NAMED_BEFORE or next((word for word in after if word != "de"), "") in words.MONTHS:
        return True
    if before and before[-1] == "-" and len(before) > 1 and before[-2].isdigit():
        plain = before[-2] + plain
    is_dialled = plain.startswith("0") and len(plain) > 2 and figure.digits == plain
    return len(plain) > LONG_DIGITS or is_dialled or last == "+"


def _is_listed(word: str) -> bool:
    """Part of `36, 38 and 40`."""
    return word in _LISTING or word[0].isdigit() or word in words.NUMBER_WORDS


def _is_off(after: Sequence[str]) -> bool:
    """`off`, `de desconto`, `a menos`."""
    behind = [word for word in after[:2] if word not in ("de", "a", "the")]
    return (
        bool(behind)
        and behind[0] in words.OFF_WORDS
        and (len(behind) == len(after[:2]) or after[0] in ("de", "a", "the"))
    )


def _is_per_time(after: Sequence[str]) -> bool:
    """`a month`, `/mo`, `por mês`, `each`."""
    if after[0] in words.EACH_WORDS:
        return True
    return after[0] in ("a", "an", "per", "por", "/", "ao", "every") and len(after) > 1 and after[1] in words.INTERVALS


def _cue(before: Sequence[str]) -> tuple[str, bool]:
    """The word that governs the number, past fillers; whether it speaks of a price."""
    direct = ""
    for word in reversed(before[-WINDOW:]):
        if word in _STOPS:
            break
        if word in words.PRICE_WORDS:
            return word, True
        if word in words.DIRECT_WORDS and not direct:
            direct = word
        if word not in words.FILLERS and word not in words.DIRECT_WORDS:
            return direct, False
    return direct, False


def _has_price_word(before: Sequence[str]) -> bool:
    return any(word in words.PRICE_WORDS_ANYWHERE for word in _sentence(before))


def _sentence(before: Sequence[str]) -> list[str]:
    """The last words, from the last stop on."""
    taken: list[str] = []
    for word in reversed(before[-WINDOW:]):
        if word in _STOPS:
            break
        taken.append(word)
    return taken


def _is_counted(before: Sequence[str]) -> bool:
    """`there are 90`, `we have 90`, `from 9 to 18`: a number that nothing makes a price."""
    last = next((word for word in reversed(before) if not _is_listed(word) and word not in ("to", "as", "ate")), "")
    if before and before[-1] in ("of", "com", "de") and len(before) > 1:
        return before[-2] in words.GROUPS
    return last in words.COUNTED_BEFORE and before[-1] not in (",", ":")


def is_free_claim(core: str, *, left: Sequence[str], right: str | None) -> bool:
    """Whether a word claims that something costs nothing. `left` and `right` as above."""
    if core in words.FREE_IDIOMS:
        return " ".join(left[-2:]) in words.FREE_IDIOMS[core]
    last = left[-1] if left else ""
    if core in words.FREE_AFTER:
        return last in words.FREE_AFTER[core]
    if _is_negated(left):
        return False
    if core == "free":
        has_time = " ".join(left[-2:]) in words.FREE_PERSONS
        return not has_time and last not in words.NOT_FREE_BEFORE and right not in words.NOT_FREE_AFTER
    return core in words.FREE_WORDS


def _is_negated(left: Sequence[str]) -> bool:
    clause: list[str] = []
    for word in reversed(left[-NEGATION_WORDS:]):
        if not word[0].isalnum() and word not in ("'", '"', "-"):
            break
        clause.append(word)
    return not words.NEGATIONS.isdisjoint(clause) and words.NO_NEGATIONS.isdisjoint(clause)


def is_share_claim(cores: Sequence[str], *, left: Sequence[str], right: str | None) -> bool:
    """Whether `half`, `a third` with the words behind it says how much is taken off a price."""
    if cores[0] in words.SHARE_WORDS:
        return True
    if cores[0] in words.SHARE_WITHOUT_OF and len(cores) > 1:
        return False
    end = next((core for core in (*cores[1:], right) if core not in words.SHARE_FILLERS), None)
    if end is not None:
        return end in words.SHARE_ENDS
    if cores[0] in words.SHARE_WITHOUT_OF:
        return False
    return (bool(left) and left[-1] in words.SHARE_BEFORE and len(cores) == 1) or _has_price_word(left)


def awaits_price(before: Sequence[str]) -> bool:
    """Whether the words so far lead up to a price: what comes next at the beginning of a line is no list's mark."""
    if not before:
        return False
    cue, is_price = _cue(before)
    return is_price or cue != "" or before[-1] in words.CURRENCY_SIGNS or before[-1] in words.CURRENCY_WORDS
