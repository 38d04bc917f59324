"""Try it: the rule on the live target or on a pasted answer, shown in the form; a picked value joins the rule."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, Response, make_response, render_template, request

from webapp.routes.forms import ANSWER_FIELDS, ScanForm, read_options
from webapp.routes.pages_home import page_with
from webapp.routes.trial import TrialRefused, try_answer, try_target
from webapp.routes.trial_view import TrialView
from webapp.scans.errors import InvalidField
from webapp.scans.rules.shorthand import EXPECTATIONS

bp = Blueprint("trial", __name__)

#: Of what is picked these take the place of what was there; to the others it is added.
_SINGLE: Final = frozenset({"expect_status", "expect_body_regex"})


@dataclass(frozen=True, slots=True)
class _Shown:
    form: ScanForm
    trial: TrialView | None = None
    notice: str | None = None
    status: int = 200
    retry_after: int | None = None

    @property
    def parts(self) -> dict[str, Any]:
        return {"is_trial": True, "trial": self.trial, "trial_notice": self.notice}

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}


@bp.post("/try")
def page() -> Response:
    """For who has no scripts: the whole page again, with the trial in its form."""
    shown = _try(_with_pick(request.form))
    response = page_with(shown.form, status=shown.status, **shown.parts)
    response.headers.update(shown.headers)
    return response


@bp.post("/partials/try")
def partial() -> Response:
    shown = _try(request.form)
    html = render_template("home/_trial.html", form=shown.form, **shown.parts)
    # What is wrong is said in it; a browser would take another status for a fault of the page.
    return make_response(html, 503 if shown.status == 503 else 200, shown.headers)


def _try(given: Mapping[str, str]) -> _Shown:
    form = ScanForm.read(given)
    try:
        if "pasted" in given:
            return _try_pasted(form)
        if not form.drafts:
            return _Shown(form, status=422)
        return _Shown(form, TrialView.of(try_target(form.drafts[0])))
    except InvalidField as error:
        return _Shown(_with_errors(form, {error.field: error}), status=422)
    except TrialRefused as error:
        return _Shown(form, notice=str(error), status=503, retry_after=error.retry_after)


def _try_pasted(form: ScanForm) -> _Shown:
    """It needs no URL."""
    options, errors = read_options(form.values)
    if errors:
        return _Shown(_with_errors(form, errors), status=422)
    form = _with_errors(form, {})
    answer = {name.removeprefix("answer_"): form.values[name] for name in ANSWER_FIELDS}
    return _Shown(form, TrialView.of(try_answer(answer, options["rule"], options["policy"])))


def _with_errors(form: ScanForm, errors: Mapping[str, InvalidField]) -> ScanForm:
    return ScanForm(values=form.values, errors=errors)


def _with_pick(given: Mapping[str, str]) -> dict[str, str]:
    """What was typed, and the condition that was picked from the answer shown: ``field=line``."""
    values = dict(given.items())
    name, _, line = given.get("pick", "").partition("=")
    if name not in EXPECTATIONS or not line:
        return values
    before = values.get(name, "").rstrip()
    if name in _SINGLE or not before:
        values[name] = line
    elif line not in before.splitlines():
        values[name] = f"{before}\n{line}"
    return values
