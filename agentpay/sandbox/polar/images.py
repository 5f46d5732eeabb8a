"""Product pictures without a network: an SVG drawn from the title, the same one every time."""

import hashlib
import html
from typing import Final

WIDTH: Final = 800
HEIGHT: Final = 600
WORDS_A_LINE: Final = 18
PALETTES: Final = (
    ("#f6e7cb", "#c96f3b", "#3b2a20"),
    ("#dbeaf5", "#3f7cac", "#12283b"),
    ("#e4f0e1", "#5b8f5a", "#1d3320"),
    ("#f4e1ea", "#b0517f", "#3a1829"),
    ("#ece6f6", "#7a5fb5", "#261a44"),
    ("#fdf3d0", "#caa22a", "#3d3208"),
)


def draw(title: str) -> str:
    """An SVG with a few shapes and the title; colours and places come from the title's hash."""
    digest = hashlib.sha256(title.encode()).digest()
    ground, shape, ink = PALETTES[digest[0] % len(PALETTES)]
    shapes = "".join(
        f'<circle cx="{digest[i] * WIDTH // 255}" cy="{digest[i + 1] * HEIGHT // 255}" '
        f'r="{60 + digest[i + 2] % 140}" fill="{shape}" opacity="{20 + digest[i + 3] % 40}%"/>'
        for i in range(1, 21, 4)
    )
    lines = _lines(title)
    start = HEIGHT // 2 - 30 * (len(lines) - 1)
    words = "".join(
        f'<text x="50%" y="{start + 60 * i}" text-anchor="middle">{html.escape(line)}</text>'
        for i, line in enumerate(lines)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{html.escape(title, quote=True)}"><rect width="100%" height="100%" fill="{ground}"/>{shapes}'
        f'<g font-family="Georgia, serif" font-size="52" fill="{ink}">{words}</g></svg>'
    )


def _lines(title: str) -> list[str]:
    lines = [""]
    for word in title.split():
        joined = f"{lines[-1]} {word}".strip()
        if len(joined) <= WORDS_A_LINE:
            lines[-1] = joined
        else:
            lines.append(word)
    return [line for line in lines if line][:4]
