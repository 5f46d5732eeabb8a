"""Values that hold a secret in clear, for as long as a request takes, and must not tell it to a log or a trace."""


class Quiet:
    """Put it before `msgspec.Struct`: the repr is the bare name of the class."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"
