"""Pages in a real browser: the report without a network, and the cockpit on loopback."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.capabilities import needs
from helpers.chromium import Chromium
from helpers.command import python_peer, start
from helpers.example_cockpit import served
from helpers.example_fleets import EXAMPLES
from helpers.waiting import until
from oxtail.core.envelope import Envelope
from oxtail.report.page import page

pytestmark = [needs("chromium"), pytest.mark.slow]


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with Chromium() as one:
        yield one


def test_the_filter_of_a_report_works_and_nothing_else_runs(
    browser: Chromium, tmp_path: Path
) -> None:
    past = EXAMPLES["trouble"]
    evil = "</pre><script>document.title = 'hacked'</script><img src=x onerror=document.title='h'>"
    first = past.records[0]
    message = Envelope("e" * 16, evil, first.message.enqueued_at, from_session_id="x")
    html = page(past._replace(records=(first._replace(message=message), *past.records)))
    # What somebody put into the file runs no more than what a message says.
    html = html.replace("</main>", "<script>document.title = 'other'</script></main>")
    path = tmp_path / "report.html"
    path.write_text(html, encoding="utf-8")
    tab = browser.open(path.as_uri(), 1000, 800)

    shown = "[...document.querySelectorAll('article')].filter(e => !e.hidden).length"
    assert tab.value("document.title") == "oxtail report: shop"
    assert tab.value(shown) == 17
    assert len(tab.colors()) > 5
    tab.value("document.querySelector('#filter input').focus()")
    tab.type("wish list")
    until(lambda: tab.value(shown) == 1)
    assert tab.value("document.getElementById('count').textContent") == "1 of 17 shown"
    # A link to a message that is filtered out brings it back.
    tab.value("location.hash = '#m9'")
    until(lambda: tab.value(shown) == 17)
    tab.value("const kind = document.querySelector('[name=kind]'); kind.value = 'work';"
              "kind.dispatchEvent(new Event('input', {bubbles: true}))")  # fmt: skip
    until(lambda: tab.value(shown) == 4)

    refused = [each for each in browser.complaints() if "Content Security Policy" in each]
    assert len(refused) == 1, browser.complaints()


def test_a_report_is_as_wide_as_its_window(browser: Chromium, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(page(EXAMPLES["trouble"]), encoding="utf-8")
    for width in (360, 1000):
        tab = browser.open(path.as_uri(), width, 800, dark=True)
        assert tab.value("document.documentElement.scrollWidth") <= width


def _status(address: str) -> int:
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_the_cockpit_is_seen_in_a_browser_and_obeys_a_key(
    browser: Chromium, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    (project / ".git").mkdir(parents=True)
    monkeypatch.chdir(project)
    with python_peer("alice", "aaaaaaaa-0000-4000-8000-000000000001"):
        process = start("cockpit", "--web", "--no-doctor")
        try:
            assert process.stdout is not None
            address = process.stdout.readline().decode().strip()
            tab = browser.open(address, 1000, 600)
            until(lambda: tab.sees("alice"))
            until(lambda: len(tab.colors()) > 5)
            fleet = tab.picture()

            tab.value("document.querySelector('.xterm-helper-textarea').focus()")
            tab.type("?")
            until(lambda: tab.sees("write a message to the agent"))
            until(lambda: tab.picture() != fleet)

            place, _, token = address.rstrip("/").rpartition("/")
            assert _status(address) == 200
            assert _status(f"{place}/") == 403
            assert _status(f"{place}/ws") == 403
            assert _status(f"{place}/{token[:-1]}{'A' if token[-1] != 'A' else 'B'}/") == 403
        finally:
            process.terminate()
            process.communicate(timeout=60)
        assert process.returncode == 0


def test_what_no_cell_covers_has_the_color_of_the_cockpit_in_light_and_dark(
    browser: Chromium,
) -> None:
    size = (1111, 653)  # of which 9 columns and 19 rows leave some
    with served("healthy", light=True) as address:
        tab = browser.open(address, *size)
        until(lambda: tab.sees("Ctrl-C"))
        until(lambda: tab.edge_colors(*size) == {bytes.fromhex("e0e0e0")})
        tab.value("document.querySelector('.xterm-helper-textarea').focus()")
        tab.type("T")
        until(lambda: tab.edge_colors(*size) == {bytes.fromhex("121212")})
