"""Courses, templates and e-books. Names keep to Polar's 64 characters."""

from agentpay.sandbox.demo.shapes import Goods, Perk, fixed, pay_what_you_want

LIFETIME = Perk("Lifetime access, updates included")
COMMUNITY = Perk("A seat in the private study group")
DOWNLOAD = Perk("Instant download after payment")
CERTIFICATE = Perk("Certificate of completion")

COURSES = (
    Goods(
        name="Deep Focus: the 6-Week Course",
        category="courses",
        prices=fixed(usd=9500, eur=8900, gbp=7900, brl=39900),
        perks=(
            LIFETIME,
            COMMUNITY,
            CERTIFICATE,
            Perk("Course access code", public=False, note="Your access code is CLAREIRA-FOCUS-6W."),
        ),
        description="""
            Get two uninterrupted hours back, every working day. Six weeks, one small change a week: a start ritual,
            a phone that stays silent, meetings that end, and a plan for the days that fall apart anyway.

            - 24 short lessons (4 to 9 minutes) and six worksheets
            - Built for people with inboxes, children and open-plan offices
            - English audio, subtitles in Portuguese and Spanish

            Best for: anyone who wants deep focus to become a habit instead of a lucky afternoon.
        """,
    ),
    Goods(
        name="Foco Profundo: o curso de 6 semanas",
        category="courses",
        prices=fixed(usd=7900, eur=7400, brl=29900),
        perks=(Perk("Acesso vitalício, com atualizações"), Perk("Grupo de estudos em português")),
        description="""
            Recupere duas horas sem interrupção por dia. Um pequeno passo por semana: ritual de início, celular em
            silêncio, reuniões com hora para acabar e um plano para os dias em que nada dá certo.

            - 24 aulas curtas (4 a 9 minutos) e seis exercícios
            - Áudio e material em português do Brasil
            - Certificado de conclusão

            Ideal para quem quer foco e concentração como hábito, não como sorte.
        """,
    ),
    Goods(
        name="Calm Inbox Workshop",
        category="courses",
        prices=fixed(usd=3900, eur=3600, gbp=3200, brl=14900),
        perks=(LIFETIME,),
        description="""
            A 90-minute recorded workshop that takes your inbox from 4,000 unread to quiet, and keeps it there with
            ten minutes a day. Works with Gmail, Outlook and Apple Mail.

            - The four-folder method, step by step
            - Filters and canned answers to copy
            - Follow-along exercises with your own e-mail
        """,
    ),
    Goods(
        name="Escrever Todo Dia: oficina de escrita",
        category="courses",
        prices=fixed(usd=4900, brl=18900),
        perks=(Perk("Devolutiva por escrito de um texto seu"),),
        description="""
            Uma oficina gentil para quem quer escrever um pouco todos os dias: diário, artigo ou romance.
            Vinte e um exercícios de quinze minutos, sem página em branco e sem culpa.

            - Aulas em vídeo, em português
            - Cronograma de três semanas
            - Uma devolutiva individual da editora Inês Araújo
        """,
    ),
)

TEMPLATES = (
    Goods(
        name="Clear Year: Notion Planner",
        category="templates",
        prices=fixed(usd=2900, eur=2700, gbp=2300, brl=9900),
        perks=(DOWNLOAD, LIFETIME),
        description="""
            One planner for the year, the week and the next two hours. Set three goals, see them on every page and
            stop moving tasks from list to list.

            - Yearly, weekly and daily views that talk to each other
            - Focus timer and energy log
            - Works with a free Notion account
        """,
    ),
    Goods(
        name="Freelance OS: Notion Template Bundle",
        category="templates",
        prices=fixed(usd=4900, eur=4500, brl=17900),
        perks=(DOWNLOAD, Perk("12 months of e-mail support")),
        description="""
            Clients, quotes, invoices and time in one calm place. Made by a freelancer who was tired of six tools.

            - Client tracker, proposal and contract templates
            - Invoice list with tax set aside for you
            - A five-minute weekly review
        """,
    ),
    Goods(
        name="Obsidian Starter Vault",
        category="templates",
        prices=fixed(usd=1900, eur=1800, jpy=2800),
        perks=(DOWNLOAD,),
        description="""
            A ready-made vault for your notes: folders that make sense, twelve templates and a short guide, so that
            you write on the first evening instead of comparing plug-ins. Local files, no subscription.
        """,
    ),
    Goods(
        name="Weekly Review Cards (printable PDF)",
        category="templates",
        prices=fixed(usd=900, eur=850, gbp=750, brl=3490),
        perks=(DOWNLOAD,),
        description="""
            Twelve questions on twelve cards. Print them, shuffle them, and close your week in twenty minutes with a
            cup of tea. A4 and US Letter, in English and Portuguese.
        """,
    ),
)

BOOKS = (
    Goods(
        name="The Quiet Desk (e-book)",
        category="books",
        prices=fixed(usd=1400, eur=1300, gbp=1100, brl=4990, jpy=1900),
        perks=(DOWNLOAD,),
        description="""
            A short book about where you work: light, sound, what is within reach and what should not be. 120 pages,
            40 drawings, and a checklist to set up a desk for concentration in one afternoon. EPUB, PDF and Kindle.
        """,
    ),
    Goods(
        name="Respira: guia de pausas curtas (e-book)",
        category="books",
        prices=fixed(usd=900, brl=2990),
        perks=(Perk("Download imediato após o pagamento"),),
        description="""
            Trinta pausas de um a cinco minutos para fazer na cadeira, na cozinha ou na fila do café.
            Respiração, alongamento e atenção, com ilustrações da Júlia Conceição. EPUB e PDF, 64 páginas.
        """,
    ),
    Goods(
        name="Attention, Please: Essays (pay what you want)",
        category="books",
        prices=pay_what_you_want(minimum=300, preset=1200),
        perks=(DOWNLOAD,),
        description="""
            Nine essays on attention, boredom and good company. Pay what you want, from three dollars; most readers
            choose twelve. Everything goes to the writers.
        """,
    ),
    Goods(
        name="Seven Calm Mornings (free)",
        category="books",
        prices=fixed(usd=0),
        perks=(Perk("Seven short e-mails and a printable tracker"),),
        description="""
            A free first step: seven mornings, seven small experiments, ten minutes each. At the end you will know
            which single habit helps you most, and you may keep the tracker.
        """,
    ),
)
