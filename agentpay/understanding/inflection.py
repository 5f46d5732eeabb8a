"""The forms of regular verbs, so that the lexicon names a verb once."""

import re
from typing import Final

_AR: Final = (
    "ar o as a amos am ei ou aram ava avam ando ado ada ados adas e em es arei ara arao aria ariam asse assem"
    " armos arem"
)
_ER: Final = (
    "er o es e emos em i eu eram ia iam endo ido ida idos idas a am as erei era erao eria eriam esse essem ermos erem"
)
_IR: Final = (
    "ir o es e imos em i iu iram ia iam indo ido ida idos idas a am as irei ira irao iria iriam isse issem irmos irem"
)
_ENDINGS: Final = {"ar": _AR.split(), "er": _ER.split(), "ir": _IR.split()}
_VOWELS: Final = frozenset("aeiou")
_DOUBLED: Final = re.compile(r"[^aeiou]*[aeiou][^aeiouwxy]")
"""One syllable with one short vowel: its last letter doubles."""


def portuguese_forms(infinitive: str) -> list[str]:
    """`pagar` → pago, pagou, paguei, pagando …; folded, as regular verbs go."""
    stem, ending = infinitive[:-2], infinitive[-2:]
    forms = []
    for suffix in _ENDINGS[ending]:
        if ending == "ar" and suffix[0] == "e" and stem[-1] in "cg":
            forms.append(stem + "u" + suffix if stem[-1] == "g" else stem[:-1] + "qu" + suffix)
        forms.append(stem + suffix)
    return forms


def english_forms(base: str) -> list[str]:
    """`ship` → ships, shipped, shipping; irregular forms the lexicon names itself."""
    if base.endswith("e"):
        return [base, base + "s", base + "d", base[:-1] + "ing"]
    if base.endswith("y") and base[-2] not in _VOWELS:
        return [base, base[:-1] + "ies", base[:-1] + "ied", base + "ing"]
    if _DOUBLED.fullmatch(base):
        return [base, base + "s", base + base[-1] + "ed", base + base[-1] + "ing"]
    hiss = base.endswith(("s", "sh", "ch", "x", "z"))
    return [base, base + ("es" if hiss else "s"), base + "ed", base + "ing"]
