"""How a job says that it is not done."""


class Later(Exception):
    """Run me again in `seconds`. Not a failure: it does not count as a try."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"again in {seconds:g} s")
        self.seconds = seconds


class GiveUp(Exception):
    """No further try can help: dead at once. The message is stored for the operator; no secrets."""


class ArgumentsTooLarge(Exception):
    """Arguments are ids, not contents: store what a job needs in a table and name it. A bug of who enqueues."""
