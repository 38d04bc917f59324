"""What the core refuses, each error with what the caller needs to answer well."""


class ScanError(Exception):
    """Base of all that the core refuses."""


class InvalidField(ScanError):
    """A value that was given cannot be meant: names the field, what is wrong with it, and the cure."""

    def __init__(self, field: str, problem: str, cure: str = "") -> None:
        self.field, self.problem, self.cure = field, problem, cure
        super().__init__(f"{field}: {problem}. {cure}".strip())


class NoRoom(InvalidField):
    """More than this server takes at once; it may be taken later."""


class ScanNotFound(ScanError):
    """No scan has this id."""


class BatchNotFound(ScanError):
    """No batch has this id."""


class ChangedMeanwhile(ScanError):
    """Somebody changed what this change was based on."""


class TemplateNotFound(ScanError):
    """No template has this id."""


class NotAllowedNow(ScanError):
    """The scan is in a state in which this cannot be done; ``state`` says which."""

    def __init__(self, state: str, message: str) -> None:
        self.state = state
        super().__init__(message)
