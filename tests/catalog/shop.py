"""The whole shop of Acme Candles, with which search is judged: 48 products, English and Portuguese."""

from typing import Any

from tests.catalog.goods import benefit, custom, fixed, goods, metered, seats

MONTHLY = {"recurring_interval": "month"}
YEARLY = {"recurring_interval": "year"}


def _stock(pieces: int) -> dict[str, Any]:
    return {"metadata": {"stock": pieces}}


SHOP: list[dict[str, Any]] = [
    goods(
        "Focus Candle: Cedar & Sage",
        fixed(2800),
        fixed(12900, "brl"),
        description="Light it when you start, blow it out when you stop: a scent that tells your head it is time to "
        "concentrate. Soy wax, cotton wick, about 45 hours.",
        **_stock(42),
    ),
    goods(
        "Lavender Sleep Candle",
        fixed(2600),
        description="A calming candle for the hour before bed. Lavender and chamomile, poured by hand.",
        **_stock(12),
    ),
    goods(
        "Vela Manhã Clara: Laranja e Alecrim",
        fixed(2600),
        fixed(11900, "brl"),
        description="Uma vela para começar o dia: laranja, alecrim e um fundo de café. Cera de coco, pavio de algodão.",
        **_stock(18),
    ),
    goods(
        "Candle Care Kit",
        fixed(1900),
        description="Wick trimmer, snuffer and a brass tray. Keeps every jar burning evenly to the last hour.",
    ),
    goods(
        "Reed Diffuser, Fig & Moss",
        fixed(3400),
        description="A quiet room fragrance without a flame; lasts three months on a shelf.",
        **_stock(0),
    ),
    goods(
        "Incenso Natural Palo Santo",
        fixed(900),
        fixed(3900, "brl"),
        description="Varetas de incenso artesanal, sem carvão. Caixa com vinte unidades.",
    ),
    goods(
        "Handmade Olive Soap",
        fixed(800),
        description="Cold-pressed olive oil, no perfume. Gentle on dry hands.",
        **_stock(80),
    ),
    goods(
        "Kumo 65 Mechanical Keyboard",
        fixed(14900),
        fixed(13900, "eur"),
        description="A small keyboard that whispers. Silent tactile switches, aluminium plate, Bluetooth on three "
        "devices.\n\n- Hot-swappable switches\n- macOS, Windows and Linux",
        benefits=[benefit("Two-year warranty")],
        **_stock(12),
    ),
    goods(
        "Lumen Desk Lamp",
        fixed(11900),
        fixed(54900, "brl"),
        description="Daylight in the morning, amber in the evening. An aluminium lamp that dims without flicker.",
        **_stock(9),
    ),
    goods(
        "Tide Hourglass: 25 Minutes",
        fixed(3400),
        description="A pomodoro without a screen. Turn it, work until the sand is down, take a break.",
        **_stock(60),
    ),
    goods(
        "Wool Felt Desk Mat",
        fixed(4200),
        description="Four millimetres of merino felt under your hands. Takes the clatter out of typing.",
        **_stock(25),
    ),
    goods(
        "Walnut Headphone Stand",
        fixed(3900),
        description="Solid walnut, one piece. Keeps a headset off the table.",
        **_stock(7),
    ),
    goods(
        "Caderno Pontilhado A5",
        fixed(1600),
        fixed(6990, "brl"),
        description="Papel pólen de 90 g, 192 páginas pontilhadas, costura que abre plana.",
        **_stock(120),
    ),
    goods(
        "Brass Pen, Engraved",
        fixed(3900),
        description="A solid brass ballpoint that grows darker with use. We engrave a name or a short word by hand.",
        **_stock(3),
    ),
    goods(
        "Weekly Planner Pad",
        fixed(1400),
        description="Fifty tear-off sheets: seven days, three priorities, one line for gratitude.",
        **_stock(35),
    ),
    goods(
        "Daily Gratitude Journal",
        fixed(2200),
        description="Five minutes in the morning, five at night. Prompts for half a year, linen cover.",
        **_stock(40),
    ),
    goods(
        "Sticker Sheet: Tiny Houseplants",
        fixed(500),
        description="Thirty vinyl stickers. Waterproof, safe for laptops and bottles.",
    ),
    goods(
        "Organic Cotton T-Shirt, Black",
        fixed(2500),
        description="Heavy cotton, boxy fit, no logo. Sizes XS to XXL.",
        **_stock(90),
    ),
    goods(
        "Moletom Canguru Cinza",
        fixed(4800),
        fixed(21900, "brl"),
        description="Moletom macio com capuz e bolso. Algodão brasileiro, do P ao GG.",
        **_stock(22),
    ),
    goods(
        "Enamel Mug, Forest Green",
        fixed(1500),
        description="For coffee by the window or by the fire. Holds 350 ml; do not microwave.",
        **_stock(33),
    ),
    goods(
        "Chá da Serra: camomila e capim-limão",
        fixed(1100),
        fixed(4590, "brl"),
        description="Chá artesanal sem cafeína, ótimo para relaxar antes de dormir. 40 g.",
    ),
    goods(
        "Slow Mornings Coffee, 250 g",
        fixed(1700),
        description="Single-origin beans from Minas Gerais. Notes of cocoa and orange; roasted every Tuesday.",
        **_stock(50),
    ),
    goods(
        "Linen Tote Bag",
        fixed(2100),
        description="Carries groceries, a laptop and a baguette. Natural linen, long handles.",
    ),
    goods(
        "Ceramic Planter with Saucer",
        fixed(2900),
        description="For herbs or a small succulent. Drains properly.",
        **_stock(14),
    ),
    goods(
        "Deep Focus: the 6-Week Course",
        fixed(9500),
        fixed(39900, "brl"),
        description="Get two uninterrupted hours back, every working day. A ritual, a phone that stays silent.\n\n"
        "- 24 short lessons and six worksheets",
        benefits=[benefit("Certificate of completion"), benefit("Lifetime access", kind="downloadables")],
    ),
    goods(
        "Foco Profundo: o curso de 6 semanas",
        fixed(7900),
        fixed(29900, "brl"),
        description="Recupere duas horas sem interrupção por dia. 24 aulas curtas e seis exercícios.",
        benefits=[benefit("Certificado de conclusão")],
    ),
    goods(
        "Calm Inbox Workshop",
        fixed(3900),
        description="A 90-minute recorded workshop that takes your e-mail from 4,000 unread to quiet.",
    ),
    goods(
        "Escrever Todo Dia: oficina de escrita",
        fixed(4900),
        fixed(18900, "brl"),
        description="Uma oficina gentil para quem quer escrever um pouco todos os dias: diário, artigo ou romance.",
    ),
    goods(
        "Watercolour for Beginners",
        fixed(4500),
        description="Twelve video lessons. Paint skies, leaves and your own kitchen; no experience needed.",
    ),
    goods(
        "Meditation for Busy People",
        fixed(2900),
        description="Ten guided sessions of eight minutes each. Breathing, body scan, walking.",
        benefits=[benefit("Audio files", kind="downloadables")],
    ),
    goods(
        "Public Speaking Bootcamp",
        fixed(19900),
        description="Four live evenings in a small group. Learn to open, to pause and to land a talk.",
    ),
    goods(
        "Clear Year: Notion Planner",
        fixed(2900),
        description="One planner for the year, the week and the next two hours. Works with a free Notion account.",
    ),
    goods(
        "Freelance OS: Notion Template Bundle",
        fixed(4900),
        description="Clients, quotes, invoices and time in one calm place.",
    ),
    goods(
        "Planilha de Finanças Pessoais",
        fixed(1200),
        fixed(4990, "brl"),
        description="Controle de gastos, metas e dívidas no Google Sheets, com vídeo explicativo.",
    ),
    goods(
        "Resume & Cover Letter Kit",
        fixed(1800),
        description="Six layouts for Word and Pages, with examples for career changers.",
    ),
    goods(
        "Lightroom Presets: Film Tones",
        fixed(2400),
        description="Twenty presets that give photographs the warmth of old film. Desktop and mobile.",
    ),
    goods(
        "The Quiet Desk (e-book)",
        fixed(1400),
        description="A short book about where you work: light, sound, what is within reach. EPUB, PDF and Kindle.",
    ),
    goods(
        "Respira: guia de pausas curtas (e-book)",
        fixed(900),
        fixed(2990, "brl"),
        description="Trinta pausas de um a cinco minutos para fazer na cadeira. Respiração, alongamento e atenção.",
    ),
    goods(
        "Vegetarian Weeknights: Cookbook",
        fixed(1600),
        description="Sixty dinners in thirty minutes, no meat, no fuss. PDF with shopping lists.",
    ),
    goods(
        "Attention, Please: Essays",
        custom(300, 1200),
        description="Nine essays on boredom and good company.",
    ),
    goods(
        "7-Day Focus Challenge",
        fixed(0),
        description="A free first step: seven mornings, seven small experiments, ten minutes each.",
    ),
    goods(
        "Soundscapes+",
        fixed(500),
        description="Rain on a tin roof, a night train: forty recordings made for deep work and for rest.",
        trial_interval="day",
        trial_interval_count=7,
        **MONTHLY,
    ),
    goods(
        "Acme Membership, Monthly",
        fixed(1200),
        description="All our courses and templates, two live sessions a week.",
        trial_interval="day",
        trial_interval_count=14,
        **MONTHLY,
    ),
    goods("Acme Membership, Yearly", fixed(9900), description="The membership for people who have decided.", **YEARLY),
    goods(
        "Team Focus Plan",
        seats((1, 9, 900), (10, None, 700)),
        description="Shared quiet hours for companies. Priced per seat.",
        **MONTHLY,
    ),
    goods(
        "Transcribe API",
        metered("2", label="minute"),
        description="Speech to text for developers. Pay for what you transcribe.",
        **MONTHLY,
    ),
    goods(
        "Tidy Tabs for Chrome (licence)",
        fixed(1500),
        description="A browser extension that closes what you forgot. One licence, three computers.",
        benefits=[benefit("Licence key", kind="license_keys")],
    ),
    goods(
        "One-Hour Coaching Call",
        fixed(12000),
        description="Talk about your work with Inês, who has coached two hundred freelancers.",
    ),
]

OFF_THE_SHELF: list[dict[str, Any]] = [
    goods("Focus Candle 2023 Edition", fixed(1900), description="Focus, candle, lavender.", is_archived=True),
    goods(
        "Friends & Family Box", fixed(6900), description="A candle, a notebook and an hourglass.", visibility="private"
    ),
    goods("Secret Focus Draft", fixed(6900), description="Focus candle course.", visibility="draft"),
]
