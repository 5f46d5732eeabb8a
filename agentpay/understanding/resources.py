"""The word lists and weights in data/: text that people edit, read once when first needed."""

from importlib.resources import files


def read_bytes(name: str) -> bytes:
    """A file of data/ as it is."""
    return files("agentpay.understanding").joinpath("data", name).read_bytes()


def lines(name: str) -> list[str]:
    """The lines of a list that are neither empty nor comments."""
    text = read_bytes(name).decode("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def sections(name: str) -> dict[str, list[str]]:
    """The lines of a list under their `[heading]`."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in lines(name):
        if line.startswith("[") and line.endswith("]"):
            current = found.setdefault(line[1:-1], [])
        else:
            current.append(line)
    return found


def words(name: str) -> frozenset[str]:
    """All words of a list, whatever section they stand in."""
    return frozenset(word for line in lines(name) if line[0] != "[" for word in line.split())
