"""May this caller make this call? Pure: API § 2 as one table."""

from typing import Literal, get_args
from uuid import UUID

import msgspec

from agentpay.callers.credentials import Credential
from agentpay.kit import errors
from agentpay.kit.caller import Caller, Member, Merchant, Operator, Page, Visitor

Requirement = Literal["operator", "steward", "merchant", "page", "starter", "member"]
REQUIREMENTS: tuple[Requirement, ...] = get_args(Requirement)

ADMITTED: dict[Requirement, tuple[type[Caller], ...]] = {
    "operator": (Operator,),
    "steward": (Operator, Merchant),
    "merchant": (Merchant,),
    "page": (Page,),
    "starter": (Page, Merchant),
    "member": (Visitor, Merchant),
}
WORDS: dict[type[Caller], str] = {
    Operator: "an admin key",
    Merchant: "a secret key",
    Page: "a publishable key",
    Visitor: "a conversation token",
}


def admit(
    requirement: Requirement, credential: Credential | None, *, origin: str | None, conversation_id: UUID | None
) -> Caller | Member:
    """Whom the handler meets, or why not.

    1. No credential, or one that is unknown, expired or revoked: `Unauthorized`.
    2. The Origin must suit the credential: `NotAllowed`.
    3. The kind of credential must suit the call: `NotAllowed`.
    4. A token opens its own conversation; another is `NotFound`.

    A merchant's `Member` is not yet checked against the conversation: that takes a query.
    """
    if credential is None:
        raise errors.Unauthorized()
    caller = at_origin(credential, origin)
    if not isinstance(caller, ADMITTED[requirement]):
        needed = " or ".join(WORDS[kind] for kind in ADMITTED[requirement])
        raise errors.NotAllowed(f"This call needs {needed}.")
    if requirement != "member":
        return caller
    assert isinstance(caller, Visitor | Merchant)
    if conversation_id is None or (isinstance(caller, Visitor) and caller.conversation_id != conversation_id):
        raise errors.NotFound()
    is_staff = isinstance(caller, Merchant)
    return Member(caller.organization_id, conversation_id, is_staff=is_staff, caller=caller)


def at_origin(credential: Credential, origin: str | None) -> Caller:
    """The caller with the Origin it calls from. Raises `NotAllowed` where API § 2 forbids it there."""
    caller = credential.caller
    if isinstance(caller, Operator | Merchant):
        if origin is not None:
            raise errors.NotAllowed("Secret and admin keys are for servers: a call with an Origin is refused.")
        return caller
    if origin is None and isinstance(caller, Visitor):
        return caller
    if origin is None or origin not in (credential.allowed_origins or ()):
        raise errors.NotAllowed("This Origin is not among the organization's allowed_origins.")
    return msgspec.structs.replace(caller, origin=origin)
