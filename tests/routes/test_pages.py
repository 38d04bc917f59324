"""The pages: what a person sees and can do, with scripts or without."""

import re
import uuid
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from tests.factories import GOOD, HOPELESS, RESET, UNAVAILABLE, URL, a_claim, a_scan, row, settle
from webapp.database import db
from webapp.reach import Reach
from webapp.routes.security_headers import CONTENT_SECURITY_POLICY
from webapp.scans import lifecycle, queries
from webapp.scans.draft import Draft
from webapp.scans.exchange import Exchange
from webapp.scans.sealing import Secrets
from webapp.scans.states import State


def submit(client: FlaskClient, urls: str, **fields: str) -> "Answer":
    return Answer(client.post("/scans", data={"urls": urls, **fields}))


class Answer:
    """A response with its text at hand, tags taken out."""

    def __init__(self, response: object) -> None:
        self.status = response.status_code  # type: ignore[attr-defined]
        self.location = response.location or ""  # type: ignore[attr-defined]
        self.html = response.text  # type: ignore[attr-defined]

    @property
    def words(self) -> str:
        return " ".join(re.sub(r"<[^>]*>", " ", self.html).split())


def look(client: FlaskClient, path: str) -> Answer:
    return Answer(client.get(path))


def scans() -> list[str]:
    return [scan.url for scan in queries.list_scans(queries.Filter()).scans]


# Submitting


def test_one_url_leads_to_its_scan(client: FlaskClient) -> None:
    answer = submit(client, "  https://target.example/export  \n")

    assert answer.status == 303
    assert re.fullmatch(r"/scans/[0-9a-f-]{36}", answer.location)
    assert look(client, answer.location).status == 200


def test_many_lines_lead_to_one_batch(client: FlaskClient) -> None:
    answer = submit(client, "https://a.example/\r\n\r\nhttps://b.example/\r\n", name="nightly")

    page = look(client, answer.location)
    assert answer.status == 303 and answer.location.startswith("/batches/")
    assert "nightly" in page.words and "0 of 2 done" in page.words


def test_options_are_understood(client: FlaskClient) -> None:
    answer = submit(
        client,
        URL,
        method="POST",
        headers="X-Token: s3cret\r\n",
        body="a\r\nb",
        max_attempts="7",
        initial_interval="2s",
    )

    scan = queries.get_scan(uuid.UUID(answer.location.rpartition("/")[2]))
    assert (scan.method, queries.get_secrets(scan.id)) == ("POST", Secrets({"X-Token": "s3cret"}, b"a\nb"))
    assert (scan.policy.max_attempts, scan.policy.initial_interval) == (7, 2.0)


def test_an_empty_box_is_answered_with_what_to_do(client: FlaskClient) -> None:
    answer = submit(client, " \n\n")

    assert answer.status == 422
    assert "Paste a URL" in answer.words


def test_with_a_bad_line_nothing_is_sent_and_nothing_is_lost(client: FlaskClient) -> None:
    typed = "https://good.example/\n\nexample.com/x\nhttps://also-good.example/"

    answer = submit(client, typed, max_attempts="7")

    assert answer.status == 422
    assert f"{typed}</textarea>" in answer.html and 'value="7"' in answer.html
    assert "line 3 example.com/x must start with http:// or https://. Write https://example.com/x" in answer.words
    assert "Scan the 2 good ones" in answer.words
    assert scans() == []


def test_the_good_lines_go_in_when_asked_for_and_the_page_tells_how_many_did_not(client: FlaskClient) -> None:
    answer = submit(client, "https://good.example/\nnonsense\nhttps://also-good.example/", skip_bad="1")

    assert answer.location.startswith("/batches/")
    assert "One line was left out" in look(client, answer.location).words
    assert len(scans()) == 2


@pytest.mark.parametrize(
    ("line", "cure"),
    [
        ("ftp://files.example/", "must start with http:// or https://"),
        ("https://a.example https://b.example", "Put each URL on a line of its own."),
        ("https://user:pw@a.example/", "send it in an Authorization header"),
    ],
)
def test_each_bad_line_is_explained(client: FlaskClient, line: str, cure: str) -> None:
    assert cure in submit(client, line).words


def test_thousands_of_bad_lines_are_not_all_explained(client: FlaskClient) -> None:
    answer = submit(client, "\n".join(["nonsense"] * 3000))

    assert "3,000 lines are no URL" in answer.words and "and 2,950 more" in answer.words
    assert answer.html.count("<li>") < 100


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("deadline", "soon", "is not a duration"),
        ("max_attempts", "0", "is not between 1 and 1000"),
        ("headers", "no colon", "Line 1 has no colon"),
        ("method", "FETCH", "is not known"),
    ],
)
def test_a_bad_option_is_told_beside_its_field(client: FlaskClient, field: str, value: str, words: str) -> None:
    answer = submit(client, URL, **{field: value})

    assert answer.status == 422
    assert re.search(f'id="error-{field}">[^<]*{words}', answer.html)
    assert URL in answer.html and scans() == []


def test_all_bad_options_are_told_at_once(client: FlaskClient) -> None:
    answer = submit(client, URL, deadline="soon", max_attempts="many")

    assert 'id="error-deadline"' in answer.html and 'id="error-max_attempts"' in answer.html


def test_more_urls_than_a_batch_may_have_are_refused_whole(client: FlaskClient) -> None:
    answer = submit(client, "https://a.example/\n" * 50_001)

    assert answer.status == 422 and "more than 50,000" in answer.words


# The list


def test_the_first_visit_offers_a_sample_and_later_ones_do_not(client: FlaskClient) -> None:
    first = look(client, "/").html
    a_scan()
    second = look(client, "/").html

    assert re.search(r"http://localhost/sample/flaky/[0-9a-f]{16}</textarea>", first)
    assert 'value="2s"' in first
    assert "/sample/flaky/" not in second


def test_where_scans_may_not_reach_the_sample_the_first_visit_says_why(app: Flask, client: FlaskClient) -> None:
    app.extensions["tilldone.settings"] = replace(app.extensions["tilldone.settings"], reach=Reach())

    page = look(client, "/")

    assert "/sample/flaky/" not in page.html
    assert "localhost leads to 127.0.0.1, a loopback address, which means this machine, where scans" in page.words
    assert "by adding localhost to SCAN_ALLOW" in page.words


def test_a_row_tells_state_url_answer_attempts_and_error(client: FlaskClient) -> None:
    scan_id = a_scan()
    settle(a_claim(scan_id), UNAVAILABLE)

    page = look(client, "/")

    assert f'id="scan-{scan_id}"' in page.html and f'title="GET {URL}"' in page.html
    assert (
        "Waiting GET target.example /export The server answered 503 Service Unavailable. 503 1/20 in 15 s" in page.words
    )


def test_a_success_that_needed_retries_says_so(client: FlaskClient) -> None:
    scan_id = a_scan(initial_interval=0.0)
    settle(a_claim(scan_id), RESET)
    settle(a_claim(scan_id, 2), GOOD)

    assert "200 after 2 took" in look(client, "/").words


def test_filters_live_in_the_address_and_the_tabs_keep_them(client: FlaskClient) -> None:
    a_scan("https://one.example/")
    settle(a_claim(a_scan("https://two.example/")), GOOD)

    page = look(client, "/?state=succeeded&q=example")

    assert "two.example" in page.words and "one.example" not in page.words
    assert "All 2" in page.words and "Queued 1" in page.words
    assert 'href="/?state=queued&amp;q=example"' in page.html


def test_a_search_for_nothing_there_says_so_and_leads_back(client: FlaskClient) -> None:
    a_scan()

    page = look(client, "/?q=nowhere")

    assert "No scan with “nowhere” in its URL or error" in page.words
    assert 'href="/"' in page.html


def test_the_list_pages_by_key(client: FlaskClient) -> None:
    lifecycle.submit([Draft(url=f"https://target.example/{number}") for number in range(60)])

    first = look(client, "/")
    older = re.search(r'href="(/\?cursor=[^"]+)"', first.html)
    assert older is not None
    second = look(client, older[1])

    assert first.html.count("data-scan=") == 50 and second.html.count("data-scan=") == 10


def test_an_odd_filter_is_answered_with_what_is_wrong(client: FlaskClient) -> None:
    answer = look(client, "/?state=asleep")

    assert answer.status == 400 and "is not a state" in answer.words


def test_a_batch_has_its_own_address(client: FlaskClient) -> None:
    batch_id = lifecycle.submit([Draft(url=URL)], batch_name="").batch_id

    answer = look(client, f"/?batch={batch_id}&state=queued")

    assert answer.status == 302 and answer.location == f"/batches/{batch_id}?state=queued"


def test_a_list_takes_few_queries_and_reads_no_secrets(app: Flask, client: FlaskClient) -> None:
    lifecycle.submit([Draft(url=f"{URL}/{number}", headers={"X": "y"}, body=b"z") for number in range(30)])
    statements: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))

    client.get("/")

    # Those that ask who is there come before.
    selects = [statement for statement in statements if statement.startswith("SELECT") and "user.id" not in statement]
    assert len(selects) <= 4
    assert not any("scan.sealed" in select for select in selects)


# A scan


def test_a_scan_that_waits_can_be_retried_and_canceled(client: FlaskClient) -> None:
    scan_id = a_scan()
    settle(a_claim(scan_id), UNAVAILABLE)

    retried = Answer(client.post(f"/scans/{scan_id}/retry"))
    assert retried.location == f"/scans/{scan_id}" and row(scan_id).state is State.QUEUED

    client.post(f"/scans/{scan_id}/cancel")
    assert row(scan_id).state is State.CANCELED


def test_what_cannot_be_done_now_is_told_and_not_hidden(client: FlaskClient) -> None:
    scan_id = a_scan()
    settle(a_claim(scan_id), GOOD)

    page = look(client, f"/scans/{scan_id}")
    assert page.html.count("disabled title=") == 2

    client.post(f"/scans/{scan_id}/cancel")
    assert "there is nothing to cancel" in look(client, f"/scans/{scan_id}").words


def test_again_asks_the_same_with_the_same_secrets(client: FlaskClient) -> None:
    scan_id = a_scan(headers={"X-Token": "s3cret"}, max_attempts=3)

    answer = Answer(client.post(f"/scans/{scan_id}/again"))

    again = queries.get_scan(uuid.UUID(answer.location.rpartition("/")[2]))
    assert again.id != scan_id
    assert (again.url, again.policy.max_attempts) == (URL, 3)
    assert queries.get_secrets(again.id).headers == {"X-Token": "s3cret"}


def test_secrets_are_named_and_never_shown(client: FlaskClient) -> None:
    scan_id = a_scan(headers={"X-Token": "s3cret"})

    page = look(client, f"/scans/{scan_id}")

    assert "s3cret" not in page.html
    assert "&#34;$X_TOKEN&#34;" in page.html and "X-Token set" in page.words


def test_a_running_attempt_is_shown_before_it_has_a_row(client: FlaskClient) -> None:
    scan_id = a_scan()
    a_claim(scan_id, worker="worker-7")

    page = look(client, f"/scans/{scan_id}")

    assert 'id="attempt-1" data-state="running"' in page.html and "worker-7" in page.words


def test_an_attempt_shows_each_condition_with_expected_and_actual(client: FlaskClient) -> None:
    scan_id = a_scan()
    settle(a_claim(scan_id), UNAVAILABLE)

    assert "status status < 400 not met 503" in look(client, f"/scans/{scan_id}").words.replace("&lt;", "<")


def test_a_json_answer_is_a_tree(client: FlaskClient) -> None:
    scan_id = a_scan()
    settle(a_claim(scan_id), GOOD)

    assert "{ 1 key } success true" in look(client, f"/scans/{scan_id}").words


def test_hostile_content_stays_text(client: FlaskClient) -> None:
    body = b"<script>alert(1)</script>\xe2\x80\xae"
    scan_id = a_scan("https://target.example/?q='><img/src=x>".replace("<", "%3C").replace(">", "%3E"))
    settle(a_claim(scan_id), Exchange(URL, 503, "<b>No</b>", (("X", "<i>"),), "text/html", body))

    page = look(client, f"/scans/{scan_id}").html

    assert "<script>alert" not in page and "<b>No</b>" not in page and "<i>" not in page
    assert "\u202e" not in page and "\\u202e" in page


def test_an_answer_is_saved_and_never_shown_as_ours(client: FlaskClient) -> None:
    scan_id = a_scan()
    settle(a_claim(scan_id), Exchange(URL, 503, "No", (), "text/html", b"<script>alert(1)</script>"))

    response = client.get(f"/scans/{scan_id}/answer")

    assert response.data == b"<script>alert(1)</script>"
    assert response.mimetype == "text/plain"
    assert response.headers["Content-Disposition"] == f'attachment; filename="scan-{scan_id}.txt"'
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"] == "sandbox; default-src 'none'; frame-ancestors 'none'"


@pytest.mark.parametrize("exchange", [GOOD, HOPELESS, UNAVAILABLE, RESET])
def test_every_end_has_its_page(client: FlaskClient, exchange: Exchange) -> None:
    scan_id = a_scan(max_attempts=1)
    settle(a_claim(scan_id), exchange)

    assert look(client, f"/scans/{scan_id}").status == 200


# Partials


def test_the_live_part_of_a_scan_is_given_alone(client: FlaskClient) -> None:
    page = look(client, f"/partials/scan/{a_scan()}").html

    assert 'id="scan-head"' in page and "<html" not in page


def test_a_plan_is_told_in_plain_words_and_its_errors_by_field(client: FlaskClient) -> None:
    plan = look(client, "/partials/plan?max_attempts=3&initial_interval=5s&deadline=10m").words.replace("\xa0", " ")
    error = look(client, "/partials/plan?deadline=soon").html

    assert plan.startswith(
        "Tries now, then every 5 s, at most 3 times; gives up after 10 m. An attempt may take 30 s."
        " 1 now , The first one 2 5 s , Planned, at the earliest 3 10 s , Planned, at the earliest"
    )
    assert plan.endswith(
        "At most 3 requests; gives up between 10 s and 1 m 40 s after the submit, the slower the answers the later."
    )
    assert 'data-error-of="deadline"' in error


# Errors and headers


def test_what_is_not_there_is_told_as_a_page_and_to_programs_as_a_problem(client: FlaskClient) -> None:
    page, unknown = look(client, "/nowhere"), look(client, f"/scans/{uuid.uuid4()}")
    problem = client.get("/api/v1/nowhere")

    assert page.status == unknown.status == 404
    assert "Nothing here" in page.words and "No scan has this address" in unknown.words
    assert problem.status_code == 404 and problem.mimetype == "application/problem+json"


@pytest.mark.parametrize("path", ["/", "/nowhere", "/static/js/app.js", "/api/v1/scans"])
def test_every_answer_forbids_what_no_page_needs(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers

    assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_pages_need_no_inline_script_style_or_handler(client: FlaskClient) -> None:
    scan_id = a_scan()
    settle(a_claim(scan_id), GOOD)

    for path in ("/", f"/scans/{scan_id}", "/nowhere"):
        page = look(client, path).html
        assert not re.search(r"\sstyle=|\son[a-z]+=|<style|javascript:", page)
        assert not re.search(r"<script(?![^>]*(src=|application/json))", page)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_what_another_site_sends_is_refused(client: FlaskClient, headers: dict[str, str]) -> None:
    for path in ("/scans", "/api/v1/scans"):
        assert client.post(path, data={"urls": URL}, headers=headers).status_code == 403
    assert scans() == []


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://localhost"}])
def test_our_own_forms_and_programs_pass(client: FlaskClient, headers: dict[str, str]) -> None:
    assert client.post("/scans", data={"urls": URL}, headers=headers).status_code == 303


def test_an_interrupted_attempt_tells_its_story_in_the_list_and_on_the_timeline(client: FlaskClient) -> None:
    scan_id = a_scan()
    a_claim(scan_id, worker="w1@host")
    lifecycle.interrupt(scan_id, 1, worker="w1@host", max_crashes=5)
    story = "Attempt 1 interrupted: its worker w1@host was lost; goes on as soon as a worker is free"
    assert look(client, f"/scans/{scan_id}").html.count(story) == 2

    settle(a_claim(scan_id, 2), GOOD)

    page = look(client, f"/scans/{scan_id}")
    assert len(re.findall(r"Attempt 1 interrupted: its worker w1@host was lost; resumed \d+ ms later", page.html)) == 2
    told = client.get(f"/api/v1/scans/{scan_id}").json
    assert told is not None
    assert [each["resumed_after"] is None for each in told["attempts"]] == [False, True]
