"""Rules that a linter does not know. Each message says what to do instead."""

import ast
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "agentpay"
FUNCTION_LINES_MAX = 60
FILE_LINES_MAX = 400
PACKAGE_DOC_LINES_MAX = 14

Finding = tuple[int, str]
Rule = Callable[[ast.Module, str], Iterator[Finding]]

CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "dt.datetime.now", "time.time"}
CLOCK_CALLS = {name.rpartition(".")[2] for name in CLOCKS}
# The sandbox is a twin of the outside world; ids need a time; Prometheus and log lines bring their own.
CLOCK_READERS = ("kit/clock.py", "kit/ids.py", "sandbox/")


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def long_functions(tree: ast.Module, path: str) -> Iterator[Finding]:
    for function in functions(tree):
        assert function.end_lineno is not None
        lines = function.end_lineno - function.lineno + 1
        if lines > FUNCTION_LINES_MAX:
            advice = "Keep the branching here; move straight runs into named helpers."
            yield function.lineno, f"{function.name}: {lines} lines. {advice}"


def clock_outside_kit(tree: ast.Module, path: str) -> Iterator[Finding]:
    if path.startswith(CLOCK_READERS):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in CLOCK_CALLS and ast.unparse(node) in CLOCKS:
            yield node.lineno, "take `now` as an argument; only kit/clock.py reads the clock."


def broad_except(tree: ast.Module, path: str) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and (
            node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"}
        ):
            yield node.lineno, "name what you expect. A boundary may catch everything: mark it `# boundary: reason`."


def unexplained_ignores(source: str) -> Iterator[Finding]:
    for number, line in enumerate(source.splitlines(), 1):
        marker = "# type" + ": ignore"
        if marker in line:
            code, _, reason = line.partition(marker)[2].partition("#")
            if not code.strip().startswith("[") or not reason.strip():
                yield number, "give the error's code and a reason: `# type: ignore[code] # why`."


def reexports(tree: ast.Module, path: str) -> Iterator[Finding]:
    if not path.endswith("__init__.py") or path == "__init__.py":
        return
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node.lineno, "nothing is re-exported: import the module where it is used."
    doc = ast.get_docstring(tree)
    if not doc:
        yield 1, "say in a few lines what the package owns and what it never does."
    elif len(doc.splitlines()) > PACKAGE_DOC_LINES_MAX:
        yield 1, f"a package's docstring has at most {PACKAGE_DOC_LINES_MAX} lines."


def transaction_across_the_network(tree: ast.Module, path: str) -> Iterator[Finding]:
    """Inside `async with ….transaction()` nothing may be awaited on a Polar client."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.AsyncWith) or not any(
            ast.unparse(item.context_expr).endswith(".transaction()") for item in node.items
        ):
            continue
        for inner in ast.walk(node):
            if isinstance(inner, ast.Await) and ast.unparse(inner.value).startswith(("polar.", "self._polar.")):
                yield inner.lineno, "commit first: a lock held across Polar's outage becomes ours."


@cache
def modules() -> list[tuple[Path, list[str], ast.Module]]:
    """Every module of the package: path, lines, syntax tree."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        source = path.read_text()
        found.append((path, source.splitlines(), ast.parse(source)))
    return found


RULES: list[Rule] = [long_functions, clock_outside_kit, broad_except, reexports, transaction_across_the_network]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_house_rule(rule: Rule) -> None:
    findings = []
    for path, lines, tree in modules():
        for line, message in rule(tree, path.relative_to(PACKAGE).as_posix()):
            if "# boundary:" not in lines[line - 1]:
                findings.append(f"{path.relative_to(ROOT)}:{line}: {message}")
    assert not findings, "\n" + "\n".join(findings)


def test_every_ignore_gives_its_reason() -> None:
    findings = [
        f"{path.relative_to(ROOT)}:{line}: {message}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for line, message in unexplained_ignores(path.read_text())
    ]
    assert not findings, "\n" + "\n".join(findings)


def test_files_stay_readable() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in PACKAGE.rglob("*.py")}
    long = [f"{path.relative_to(ROOT)}: {lines} lines" for path, lines in lengths.items() if lines > FILE_LINES_MAX]
    assert not long, "\n".join(long)


def test_no_registry_is_named_and_no_path_of_a_machine() -> None:
    # Spelt in pieces, so that this file does not name them itself.
    forbidden = ["py" + "pi.org", "python" + "hosted", "npm" + "js.", "/" + "root/", "/" + "work/main"]
    found = []
    for path in ROOT.rglob("*"):
        parts = path.relative_to(ROOT).parts
        if (
            not path.is_file()
            or parts[0] in {".git", ".venv", "var"}
            or any(part.startswith(".") for part in parts[:-1])
        ):
            continue
        if path.suffix in {".py", ".toml", ".txt", ".in", ".md", ".ini", ".yaml", ".yml", ".js", ".css", ".html", ""}:
            text = path.read_text(errors="replace")
            found += [f"{path.relative_to(ROOT)}: {word}" for word in forbidden if word in text]
    assert not found, "\n".join(found)
