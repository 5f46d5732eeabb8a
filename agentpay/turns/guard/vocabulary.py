"""Words by which amounts are told from counts, English and Portuguese, folded. Tables only."""

from typing import Final


def _set(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


NUMBER_WORDS: Final = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40,
    "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "ninty": 90,
    "um": 1, "uma": 1, "dois": 2, "duas": 2, "tres": 3, "quatro": 4, "cinco": 5, "seis": 6, "sete": 7, "oito": 8,
    "nove": 9, "dez": 10, "onze": 11, "doze": 12, "treze": 13, "quatorze": 14, "catorze": 14, "quinze": 15,
    "dezesseis": 16, "dezasseis": 16, "dezessete": 17, "dezassete": 17, "dezoito": 18, "dezenove": 19,
    "dezanove": 19, "vinte": 20, "trinta": 30, "quarenta": 40, "cinquenta": 50, "cincoenta": 50, "sessenta": 60,
    "setenta": 70, "oitenta": 80, "noventa": 90, "cem": 100, "cento": 100, "duzentos": 200, "duzentas": 200,
    "trezentos": 300, "trezentas": 300, "quatrocentos": 400, "quatrocentas": 400, "quinhentos": 500,
    "quinhentas": 500, "seiscentos": 600, "seiscentas": 600, "setecentos": 700, "setecentas": 700,
    "oitocentos": 800, "oitocentas": 800, "novecentos": 900, "novecentas": 900,
}  # fmt: skip
MULTIPLIERS: Final = {
    "dozen": 12, "duzia": 12, "hundred": 100, "hundreds": 100, "thousand": 1_000, "grand": 1_000, "mil": 1_000,
    "k": 1_000, "million": 1_000_000, "milhao": 1_000_000, "milhoes": 1_000_000,
}  # fmt: skip

DOLLARS: Final = _set("usd cad aud nzd sgd hkd mxn clp cop ars uyu twd")
_CENTS: Final = DOLLARS | _set("eur gbp brl zar inr")
CURRENCY_SIGNS: Final[dict[str, frozenset[str]]] = {
    "$": DOLLARS, "us$": _set("usd"), "u$": _set("usd"), "usd$": _set("usd"), "r$": _set("brl"), "ca$": _set("cad"),
    "c$": _set("cad"), "a$": _set("aud"), "au$": _set("aud"), "nz$": _set("nzd"), "mx$": _set("mxn"),
    "s$": _set("sgd"), "hk$": _set("hkd"), "€": _set("eur"), "£": _set("gbp"), "¥": _set("jpy cny"),
    "cn¥": _set("cny"), "₹": _set("inr"), "₩": _set("krw"), "₪": _set("ils"), "₫": _set("vnd"), "₽": _set("rub"),
    "元": _set("cny"), "円": _set("jpy"), "₺": _set("try"), "₴": _set("uah"), "₱": _set("php"), "฿": _set("thb"),
}  # fmt: skip
CURRENCY_WORDS: Final[dict[str, frozenset[str]]] = {
    **dict.fromkeys(
        _set("dollar dollars dolar dolares buck bucks dols doletas smackers smackeroos clams greenbacks"), DOLLARS
    ),
    **dict.fromkeys(
        _set("real reais reaiss realzinho reaizinhos conto contos pila pilas pau paus mangos pratas"), _set("brl")
    ),
    **dict.fromkeys(_set("euro euros"), _set("eur")),
    **dict.fromkeys(_set("pound pounds quid libra libras sterling"), _set("gbp")),
    **dict.fromkeys(_set("yen yens iene ienes"), _set("jpy")),
    **dict.fromkeys(_set("yuan yuans renminbi rmb"), _set("cny")),
    **dict.fromkeys(_set("peso pesos"), _set("mxn clp cop ars uyu php")),
    **dict.fromkeys(_set("rupee rupees rupia rupias"), _set("inr")),
    **dict.fromkeys(_set("franc francs franco francos"), _set("chf xof xaf")),
    **dict.fromkeys(_set("krona kronor krone kroner"), _set("sek nok dkk")),
    **dict.fromkeys(_set("zloty zlotys"), _set("pln")),
    **dict.fromkeys(_set("rand rands"), _set("zar")),
    **dict.fromkeys(_set("rs"), _set("brl inr")),
    **{
        code: _set(code)
        for code in _set(
            "usd eur gbp brl cad aud nzd mxn jpy inr krw cny ils vnd chf sek nok dkk pln aed myr sgd hkd ars clp cop"
            " uyu zar czk huf twd thb idr php bgn ron rub uah btc eth usdt usdc"
        )
    },
}
CENT_WORDS: Final[dict[str, frozenset[str]]] = {
    **dict.fromkeys(_set("cent cents centavo centavos centimo centimos"), _CENTS),
    **dict.fromkeys(_set("penny pennies pence"), _CENTS),
}
AMBIGUOUS_CURRENCY_WORDS: Final = _set("real pound pounds peso mangos pau paus conto contos libra libras franco")
"""Also other things: money only behind a number, and never before `of` or `de`."""

PERCENT_WORDS: Final = _set("percent percents percentage pct porcento percentual")

# Words that may stand between the parts of one amount or range.
JOINERS: Final = _set(
    "and e to a an or ou ate till until minus less menos plus mais for por of de com point ponto virgula per x the"
    " every ao"
)
RANGES: Final = _set("and e to a or ou ate till until minus less menos plus mais - / ~ + com")
PAIRING: Final = _set("and e com , point ponto virgula")

# A number right behind one of these, but for fillers, is a price.
PRICE_WORDS: Final = _set(
    """
    price prices priced cost costs costing pay pays paying charge charges charging fee discount discounted discounts
    budget worth total totals amount deal offer offering preco precos custa custam custo custar custando pagar paga
    pague pago cobro cobrar cobramos cobra valor valores desconto descontos sai saem saindo faco fazemos deixo
    deixamos fecho fechamos fechar fechado fechamento consigo conseguimos ofereco oferecemos oferta abatimento baixo
    baixar baixamos abaixo reduzo reduzir reduzimos desco descer vendo vendemos barato barata cheaper cheap lower
    lowered reduce reduced drop dropped knock cut slash sell selling save saving savings economiza economizar
    economia poupa economize rebate refund refunded reembolso markdown promo promocao liquidacao parcela parcelas
    prestacao installment installments quote quoted settle markdown off subtotal orcamento cash dinheiro grana
    money tiro tirar tira tiramos
    """
)
# The same, but many other things follow them too: only directly, and not small numbers.
DIRECT_WORDS: Final = _set(
    """
    do for at por say says make makes call accept take give go meet get gets about tal digamos aceito aceitamos chego
    chegamos chegar vai fica ficam fica leva leve vezes bring down faz faria fariamos posso dou damos negocio x pra
    from de agree agreed done yours topo toparia word palavra now agora ser sao seriam only just so apenas
    somente acordo combinado
    """
)
FILLERS: Final = _set(
    """
    is are was be being been would will can could it its it's that's them this that these those to for at of on in by
    you your me us we i i'm only just about around approximately roughly like as low even less than more nearly exactly
    final just the a an o os e por pra para de do da em no na ate a ao so apenas somente cerca quase uns umas
    mere mais
    menos voce te lhe isso ele ela tudo agora now down up from say maybe perhaps , : ; - ( " ' = ~ | ser seria sera fica
    special especial new novo
    """
)
# Behind a bare number these do not say what is counted.
TAILS: Final = _set(
    """
    and or but if then than so for with to in on is it its it's i'm instead total each flat even only now today tonight
    tops max all cash final plus per a an as because since when while which right even works work would will sounds
    seems apiece everything everyone you me us we i please ok okay deal altogether including included plus shipping
    firm straight net minimum maximum just this that the from off below less by at was are be do does
    e ou mas se a o ao no na em para pra pro com por cada total hoje agora so apenas somente fechado final pronto tudo
    que eh ta vale serve fica cabe dava funciona esta e voce te lhe ja aqui ai entao pelo pela nesse neste nisso redondo
    redondos certinho certo avista vista incluindo incluso frete menos mais de
    inclusive straight round approx approximately roughly again already overall upfront here there tomorrow later
    guaranteed my your our he she they not no yes can could should must might may has have had did let let's what how
    who where why very too also still never ever always after before until during under over between above about
    without within meu minha nosso nossa seu sua nao sim posso pode vai foi era ser sao depois antes ate sem sob sobre
    entre ainda tambem sempre nunca aproximadamente amanha mesmo
    """
)
OFF_WORDS: Final = _set(
    "off discount desconto cheaper lower under below back cashback less abatimento barato barata"
    " reduction markdown rebate"
)
INTERVALS: Final = _set(
    "day week month year hour night mo mth yr wk dia semana mes ano hora noite unit unidade piece item peca seat"
    " user usuario person pessoa assento mensal mensais monthly yearly anual"
)
EACH_WORDS: Final = _set("each apiece cada monthly yearly weekly mensais mensal anual anuais")

# Before a number these name it: an order, a step, a size.
NAMED_BEFORE: Final = _set(
    """
    order orders pedido pedidos step passo steps version versao v page pagina chapter capitulo level nivel number
    numero no n nº n° # quantity quantidade qty stock estoque weight score nota duration count size sizes
    tamanho tamanhos room sala since desde top day dia days week semana model
    modelo type tipo part
    parte option opcao line linha article artigo section secao question pergunta route gate windows android
    macos iphone ios
    python rule regra season temporada episode edition edicao volume vol invoice fatura fiscal ticket protocolo phone
    telefone whatsapp cep zip rua street avenida lot lote class classe grade year ano anos january february march
    april may june july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec
    lesson aula module modulo unit chapter
    mon tue wed thu fri sat sun monday tuesday wednesday thursday friday saturday sunday seg ter qua qui sex sab dom
    segunda terca quarta quinta sexta sabado domingo
    """
)
MONTHS: Final = _set(
    """
    january february march april may june july august september october november december jan feb mar apr jun jul aug
    sep sept oct nov dec janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro
    """
)
COUNT_NOUNS: Final = _set(
    """
    day days dia dias week weeks semana semanas month months mes meses year years ano anos hour hours hora horas minute
    minutes min minuto minutos second seconds segundo segundos people person persons pessoa pessoas user users usuario
    usuarios seat seats assento assentos item items itens piece pieces peca pecas unit units unidade unidades candle
    candles vela velas product products produto produtos option options opcao opcoes time times vez vezes star stars
    estrela estrelas kg g gram grams grama gramas ml l litro litros liter liters cm mm m
    meter meters metro metros inch inches oz lb lbs gb mb tb page pages pagina paginas lesson lessons aula aulas
    customer customers cliente clientes order orders pedido pedidos business working uteis question questions
    """
)
# Shares of a thing that are no discount.
SUBSTANCES: Final = _set(
    """
    cotton algodao linen linho wool la silk seda soy soja wax cera cocoa cacau natural naturais organic organico
    organica organicos recycled reciclado reciclada reciclados vegan vegano vegana alcohol alcool pure puro pura
    secure seguro segura sure online digital digitais handmade artesanal free polyester poliester elastane leather
    couro juice suco milk leite water agua beeswax abelha biodegradable biodegradavel compostable plastic plastico
    paper papel wood madeira bamboo bambu satisfied satisfaction satisfacao satisfeito original originais brazilian
    brasileiro brasileira arabica certo certeza compatible compativel guaranteed garantido transparent true
    elastane elastano elastan arabica robusta poliamida nylon viscose viscosa
    acrylic acrilico spandex mohair cashmere caxemira hemp canhamo butter manteiga sugar acucar fat gordura protein
    proteina
    """
)
SUBSTANCE_BEFORE: Final = _set(
    "blend contains contain contem composto composta composition composicao fabric tecido battery bateria humidity"
    " umidade blocks bloqueia absorbs absorve brightness brilho volume zoom capacity capacidade concentration"
    " concentracao dilution diluicao carrega"
)

FREE_WORDS: Final = _set(
    "free gratis gratuito gratuita gratuitos gratuitas gratuitamente freebie free-of-charge zero-cost"
    " cortesia bogo waive waived waiving"
    " complimentary"
)
FREE_AFTER: Final = {
    "graca": _set("de"),
    "charge": _set("no without zero"),
    "charges": _set("no without zero"),
    "cost": _set("no without zero"),
    "custo": _set("sem nenhum"),
    "custos": _set("sem"),
    "cobranca": _set("sem"),
    "nothing": _set("cost costs pay pays paying charge owe"),
    "nada": _set("custa custam paga pagar paga pagara cobro cobra cobrar cobramos"),
    "house": _set("the"),
    "casa": _set("da"),
    "conta": _set("nossa"),
    "us": _set("on"),
    "treat": _set("our"),
    "pay": _set("to"),
    "pagar": _set("a"),
    "anything": _set("you"),
    "brinde": _set("de"),
    "zero": _set("custo preco"),
}
"""Words that claim a price of nothing right behind one of the others."""

FREE_IDIOMS: Final = {
    "house": ("on the",),
    "casa": ("conta da",),
    "conta": ("por nossa",),
    "us": ("is on", "it's on", "that's on"),
    "treat": ("it's our", "is our"),
    "pay": ("nothing to",),
    "pagar": ("nada a",),
    "anything": ("cost you", "pay us", "charge you"),
}
"""The two words that must stand before it."""


NOT_FREE_BEFORE: Final = _set(
    "feel sugar gluten scent fragrance stress cruelty hands risk worry lactose dairy toll duty pain lead alcohol set"
    " you're i'm we're break livre paraben smoke nut gmo chemical"
)
NOT_FREE_AFTER: Final = _set(
    "to from up time space spirit range yourself your yourselves will speech of hand hands moment slot tomorrow tonight"
    " agency"
)
FREE_PERSONS: Final = frozenset({"are you", "you are", "i am", "we are", "were you", "am i", "is she", "is he"})
"""Right before `free` they speak of time."""
NEGATIONS: Final = _set(
    "no not isn't aren't without never don't doesn't can't cannot won't nao sem nem nunca nenhum neither nor"
)

NO_NEGATIONS: Final = _set(
    "only miss worry worries forget hesitate problem perca preocupe esqueca problema apenas somente so doubt duvida"
)
"""With these a `not` denies nothing: `don't miss our free shipping`."""

SHARES: Final = {
    "half": 5_000, "metade": 5_000, "meio": 5_000, "third": 3_333, "terco": 3_333, "thirds": 6_667, "tercos": 6_667,
    "quarter": 2_500, "quarto": 2_500, "quarters": 7_500, "fifth": 2_000, "quinto": 2_000,
}  # fmt: skip
SHARE_WORDS: Final = {"half-price": 5_000, "half-off": 5_000, "half-priced": 5_000}
SHARE_WITHOUT_OF: Final = _set("meio quarto")
SHARE_FILLERS: Final = _set(
    "of the its our original usual regular list full normal what it that you you'd would we i'd do da de o a seu nosso"
    " sua nossa este deste desse all everything your this"
)
SHARE_ENDS: Final = _set(
    "price prices off cost costs value preco precos valor custo pay pays paid pague paga pagar custa desconto discount"
    " charge less cheaper retail"
)
SHARE_BEFORE: Final = _set("for at by pela pelo por off in")

CODE_CUES: Final = _set(
    "code codes coupon coupons cupom cupons codigo codigos voucher vouchers promocode code's coupon's"
)
CODE_VERBS: Final = _set("use enter apply type try with using usa usar digite insira aplique aplicar redeem")
CODE_FILLERS: Final = _set("is the this our called named e o a nosso : , - use with de promo discount desconto = um")
NOT_CODES: Final = _set(
    "pix usd brl eur gbp cep cpf cnpj id qr pin sms html faq ok vip cvv iban swift zip url api otp ean sku isbn below"
    " and the for is it on in you your we our if or not para que com de do da o a nao"
)
OTHER_CODES: Final = _set(
    "qr source zip country area bar postal tracking error erro colour color cor hex dress morse barras postal rastreio"
)
CODE_STEMS: Final = (
    "save", "off", "promo", "desc", "welcome", "vip", "free", "deal", "sale", "cupom", "coupon", "bemvindo", "black",
    "desconto", "discount", "offer", "oferta", "special", "volta", "primeira", "first", "frete", "ship", "gift",
)  # fmt: skip
PRICE_NOUNS_BEFORE: Final = _set(
    "price prices cost costs costing custa custam preco precos pay paying pagar paga pague charge charges discount"
    " desconto worth discounted reduced"
)
PRICE_WORDS_ANYWHERE: Final = _set(
    """
    price prices cost costs pay paying charge discount preco precos custa custam pagar pague desconto faco deixo fecho
    cobro cobramos knock cheaper drop lower reduce reduzo baixo abatimento save economiza economize
    """
)

INSTRUCTING: Final = _set(
    "never always must don't not only nunca sempre nao somente apenas deve responda answer you're secret confidential"
    " confidencial"
)
"""Words that mark a run of the prompt as an instruction."""

PAYING: Final = _set("pay pays paying pague paga pagar")
COINS: Final = _set("dollar buck euro cent penny dolar centavo quid")
COUNTED_BEFORE: Final = _set(
    """
    are were count have has had tem temos tenho ha restam sobram faltam there left remaining over under above since
    until till from between ages age das ate desde maximum max minimum limit us acima
    """
)
"""Right before a number that stands without a noun they say that something is counted."""

_TENS: Final = _set("trinta quarenta cinquenta sessenta setenta oitenta noventa")
NUMBER_WORDS.update({f"{tens[:-1]}inha": NUMBER_WORDS[tens] for tens in _TENS})
NUMBER_WORDS.update({f"{tens[:-1]}ao": NUMBER_WORDS[tens] for tens in _TENS})
NUMBER_WORDS.update({"vintinho": 20, "vintao": 20, "cenzinho": 100, "cenzao": 100})

NUMBER_SUFFIXES: Final = _set("ish tao zinho inho p")
GROUPS: Final = _set(
    "pack packs team set sets box boxes group groups bag bags bundle bundles caixa caixas pacote pacotes equipe grupo"
    " kit kits maiores menores maior menor jogo jogos"
)
"""`packs of 24`, `maiores de 18`."""
STREETS: Final = _set("rua avenida av street road address endereco square praca alameda")
