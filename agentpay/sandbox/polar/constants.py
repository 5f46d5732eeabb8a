"""Polar's closed lists and numbers: currencies, countries, event types, limits (contract §§ 1, 2.4, 6.2)."""

from typing import Final


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


CURRENCIES: Final = _words(
    "aed all amd aoa ars aud awg azn bam bbd bdt bif bmd bnd bob brl bsd bwp bzd cad cdf chf clp cny cop crc "
    "cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl htg huf idr ils inr isk "
    "jmd jpy kes kgs khr kmf krw kyd kzt lak lkr lrd lsl mad mdl mga mkd mnt mop mur mvr mwk mxn myr mzn nad "
    "ngn nio nok npr nzd pab pen pgk php pkr pln pyg qar ron rsd rwf sar sbd scr sek sgd shp sos srd szl thb "
    "tjs top try ttd twd tzs uah ugx usd uyu uzs vnd vuv wst xaf xcd xcg xof xpf yer zar zmw "
)
"""Presentment currencies, in the order in which Polar's messages list them."""

ZERO_DECIMAL: Final = frozenset(_words("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf"))

MINIMUM_CHARGE_DEFAULT: Final = 50
MINIMUM_CHARGE: Final[dict[str, int]] = {
    code: int(amount)
    for code, amount in (
        pair.split(":")
        for pair in _words(
            "aed:200 all:5000 amd:20000 aoa:50000 ars:75000 aud:70 awg:100 azn:100 bam:100 bbd:200 bdt:7000 bif:2000 "
            "bmd:100 bnd:100 bob:500 brl:250 bsd:100 bwp:1000 bzd:200 cad:70 cdf:200000 clp:500 cny:500 cop:200000 "
            "crc:30000 cve:5000 czk:1500 djf:100 dkk:320 dop:4000 dzd:7000 egp:3000 etb:8000 fjd:200 fkp:100 gbp:40 "
            "gel:200 gnf:5000 gip:100 gmd:4000 gtq:500 gyd:20000 hkd:400 hnl:2000 htg:7000 huf:17500 idr:900000 "
            "ils:150 inr:6000 isk:7000 jmd:8000 jpy:80 kes:7000 kgs:5000 khr:300000 kmf:500 krw:800 kyd:100 kzt:30000 "
            "lak:2000000 lkr:20000 lrd:10000 lsl:1000 mad:500 mdl:1000 mga:3000 mkd:5000 mnt:200000 mop:500 mur:5000 "
            "mvr:800 mxn:900 mwk:100000 myr:200 mzn:5000 nad:1000 ngn:70000 nio:2000 nok:500 npr:8000 nzd:90 pab:100 "
            "pen:200 pgk:300 php:3500 pkr:20000 pln:200 pyg:4000 qar:200 ron:250 rsd:6000 rwf:1000 sar:200 sbd:400 "
            "scr:800 sek:500 sgd:70 shp:100 sos:50000 srd:2000 szl:1000 thb:2000 tjs:500 top:200 try:3000 ttd:400 "
            "twd:2000 tzs:200000 uah:3000 ugx:200000 uyu:2000 uzs:700000 vnd:20000 vuv:100 wst:200 xaf:500 xcd:200 "
            "xcg:100 xof:500 xpf:100 yer:20000 zar:900 zmw:1000 "
        )
    )
}
"""Smallest chargeable amount in minor units, where it is not the default."""

AMOUNT_MAX: Final = 99_999_999

COUNTRIES: Final = _words(
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW "
    "BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ "
    "FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO "
    "IQ IS IT JE JM JO JP KE KG KH KI KM KN KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH "
    "MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK "
    "PL PM PN PR PS PT PW PY QA RE RO RS RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SZ TC TD "
    "TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW "
)

EVENT_TYPES: Final = _words(
    "checkout.created checkout.updated checkout.expired customer.created customer.updated customer.deleted "
    "customer.state_changed customer_seat.assigned customer_seat.claimed customer_seat.revoked member.created "
    "member.updated member.deleted order.created order.updated order.paid order.refunded subscription.created "
    "subscription.updated subscription.active subscription.canceled subscription.uncanceled "
    "subscription.cycled subscription.revoked subscription.past_due subscription.paused subscription.resumed "
    "subscription.migrated refund.created refund.updated product.created product.updated discount.created "
    "discount.updated discount.deleted benefit.created benefit.updated benefit_grant.created "
    "benefit_grant.cycled benefit_grant.updated benefit_grant.revoked organization.updated "
)

# Standard rates in basis points: the recorded server's tax back end knew these; anywhere else there is no tax.
TAX_BASIS_POINTS: Final[dict[str, int]] = {
    "AT": 2000, "AU": 1000, "BE": 2100, "BG": 2000, "CH": 810, "CY": 1900, "CZ": 2100, "DE": 1900, "DK": 2500,
    "EE": 2400, "ES": 2100, "FI": 2550, "FR": 2000, "GB": 2000, "GR": 2400, "HR": 2500, "HU": 2700, "IE": 2300,
    "IN": 1800, "IT": 2200, "JP": 1000, "LT": 2100, "LU": 1700, "LV": 2100, "MT": 1800, "NL": 2100, "NO": 2500,
    "NZ": 1500, "PL": 2300, "PT": 2300, "RO": 2100, "SE": 2500, "SI": 2200, "SK": 2300,
}  # fmt: skip
EXCLUSIVE_COUNTRIES: Final = frozenset({"US", "CA", "IN"})
"""Where `location` tax behaviour adds tax on top; everywhere else the price includes it."""

STATES_REQUIRED: Final = frozenset({"US", "CA"})

VERSIONS: Final = ("2026-04", "2026-10", "2027-01")

BODY_BYTES_MAX: Final = 10 * 1024 * 1024
PAGE_ITEMS_DEFAULT: Final = 10
PAGE_ITEMS_MAX: Final = 100
CHECKOUT_HOURS: Final = 24
EXPIRY_JOB_SECONDS: Final = 15 * 60
CUSTOMER_SESSION_SECONDS: Final = 3600
WEBHOOK_ATTEMPTS_MAX: Final = 10
WEBHOOK_TIMEOUT_SECONDS: Final = 10.0
WEBHOOK_BACKOFF_SECONDS: Final = 2.0
WEBHOOK_BACKOFF_SECONDS_MAX: Final = 20 * 60.0
WEBHOOK_FAILURES_UNTIL_DISABLED: Final = 10
WEBHOOK_RESPONSE_CHARACTERS_MAX: Final = 2048
"""Contract § 6.5."""
