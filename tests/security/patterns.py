"""Every regular expression of the package, and for each the texts that would hurt it most, made from its own parts."""

import ast
import importlib
import pkgutil
import re
import warnings
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import agentpay

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import sre_constants
    import sre_parse

ROOT = Path(agentpay.__file__).parent
SAMPLES_MAX = 8
CALLS = {"compile", "search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer"}


@cache
def patterns() -> dict[str, re.Pattern[str]]:
    """By where it is first found: what modules hold compiled, and what is written inside functions and schemas."""
    found: dict[tuple[str, int], tuple[str, re.Pattern[str]]] = {}
    for module in pkgutil.walk_packages(agentpay.__path__, "agentpay."):
        if ".sandbox" in module.name or module.name.endswith("__main__"):
            continue
        for name, value in list(vars(importlib.import_module(module.name)).items()):
            for pattern in compiled(value):
                found.setdefault((pattern.pattern, pattern.flags), (f"{module.name}.{name}", pattern))
    for place, pattern in written():
        found.setdefault((pattern.pattern, pattern.flags), (place, pattern))
    return {f"{place}#{number}": pattern for number, (place, pattern) in enumerate(found.values())}


def compiled(value: Any, depth: int = 4) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern):
        yield text_pattern(value)
    elif depth and isinstance(value, dict):
        yield from (one for entry in [*value.keys(), *value.values()] for one in compiled(entry, depth - 1))
    elif depth and isinstance(value, tuple | list | set | frozenset):
        yield from (one for entry in value for one in compiled(entry, depth - 1))
    elif depth and isinstance(value, type) and value.__module__.startswith("agentpay"):
        yield from (one for entry in list(vars(value).values()) for one in compiled(entry, depth - 1))
    elif depth and hasattr(value, "__struct_fields__") and not isinstance(value, type):
        yield from (one for name in value.__struct_fields__ for one in compiled(getattr(value, name, None), depth - 1))


def text_pattern(pattern: re.Pattern[Any]) -> re.Pattern[str]:
    if isinstance(pattern.pattern, str):
        return pattern
    return re.compile(pattern.pattern.decode("latin-1"), pattern.flags)


def written() -> Iterator[tuple[str, re.Pattern[str]]]:
    """Literals given to `re.…(…)` and to `pattern=` anywhere in the code."""
    for path in sorted(ROOT.rglob("*.py")):
        if "sandbox" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                place = f"{path.relative_to(ROOT)}:{node.lineno}"
                for text in literals(node):
                    yield place, re.compile(text)


def literals(call: ast.Call) -> Iterator[str]:
    is_re = (
        isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "re"
        and call.func.attr in CALLS
    )
    if is_re and call.args and isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str):
        yield call.args[0].value
    for keyword in call.keywords:
        if keyword.arg == "pattern" and isinstance(keyword.value, ast.Constant):
            yield str(keyword.value.value)


def repeats(pattern: re.Pattern[str]) -> bool:
    """Whether anything in it repeats without bound: else it takes a bounded time at each place of a text."""
    return any(True for _ in _repeated(_tree(pattern)))


def hurting(pattern: re.Pattern[str], size: int) -> Iterator[str]:
    """Texts of `size` characters: what may repeat, repeated, and then what ends no match."""
    tree = _tree(pattern)
    samples = list(dict.fromkeys(sample for part in _repeated(tree) for sample in _samples(part)))[:SAMPLES_MAX]
    opening = "".join(next(iter(_samples([item])), "") for item in tree)[:40]
    for sample in samples:
        many = sample * (size // len(sample))
        yield many + "\x01"
        yield opening + many + "\x01"
    if len(samples) > 1:
        yield "".join(samples) * (size // sum(map(len, samples)))
        yield (opening + samples[0]) * (size // (len(opening) + len(samples[0])))


def _tree(pattern: re.Pattern[str]) -> list[Any]:
    return list(sre_parse.parse(pattern.pattern, pattern.flags).data)


def _repeated(tree: Iterable[Any]) -> Iterator[list[Any]]:
    for kind, argument in tree:
        if kind in (sre_constants.MAX_REPEAT, sre_constants.MIN_REPEAT, sre_constants.POSSESSIVE_REPEAT):
            _, most, inner = argument
            if most is sre_constants.MAXREPEAT:
                yield list(inner)
            yield from _repeated(inner)
        else:
            for inner in _inside(kind, argument):
                yield from _repeated(inner)


def _inside(kind: Any, argument: Any) -> Iterator[Iterable[Any]]:
    if kind is sre_constants.SUBPATTERN:
        yield argument[3]
    elif kind is sre_constants.BRANCH:
        yield from argument[1]
    elif kind in (sre_constants.ASSERT, sre_constants.ASSERT_NOT):
        yield argument[1]
    elif kind is sre_constants.ATOMIC_GROUP:
        yield argument
    elif kind is sre_constants.GROUPREF_EXISTS:
        yield from (each for each in argument[1:] if each is not None)


CATEGORIES = {
    sre_constants.CATEGORY_SPACE: " ",
    sre_constants.CATEGORY_DIGIT: "7",
    sre_constants.CATEGORY_WORD: "a",
    sre_constants.CATEGORY_NOT_SPACE: "a",
    sre_constants.CATEGORY_NOT_DIGIT: "a",
    sre_constants.CATEGORY_NOT_WORD: " ",
}
TRIED = ["a", " ", "7", ".", "-", ",", "\n", "é", "<", "\x02"]


def _samples(part: Iterable[Any]) -> list[str]:
    """Some texts that the part takes: one for each of its first choices."""
    made = [""]
    for kind, argument in part:
        choices = _choices(kind, argument)[:4]
        made = [before + choice for before in made for choice in choices][:SAMPLES_MAX]
    return [text for text in made if text]


def _choices(kind: Any, argument: Any) -> list[str]:
    if kind is sre_constants.LITERAL:
        return [chr(argument)]
    if kind is sre_constants.NOT_LITERAL:
        return [next(each for each in TRIED if ord(each) != argument)]
    if kind is sre_constants.ANY:
        return ["a", " "]
    if kind is sre_constants.IN:
        return _members(argument)
    if kind in (sre_constants.MAX_REPEAT, sre_constants.MIN_REPEAT, sre_constants.POSSESSIVE_REPEAT):
        least, _, inner = argument
        return [each * max(1, min(least, 3)) for each in _samples(inner)] or [""]
    if kind is sre_constants.BRANCH:
        return [sample for branch in argument[1] for sample in _samples(branch)[:1]] or [""]
    if kind is sre_constants.SUBPATTERN:
        return _samples(argument[3]) or [""]
    if kind is sre_constants.ATOMIC_GROUP:
        return _samples(argument) or [""]
    return [""]


def _members(argument: list[Any]) -> list[str]:
    if argument[0][0] is sre_constants.NEGATE:
        excluded = {chr(value) for kind, value in argument[1:] if kind is sre_constants.LITERAL}
        categories = {value for kind, value in argument[1:] if kind is sre_constants.CATEGORY}
        fit = [each for each in TRIED if each not in excluded]
        if sre_constants.CATEGORY_SPACE in categories:
            fit = [each for each in fit if not each.isspace()]
        return fit[:2] or ["\x02"]
    members = []
    for kind, value in argument:
        if kind is sre_constants.LITERAL:
            members.append(chr(value))
        elif kind is sre_constants.RANGE:
            members.append(chr(value[0]))
        elif kind is sre_constants.CATEGORY:
            members.append(CATEGORIES.get(value, "a"))
    return members[:4]
