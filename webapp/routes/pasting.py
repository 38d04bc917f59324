"""The form as a pasted curl command fills it in."""

from collections.abc import Mapping

from webapp.routes.curl_paste import read_paste
from webapp.routes.forms import ScanForm, read_options, typed_values
from webapp.scans.errors import InvalidField


def filled_in(given: Mapping[str, str]) -> ScanForm:
    """What the command speaks of takes the place of what was typed; with an error where it cannot be meant."""
    values = typed_values(given)
    try:
        paste = read_paste(values["urls"])
    except InvalidField as error:
        return ScanForm(values=values, errors={error.field: error})
    values |= paste.fields
    _, errors = read_options(values)
    return ScanForm(values=values, errors=errors, notes=paste.notes)
