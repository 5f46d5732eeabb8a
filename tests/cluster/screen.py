"""What a visitor sees: a widget's reading of the stream, which notices whatever the contract forbids (API § 7)."""

from typing import Any

from agentpay.conversations.cursor import parse
from tests.cast import Event

AI = "agent"


class Broken(AssertionError):
    """The stream said what it must not say."""


class Screen:
    """Messages by id as they stand on the screen, fed event by event, over any number of connections.

    Raises Broken when a position does not grow, words come for nobody, the whole message is not what its words built,
    a message or a turn ends twice, or the AI speaks while a person has the conversation.
    """

    def __init__(self, last_event_id: str) -> None:
        self.last_event_id = last_event_id
        self.drafts: dict[str, str] = {}
        self.messages: dict[str, dict[str, Any]] = {}
        self.turns: dict[str, str] = {}
        """How each turn ended."""
        self.restarts = 0
        self.is_taken = False
        self.words_seen = 0
        self._away: set[str] = set()
        """Drafts that may have ended while nobody listened: their whole message comes instead of the missing words."""

    @property
    def replies(self) -> list[dict[str, Any]]:
        """The AI's completed replies, oldest first."""
        return [message for message in self.messages.values() if message["role"] == AI]

    def show(self, event: Event) -> None:
        if event.id is not None:
            here, before = parse(event.id), parse(self.last_event_id)
            if here is None or (before is not None and here < before):
                raise Broken(f"{event.name} at {event.id} came behind {self.last_event_id}")
            self.last_event_id = event.id
        read = getattr(self, "_" + event.name.replace(".", "_"), None)
        if read is not None:
            read(event.data)

    def _turn_started(self, data: dict[str, Any]) -> None:
        self._silent(data)
        self.restarts += data["message_id"] in self.drafts
        self.drafts[data["message_id"]] = ""
        self._away.discard(data["message_id"])

    def _message_delta(self, data: dict[str, Any]) -> None:
        self._silent(data)
        if data["message_id"] not in self.drafts:
            raise Broken(f"words for a message that never began: {data}")
        self.drafts[data["message_id"]] += data["text"]
        self._away.discard(data["message_id"])
        self.words_seen += 1

    def _message_created(self, data: dict[str, Any]) -> None:
        self._keep(data)

    def _message_completed(self, data: dict[str, Any]) -> None:
        self._silent(data)
        seen = self.drafts.pop(data["id"], None)
        if seen is not None and data["id"] not in self._away and seen != data["content"]:
            raise Broken(f"shown {seen!r}, stored {data['content']!r}")
        self._keep(data)

    def _turn_completed(self, data: dict[str, Any]) -> None:
        if data["turn_id"] in self.turns:
            raise Broken(f"the turn ended twice: {data}")
        self.turns[data["turn_id"]] = data["status"]

    def _conversation_updated(self, data: dict[str, Any]) -> None:
        self.is_taken = data["handoff"]["state"] == "taken"

    def _keep(self, message: dict[str, Any]) -> None:
        if message["id"] in self.messages:
            raise Broken(f"the message came twice: {message['content']!r}")
        self.messages[message["id"]] = message

    def _silent(self, data: dict[str, Any]) -> None:
        if self.is_taken:
            raise Broken(f"the AI spoke after a person's take: {data}")

    def came_back(self) -> None:
        """The reader was away for a moment."""
        self._away.update(self.drafts)
