"""`ServiceError`: the service refused to begin an import or to return its contacts."""

from typing import TYPE_CHECKING, Literal, final

from .errors import SpongewatchError

if TYPE_CHECKING:
    from .contact import Contact

Reason = Literal["credentials", "request", "not-ready", "gone", "unavailable"]


@final
class ServiceError(SpongewatchError):
    """The service refused a request of step 1 or 3, or could not be reached.

    Attributes:
        reason: `credentials`: the domain key and password were refused. `request`: the service can't fulfil this
            request, so a repetition will fail too. `not-ready`: the contacts are not there yet. `gone`: the contacts
            have been deleted. `unavailable`: the service is overloaded, out of order, or could not be reached.
        message: The cause and what to do next, for people.
        status: The HTTP status, or None if there was no response.
        code: The service's own error code, or None.
        contacts: The contacts that were downloaded before the error.

    >>> error = ServiceError("gone", "the contacts of import 1126 have been deleted; begin a new import", 410)
    >>> print(error)
    the contacts of import 1126 have been deleted; begin a new import (status 410)
    """

    def __init__(self, reason: Reason, message: str, status: int | None = None, code: int | None = None) -> None:
        super().__init__(reason, message, status, code)
        self.reason: Reason = reason
        self.message = message
        self.status = status
        self.code = code
        self.contacts: tuple[Contact, ...] = ()

    def __str__(self) -> str:
        known = [f"status {self.status}" if self.status is not None else "", f"code {self.code}" if self.code else ""]
        details = ", ".join(filter(None, known))
        return f"{self.message} ({details})" if details else self.message


def reason_for(status: int, *, of_contacts: bool) -> Reason:
    """Return what a `status` other than 200 means.

    Existing clients expect 404 for contacts that are not there yet and 410 for deleted ones, 400 for invalid
    parameters and 401 for wrong credentials; the rest is as for `/events`.

    >>> reason_for(404, of_contacts=True), reason_for(404, of_contacts=False), reason_for(503, of_contacts=True)
    ('not-ready', 'request', 'unavailable')
    """
    if status in (401, 403):
        return "credentials"
    if of_contacts and status in (404, 410):
        return "not-ready" if status == 404 else "gone"
    if status < 300 or status in (304, 408, 425, 429) or status >= 500:
        return "unavailable"
    return "request"
