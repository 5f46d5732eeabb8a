"""The words of product names: which nouns are products, what may stand beside them, what never belongs to a name."""

from functools import cache
from typing import Final, NamedTuple

from agentpay.understanding.resources import sections

_PORTUGUESE_NAMED: Final = frozenset(
    {"plano", "licenca", "assinatura", "pacote", "colecao", "edicao", "programa", "sistema", "extensao", "aplicativo"}
)


class Names(NamedTuple):
    """The sections of data/products.txt. `heads`, `named`, `devices` and `ambiguous` hold plurals too."""

    heads: frozenset[str]
    english: frozenset[str]
    portuguese: frozenset[str]
    pairs: frozenset[str]
    named: frozenset[str]
    devices: frozenset[str]
    ambiguous: frozenset[str]
    plurals: frozenset[str]
    plan_names: frozenset[str]
    modifiers: frozenset[str]
    loose: frozenset[str]
    generic: frozenset[str]
    determiners: frozenset[str]
    stops: frozenset[str]
    not_in_names: frozenset[str]
    not_after_of: frozenset[str]
    no_nouns: frozenset[str]
    not_counted: frozenset[str]
    kinds: dict[str, str]

    def uncounted(self, word: str) -> bool:
        """Whether a number before this word counts no goods."""
        return word in self.not_counted or word in self.stops


@cache
def names() -> Names:
    """The lists, read once."""
    listed = {name: frozenset(word for line in lines for word in line.split()) for name, lines in _sections().items()}
    english, portuguese = _with_plurals(listed["heads"]), _with_plurals(listed["heads_pt"] | _PORTUGUESE_NAMED)
    heads = english | _with_plurals(listed["heads_pt"])
    named, devices, ambiguous = (_with_plurals(listed[name]) for name in ("named", "devices", "ambiguous"))
    plain = (
        "plan_names",
        "modifiers",
        "loose",
        "generic",
        "determiners",
        "not_in_names",
        "not_after_of",
        "no_nouns",
        "not_counted",
    )
    return Names(
        heads=frozenset(head for head in heads if "_" not in head),
        english=english,
        portuguese=portuguese,
        pairs=frozenset(head for head in heads if "_" in head),
        named=named,
        devices=devices,
        ambiguous=ambiguous,
        plurals=ambiguous - listed["ambiguous"],
        stops=listed["stops"] | listed["determiners"],
        kinds=dict.fromkeys(listed["plan_names"], "plan_name")
        | dict.fromkeys(devices, "device")
        | dict.fromkeys(heads | ambiguous, "noun"),
        **{name: listed[name] for name in plain},
    )


@cache
def name_words() -> frozenset[str]:
    """Every word of the lists: these are spelt right."""
    known = names()
    joined = frozenset().union(*(group for group in known if isinstance(group, frozenset)))
    return frozenset(part for word in joined for part in word.split("_"))


def noun_kind(token: str) -> str:
    """`noun` for a product's word, `plan_name`, `device`; "" for any other."""
    return names().kinds.get(token, "")


def _sections() -> dict[str, list[str]]:
    return sections("products.txt")


def _with_plurals(singulars: frozenset[str]) -> frozenset[str]:
    return singulars | frozenset(plural for singular in singulars for plural in _plurals(singular))


def _plurals(word: str) -> list[str]:
    """The English and the Portuguese plural; a form that does not exist does no harm."""
    forms = [f"{word}s"]
    if word.endswith(("s", "x", "ch", "sh", "z", "r")):
        forms.append(f"{word}es")
    for ending, plurals in (("y", ("ies",)), ("fe", ("ves",)), ("f", ("ves",)), ("ao", ("oes", "aes")), ("m", ("ns",)),
                            ("al", ("ais",)), ("el", ("eis",)), ("il", ("is",)), ("ol", ("ois",))):  # fmt: skip
        if word.endswith(ending):
            forms += [word.removesuffix(ending) + plural for plural in plurals]
    return forms
