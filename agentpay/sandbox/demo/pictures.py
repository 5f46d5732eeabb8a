"""The shop's product pictures, drawn in one flat style: 800 × 600, a tinted ground, one thing on it."""

from collections.abc import Callable

INK, MOSS, FERN, CLAY, SUN, CREAM, BRASS, NIGHT = (
    "#22302b", "#2f5d50", "#7fa08a", "#c06a3f", "#e8a75d", "#f7f3ea", "#c9a24b", "#2d3b55",
)  # fmt: skip
GROUNDS = {
    "sand": "#efe6d5", "sage": "#dde8dd", "clay": "#f4e0d1", "sky": "#dbe6ea", "butter": "#f8ecc9", "dusk": "#e5e0ea",
}  # fmt: skip


def frame(ground: str, drawing: str, *, shadow: int = 220) -> str:
    """The whole picture: ground, the thing's shadow `shadow` wide to each side, the thing."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 600">'
        f'<rect width="800" height="600" fill="{GROUNDS[ground]}"/>'
        f'<circle cx="400" cy="290" r="235" fill="{CREAM}" opacity=".55"/>'
        f'<ellipse cx="400" cy="484" rx="{shadow}" ry="16" fill="{INK}" opacity=".12"/>'
        f"{drawing}</svg>"
    )


def box(x: float, y: float, width: float, height: float, fill: str, *, round: float = 0, more: str = "") -> str:
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{round}" fill="{fill}" {more}/>'


def disc(x: float, y: float, radius: float, fill: str, more: str = "") -> str:
    return f'<circle cx="{x}" cy="{y}" r="{radius}" fill="{fill}" {more}/>'


def line(path: str, stroke: str, width: float, *, fill: str = "none") -> str:
    return (
        f'<path d="{path}" fill="{fill}" stroke="{stroke}" stroke-width="{width}" stroke-linecap="round"'
        ' stroke-linejoin="round"/>'
    )


def shape(path: str, fill: str) -> str:
    return f'<path d="{path}" fill="{fill}"/>'


def bars(x: float, y: float, widths: tuple[int, ...], fill: str, *, step: int = 26, height: int = 10) -> str:
    """Lines of text, seen from afar."""
    return "".join(box(x, y + step * row, width, height, fill, round=5) for row, width in enumerate(widths))


def hills(x: float, y: float, width: float, height: float, *, sky: str, sun: str) -> str:
    """The clearing, as on the shop's front: sky, sun, two hills."""
    w, h = width, height
    return (
        f'<svg x="{x}" y="{y}" width="{w}" height="{h}" viewBox="0 0 300 200" preserveAspectRatio="xMidYMid slice">'
        f'<rect width="300" height="200" fill="{sky}"/><circle cx="190" cy="82" r="34" fill="{sun}"/>'
        f'<path d="M0 130c60-40 120-36 170-8s90 10 130-14v92H0z" fill="{FERN}"/>'
        f'<path d="M0 168c70-30 130-18 180-4s80 0 120-18v54H0z" fill="{MOSS}"/></svg>'
    )


def candle(ground: str, *, glass: str, wax: str, label: str) -> str:
    return frame(
        ground,
        disc(400, 190, 92, SUN, 'opacity=".28"')
        + shape("M400 126c24 34 30 52 30 70a30 30 0 0 1-60 0c0-18 6-36 30-70z", SUN)
        + shape("M400 168c11 16 14 25 14 33a14 14 0 0 1-28 0c0-8 3-17 14-33z", CREAM)
        + line("M400 218v38", INK, 6)
        + box(296, 244, 208, 240, glass, round=22)
        + shape("M296 276c34-14 70 12 104 0s70-14 104 0v-10a22 22 0 0 0-22-22H318a22 22 0 0 0-22 22z", wax)
        + box(330, 332, 140, 104, CREAM, round=8)
        + disc(400, 364, 15, label)
        + bars(356, 394, (88, 60), label, step=18, height=7),
        shadow=150,
    )


def keyboard() -> str:
    keys = "".join(
        box(x, y, 42, 42, CLAY if (row, column) in {(0, 0), (2, 9)} else CREAM if column < 9 else FERN, round=8)
        for row, y in enumerate((258, 310, 362))
        for column, x in enumerate(range(150 + row * 8, 640, 50))
        if x + 42 <= 646
    )
    body = box(126, 234, 548, 246, INK, round=24) + keys
    bottom = box(158, 414, 92, 42, FERN, round=8) + box(258, 414, 270, 42, CREAM, round=8)
    return frame("sky", body + bottom + box(536, 414, 106, 42, FERN, round=8), shadow=300)


def lamp() -> str:
    return frame(
        "butter",
        shape("M250 300L520 484H120z", "#fff6d8")
        + line("M470 470V300L330 196", INK, 14)
        + disc(470, 300, 16, BRASS)
        + shape("M372 150l-62 96a96 96 0 0 1-108-70z", MOSS)
        + shape("M300 238a34 34 0 0 1-62-40z", SUN)
        + box(392, 462, 156, 22, INK, round=11),
        shadow=170,
    )


def hourglass() -> str:
    return frame(
        "sand",
        box(276, 110, 248, 28, BRASS, round=10)
        + box(276, 456, 248, 28, BRASS, round=10)
        + line("M300 138v318M500 138v318", BRASS, 12)
        + line(
            "M328 138c0 100 62 116 62 159s-62 60-62 159h144c0-99-62-116-62-159s62-59 62-159z", INK, 6, fill="#ffffff"
        )
        + shape("M344 214c14 46 46 58 56 78 10-20 42-32 56-78z", INK)
        + shape("M334 450c4-50 36-64 66-82 30 18 62 32 66 82z", INK)
        + line("M400 292v92", INK, 5),
        shadow=150,
    )


def desk_mat() -> str:
    return frame(
        "sage",
        box(118, 200, 564, 270, "#5b665f", round=20)
        + box(132, 214, 536, 242, "none", round=14, more=f'stroke="{FERN}" stroke-width="3" stroke-dasharray="9 9"')
        + box(186, 290, 270, 96, CREAM, round=14)
        + "".join(bars(206, 310, (230, 230, 150), FERN, step=24, height=12))
        + box(492, 276, 62, 104, CREAM, round=31)
        + line("M523 276v34", FERN, 5)
        + disc(612, 326, 36, CLAY)
        + disc(612, 326, 24, "#5a3a26"),
        shadow=290,
    )


def notebook() -> str:
    dots = "".join(disc(x, y, 2.5, FERN) for x in range(480, 570, 18) for y in range(190, 460, 18))
    return frame(
        "sand",
        box(270, 140, 310, 344, CREAM, round=12)
        + dots
        + box(240, 130, 240, 354, MOSS, round=14)
        + box(240, 130, 34, 354, "#24493f", round=14)
        + line("M452 130v354", CLAY, 9)
        + line("M330 484v34l9-10 9 10v-34", SUN, 7, fill=SUN)
        + bars(310, 220, (110, 76), CREAM),
        shadow=190,
    )


def pen() -> str:
    return frame(
        "dusk",
        '<g transform="rotate(-32 400 300)">'
        + box(170, 272, 420, 52, BRASS, round=26)
        + box(500, 272, 96, 52, "#a9853a", round=22)
        + box(420, 258, 150, 14, "#a9853a", round=7)
        + shape("M196 274L116 298l80 24z", "#8a6c2c")
        + shape("M116 298l-22 2 22 4z", INK)
        + line("M262 304c12-22 20 14 30-4s14 10 26-4 18 10 34-2", INK, 5)
        + "</g>"
        + line("M190 470c90 22 150-16 220 0", INK, 5),
        shadow=240,
    )


def cover(ground: str, *, colour: str, art: str) -> str:
    """A book, standing."""
    return frame(
        ground,
        box(278, 116, 262, 368, CREAM, round=8)
        + box(258, 106, 262, 368, colour, round=10)
        + box(258, 106, 22, 368, INK, round=10, more='opacity=".25"')
        + bars(312, 150, (160, 104), CREAM, step=28, height=12)
        + art,
        shadow=180,
    )


def open_book() -> str:
    return frame(
        "clay",
        shape("M400 200c-60-40-140-44-214-24v270c74-20 154-16 214 24z", CREAM)
        + shape("M400 200c60-40 140-44 214-24v270c-74-20-154-16-214 24z", "#fffdf6")
        + line("M400 200v270", FERN, 4)
        + bars(222, 232, (138, 138, 120, 138, 90), FERN, step=34, height=9)
        + bars(440, 232, (138, 138, 126, 138, 70), FERN, step=34, height=9)
        + shape("M520 172h44v92l-22-20-22 20z", CLAY),
        shadow=250,
    )


def screen(ground: str, inside: str) -> str:
    """A laptop with something on it."""
    return frame(
        ground,
        box(176, 140, 448, 300, INK, round=22) + inside + box(120, 440, 560, 38, "#3a4a44", round=19),
        shadow=300,
    )


def course(ground: str, *, sky: str, sun: str) -> str:
    play = disc(400, 290, 54, CREAM, 'opacity=".94"') + shape("M384 262l44 28-44 28z", MOSS)
    return screen(ground, hills(196, 160, 408, 260, sky=sky, sun=sun) + play)


def planner(ground: str, accent: str) -> str:
    columns = "".join(
        box(x, 196, 118, 204, "#ffffff", round=8)
        + box(x + 12, 210, 60, 12, accent, round=6)
        + "".join(
            box(x + 12, y, 16, 16, FERN if (x + y) % 3 else accent, round=4) + box(x + 36, y + 3, 66, 10, FERN, round=5)
            for y in range(238, 390, 32)
        )
        for x in (210, 341, 472)
    )
    return screen(ground, box(196, 160, 408, 260, CREAM, round=6) + columns)


def note_graph() -> str:
    edges = "M300 236L400 290M400 290l112-70M400 290l-40 92M400 290l110 66M512 220l-2 136M300 236l60 146"
    nodes = (
        (400, 290, 26, SUN),
        (300, 236, 15, FERN),
        (512, 220, 18, CLAY),
        (360, 382, 15, CREAM),
        (510, 356, 20, FERN),
    )
    drawn = "".join(disc(x, y, radius, fill) for x, y, radius, fill in nodes)
    return screen("dusk", box(196, 160, 408, 260, NIGHT, round=6) + line(edges, "#8795b3", 4) + drawn)


def cards() -> str:
    def card(turn: int, fill: str, face: str = "") -> str:
        return f'<g transform="rotate({turn} 400 480)">{box(308, 150, 184, 262, fill, round=16)}{face}</g>'

    question = disc(400, 226, 34, MOSS) + bars(340, 296, (120, 120, 74), MOSS, step=28, height=9)
    return frame("butter", card(-22, FERN) + card(18, CLAY) + card(-2, CREAM, question), shadow=200)


def envelope() -> str:
    return frame(
        "sky",
        box(190, 190, 420, 286, CREAM, round=18)
        + line("M206 212l194 150 194-150", FERN, 12)
        + disc(596, 206, 58, MOSS)
        + line("M570 206l18 20 36-40", CREAM, 12),
        shadow=240,
    )


def writing() -> str:
    return frame(
        "clay",
        box(256, 116, 288, 366, "#fffdf6", round=12)
        + bars(294, 168, (212, 212, 180, 212, 212, 130, 212, 96), FERN, step=34, height=9)
        + '<g transform="rotate(-48 520 330)">'
        + box(420, 312, 250, 34, CLAY, round=10)
        + shape("M422 312l-44 17 44 17z", BRASS)
        + shape("M392 323l-14 6 14 6z", INK)
        + "</g>",
        shadow=190,
    )


def ring_of_days(ground: str, *, days: int, filled: int) -> str:
    """A membership: the clearing in a ring of days or months."""
    turn = 360 / days
    ring = "".join(
        f'<g transform="rotate({turn * day:.2f} 400 296)">' + disc(400, 92, 11, SUN if day < filled else FERN) + "</g>"
        for day in range(days)
    )
    scene = hills(240, 136, 320, 320, sky="#f6e3bd", sun=SUN)
    clip = '<clipPath id="c"><circle cx="400" cy="296" r="158"/></clipPath>'
    return frame(ground, f'{clip}{ring}<g clip-path="url(#c)">{scene}</g>', shadow=130)


def sound() -> str:
    heights = (60, 120, 200, 140, 250, 300, 220, 280, 160, 210, 110, 70)
    waves = "".join(
        box(168 + 40 * at, 300 - height / 2, 22, height, SUN if at in (5, 7) else CREAM, round=11)
        for at, height in enumerate(heights)
    )
    drop = disc(600, 150, 46, CREAM, 'opacity=".9"') + disc(580, 138, 42, NIGHT)
    return frame("dusk", box(120, 90, 560, 396, NIGHT, round=28) + drop + waves, shadow=290)


def team() -> str:
    def person(x: int, y: int, fill: str) -> str:
        return disc(x, y, 54, "#f0cfae") + shape(f"M{x - 96} {y + 190}c4-88 40-120 96-120s92 32 96 120z", fill)

    return frame("sage", person(262, 268, CLAY) + person(538, 268, FERN) + person(400, 292, MOSS), shadow=250)


def path_of_days() -> str:
    places = ((190, 420), (262, 372), (330, 408), (400, 336), (470, 372), (540, 290), (612, 236))
    path = "M" + " L".join(f"{x} {y}" for x, y in places)
    stones = "".join(disc(x, y, 26, SUN if at == 6 else MOSS) for at, (x, y) in enumerate(places))
    ticks = "".join(line(f"M{x - 9} {y}l6 7 13-14", CREAM, 5) for x, y in places)
    return frame("butter", line(path, FERN, 10) + stones + ticks, shadow=240)


def gift() -> str:
    return frame(
        "clay",
        box(240, 260, 320, 224, CREAM, round=14)
        + box(222, 212, 356, 68, "#fffdf6", round=12)
        + box(378, 212, 44, 272, MOSS)
        + line("M400 212c-70-10-96-86-40-92 34-4 40 50 40 92 0-42 6-96 40-92 56 6 30 82-40 92z", MOSS, 14),
        shadow=200,
    )


def wool(colour: str) -> str:
    """A cover's emblem: a calm circle over a horizon."""
    return disc(400, 330, 56, colour) + box(312, 396, 176, 12, CREAM, round=6)


DRAWINGS: dict[str, Callable[[], str]] = {
    "Deep Focus: the 6-Week Course": lambda: course("sand", sky="#f6e3bd", sun=SUN),
    "Foco Profundo: o curso de 6 semanas": lambda: course("sage", sky="#cfe3e6", sun="#f3c969"),
    "Deep Focus: the 2023 Edition": lambda: course("dusk", sky="#d9d4e4", sun=CLAY),
    "Calm Inbox Workshop": envelope,
    "Escrever Todo Dia: oficina de escrita": writing,
    "Clear Year: Notion Planner": lambda: planner("sage", CLAY),
    "Freelance OS: Notion Template Bundle": lambda: planner("sky", MOSS),
    "Obsidian Starter Vault": note_graph,
    "Weekly Review Cards (printable PDF)": cards,
    "The Quiet Desk (e-book)": lambda: cover("sky", colour=MOSS, art=wool(SUN)),
    "Respira: guia de pausas curtas (e-book)": lambda: cover("sand", colour=CLAY, art=wool(CREAM)),
    "Attention, Please: Essays (pay what you want)": open_book,
    "Seven Calm Mornings (free)": path_of_days,
    "Focus Candle: Cedar & Sage": lambda: candle("sage", glass="#5f7f6c", wax=CREAM, label=MOSS),
    "Vela Manhã Clara: Laranja e Alecrim": lambda: candle("clay", glass="#d98a4f", wax="#fdeccf", label=CLAY),
    "Kumo 65 Mechanical Keyboard": keyboard,
    "Lumen Desk Lamp": lamp,
    "Tide Hourglass: 25 Minutes": hourglass,
    "Deep Work Desk Mat (wool felt)": desk_mat,
    "Caderno Pontilhado A5": notebook,
    "Brass Pen, Engraved": pen,
    "Clareira Membership, Monthly": lambda: ring_of_days("sage", days=30, filled=14),
    "Clareira Membership, Yearly": lambda: ring_of_days("sand", days=12, filled=12),
    "Soundscapes+": sound,
    "Clareira for Teams": team,
    "Friends & Family Box": gift,
}


def picture_of(name: str) -> str:
    """The SVG of a product of the shop. KeyError for anything else."""
    return DRAWINGS[name]()
