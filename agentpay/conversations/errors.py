"""What a conversation refuses (API § 9)."""

from agentpay.kit.errors import Conflict


class ConversationClosed(Conflict):
    """The conversation is over: it can be read, exported and erased; start another."""

    def __init__(self) -> None:
        super().__init__("This conversation is closed. Start a new one.")


class ConversationFull(Conflict):
    """The visitor has written as many messages as one conversation holds."""

    def __init__(self, messages_max: int) -> None:
        super().__init__(f"A conversation holds at most {messages_max} visitor messages. Start a new one.")


class HandoffTaken(Conflict):
    """Somebody else of the staff has taken this conversation."""

    def __init__(self) -> None:
        super().__init__("This conversation has been taken already.")


class IdentityMismatch(Conflict):
    """The conversation belongs to another proven customer."""

    def __init__(self) -> None:
        super().__init__("This conversation belongs to another customer.")
