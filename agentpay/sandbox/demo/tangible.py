"""Things that are posted in a box, memberships, and what is not on the shelf."""

from agentpay.sandbox.demo.shapes import Goods, Perk, fixed

PARCEL = Perk("Posted within two working days, plastic-free")
WARRANTY = Perk("Two-year warranty")

OBJECTS = (
    Goods(
        name="Focus Candle: Cedar & Sage",
        category="objects",
        prices=fixed(usd=2800, eur=2600, gbp=2300, brl=12900),
        stock=42,
        perks=(PARCEL,),
        description="""
            Light it when you start, blow it out when you stop: a scent that tells your head it is time to focus.
            Soy wax, cotton wick, about 45 hours. Poured by hand in small batches, in a box that makes it a gift.
        """,
    ),
    Goods(
        name="Vela Manhã Clara: Laranja e Alecrim",
        category="objects",
        prices=fixed(usd=2600, brl=11900),
        stock=18,
        perks=(Perk("Envio em até dois dias úteis, sem plástico"),),
        description="""
            Uma vela para começar o dia: laranja, alecrim e um fundo de café. Cera de coco, pavio de algodão,
            cerca de 40 horas. Feita à mão em São Luís do Paraitinga; vai em caixa de presente.
        """,
    ),
    Goods(
        name="Kumo 65 Mechanical Keyboard",
        category="objects",
        prices=fixed(usd=14900, eur=13900, gbp=11900, jpy=21900),
        stock=12,
        perks=(PARCEL, WARRANTY),
        description="""
            A small keyboard that whispers. 65 % layout, silent tactile switches, aluminium plate, and a cable or
            Bluetooth on three devices. Layouts: US, UK and ABNT2 with ç.

            - Hot-swappable switches, PBT caps
            - Two months on a charge
            - macOS, Windows and Linux
        """,
    ),
    Goods(
        name="Lumen Desk Lamp",
        category="objects",
        prices=fixed(usd=11900, eur=10900, gbp=9500, brl=54900),
        stock=9,
        perks=(PARCEL, WARRANTY),
        description="""
            Daylight in the morning, amber in the evening. An aluminium lamp that dims without flicker and
            remembers where you left it. USB-C, 9 W, CRI 97: kind to eyes and paper.
        """,
    ),
    Goods(
        name="Tide Hourglass: 25 Minutes",
        category="objects",
        prices=fixed(usd=3400, eur=3200, gbp=2800, brl=15900),
        stock=60,
        perks=(PARCEL,),
        description="""
            A pomodoro without a screen. Turn it, work until the sand is down, take a break. Mouth-blown glass, beech
            frame, black sand; 25 minutes, give or take ten seconds.
        """,
    ),
    Goods(
        name="Deep Work Desk Mat (wool felt)",
        category="objects",
        prices=fixed(usd=4200, eur=3900),
        stock=25,
        perks=(PARCEL,),
        description="""
            Four millimetres of merino felt under your hands. It takes the clatter out of typing and tells the desk
            where work begins. 80 × 35 cm, graphite or moss.
        """,
    ),
    Goods(
        name="Caderno Pontilhado A5",
        category="objects",
        prices=fixed(usd=1600, brl=6990),
        stock=120,
        perks=(Perk("Envio em até dois dias úteis, sem plástico"),),
        description="""
            Papel pólen de 90 g, 192 páginas pontilhadas, costura que abre plana. Capa de tecido em verde-musgo ou
            areia, com bolso e dois marcadores.
        """,
    ),
    Goods(
        name="Brass Pen, Engraved",
        category="objects",
        prices=fixed(usd=3900, eur=3600, gbp=3200),
        stock=3,
        asks_for="Engraving (up to 20 characters)",
        perks=(PARCEL,),
        description="""
            A solid brass ballpoint that grows darker with use: a gift for somebody who writes. We engrave a name or
            a short word by hand; allow one more working day. Takes any G2 refill.
        """,
    ),
)

MEMBERSHIPS = (
    Goods(
        name="Clareira Membership, Monthly",
        category="memberships",
        interval="month",
        trial_days=14,
        prices=fixed(usd=1200, eur=1100, gbp=950, brl=3990),
        perks=(
            Perk("Every course and template while you are a member"),
            Perk("Two live focus sessions a week"),
            Perk("Member call link", public=False, note="Join every Tuesday and Thursday at clareira.example/live."),
        ),
        description="""
            All our courses and templates, two live focus sessions a week and a circle of people who keep each other
            honest. Fourteen days free, cancel whenever you like.
        """,
    ),
    Goods(
        name="Clareira Membership, Yearly",
        category="memberships",
        interval="year",
        prices=fixed(usd=9900, eur=9200, gbp=8200, brl=34900),
        perks=(Perk("Every course and template while you are a member"), Perk("A candle of the season, posted to you")),
        description="""
            The membership for people who have decided: twelve months for the price of eight, and a candle of the
            season in your letter box. Renews once a year; we remind you two weeks before.
        """,
    ),
    Goods(
        name="Soundscapes+",
        category="memberships",
        interval="month",
        trial_days=7,
        prices=fixed(usd=500, eur=500, gbp=450, brl=1490, jpy=600),
        perks=(Perk("iOS, Android and web"),),
        description="""
            Rain on a tin roof, a night train, the café at the corner: forty recordings without music or voices, made
            for concentration and for sleep. Seven days free.
        """,
    ),
    Goods(
        name="Clareira for Teams",
        category="memberships",
        interval="month",
        prices=(
            {
                "amount_type": "seat_based",
                "price_currency": "usd",
                "seat_tiers": {
                    "seat_tier_type": "volume",
                    "tiers": [
                        {"min_seats": 1, "max_seats": 9, "price_per_seat": 900},
                        {"min_seats": 10, "max_seats": None, "price_per_seat": 700},
                    ],
                    "minimum_seats": 1,
                    "maximum_seats": None,
                },
            },
        ),
        perks=(Perk("Admin page to hand out and take back seats"), Perk("Invoice by e-mail every month")),
        description="""
            The membership for a whole team: shared quiet hours, no-meeting mornings and a monthly check-in. Priced
            per seat, cheaper from ten seats on; add or remove people at any time.
        """,
    ),
)

OFF_THE_SHELF = (
    Goods(
        name="Deep Focus: the 2023 Edition",
        category="courses",
        prices=fixed(usd=5900),
        is_archived=True,
        description="The first edition of our focus course. No longer sold; owners keep their access.",
    ),
    Goods(
        name="Friends & Family Box",
        category="objects",
        prices=fixed(usd=6900),
        is_private=True,
        stock=5,
        description="A candle, a notebook and an hourglass. Sold by personal link only.",
    ),
)
