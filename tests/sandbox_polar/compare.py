"""Where an answer of the stand-in differs from the recorded one, ids and generated texts apart."""

import re
from collections.abc import Iterator
from typing import Any

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
MOMENT = re.compile(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z$")
NEWER = frozenset(
    {"is_deletable", "api_version", "uses_standard_webhook_signature", "start_timestamp", "end_timestamp"}
)
"""Fields that the SDK of November knows and the recorded server of August did not."""
NEWER_EVENT = "'subscription.migrated', "
"""As it stands in the list of event types."""
GENERATED = frozenset(
    {
        "client_secret",
        "url",
        "secret",
        "token",
        "customer_session_token",
        "customer_portal_url",
        "invoice_number",
        "receipt_number",
        "publishable_key",
        "intent_client_secret",
        "response",
        "payload",
    }
)
"""Texts that are random, or hold something random."""
TIMES_THAT_COME_AND_GO = frozenset({"modified_at"})
"""Whether a row counts as modified depends on the real server's flushes, even within one request."""


class Ids:
    """Which id of the recording is which here. A contradiction is a difference."""

    def __init__(self) -> None:
        self.here: dict[str, str] = {}
        self._back: dict[str, str] = {}

    def learn(self, recorded: str, ours: str) -> bool:
        known, back = self.here.setdefault(recorded, ours), self._back.setdefault(ours, recorded)
        return known == ours and back == recorded

    def translate(self, text: str) -> str:
        return UUID.sub(lambda found: self.here.get(found[0], found[0]), text)


def differences(recorded: Any, ours: Any, ids: Ids, place: str = "$") -> Iterator[str]:
    """Readable differences; learns the ids on the way."""
    if isinstance(recorded, dict) and isinstance(ours, dict):
        yield from _of_maps(recorded, ours, ids, place)
    elif isinstance(recorded, list) and isinstance(ours, list):
        if len(recorded) != len(ours):
            yield f"{place}: {len(recorded)} items recorded, {len(ours)} here"
        for position, (left, right) in enumerate(zip(recorded, ours, strict=False)):
            yield from differences(left, right, ids, f"{place}[{position}]")
    elif isinstance(recorded, str) and isinstance(ours, str):
        yield from _of_texts(recorded, ours, ids, place)
    elif type(recorded) is not type(ours) or recorded != ours:
        key = place.rpartition(".")[2]
        if not (key in TIMES_THAT_COME_AND_GO and {type(recorded), type(ours)} <= {str, type(None)}):
            yield f"{place}: {recorded!r} recorded, {ours!r} here"


def _of_maps(recorded: dict[str, Any], ours: dict[str, Any], ids: Ids, place: str) -> Iterator[str]:
    named = {ids.here.get(key, key): key for key in recorded}
    for key, original in named.items():
        if key not in ours:
            if UUID.fullmatch(key) and len(recorded) == len(ours):
                # A map keyed by ids that are met here for the first time.
                other = list(ours)[list(recorded).index(original)]
                ids.learn(original, other)
                yield from differences(recorded[original], ours[other], ids, f"{place}.{original}")
            else:
                yield f"{place}.{key}: missing here"
            continue
        yield from differences(recorded[original], ours[key], ids, f"{place}.{key}")
    for key in ours:
        if key not in named and key not in NEWER and not UUID.fullmatch(key):
            yield f"{place}.{key}: not recorded"


def _of_texts(recorded: str, ours: str, ids: Ids, place: str) -> Iterator[str]:
    key = place.rpartition(".")[2]
    if UUID.fullmatch(recorded) and UUID.fullmatch(ours):
        if not ids.learn(recorded, ours):
            yield f"{place}: id {recorded} recorded, {ours} here, which stands for another"
        return
    if MOMENT.match(recorded):
        if not MOMENT.match(ours):
            yield f"{place}: a time was recorded, {ours!r} here"
        return
    if key in GENERATED or "PLACEHOLDER" in recorded or recorded.startswith("cus_"):
        if type(recorded) is not type(ours):
            yield f"{place}: {recorded!r} recorded, {ours!r} here"
        return
    if ids.translate(recorded) != ours.replace(NEWER_EVENT, ""):
        yield f"{place}: {recorded!r} recorded, {ours!r} here"


def shape_differences(recorded: Any, ours: Any, place: str = "$") -> Iterator[str]:
    """Fields and kinds of values only; a null here or there says nothing about the other side's kind."""
    if recorded is None or ours is None or place.endswith(("metadata", ".amounts")):
        return
    if isinstance(recorded, dict) and isinstance(ours, dict):
        kinds = ("type", "duration")
        if "duration" in recorded and any(recorded[kind] != ours.get(kind) for kind in kinds):
            return  # another kind of discount has other fields
        keyed = {key for key in (*recorded, *ours) if UUID.fullmatch(key)}
        for key in (recorded.keys() - ours.keys()) - keyed:
            yield f"{place}.{key}: missing here"
        for key in (ours.keys() - recorded.keys()) - keyed - NEWER:
            yield f"{place}.{key}: not recorded"
        for key in recorded.keys() & ours.keys():
            yield from shape_differences(recorded[key], ours[key], f"{place}.{key}")
        if keyed and place.endswith(".prices"):
            left, right = next(iter(recorded.values())), next(iter(ours.values()))
            yield from shape_differences(left, right, f"{place}.*")
    elif isinstance(recorded, list) and isinstance(ours, list):
        if recorded and ours:
            yield from shape_differences(recorded[0], ours[0], f"{place}[0]")
    elif type(recorded) is not type(ours) and {type(recorded), type(ours)} != {int, float}:
        yield f"{place}: {type(recorded).__name__} recorded, {type(ours).__name__} here"
