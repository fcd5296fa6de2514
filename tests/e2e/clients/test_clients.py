"""The real Claude Code and the real Codex find, ask and answer each other through oxtail.

Every assertion is about what a model received in the body of a request.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from e2e.clients.proofs import proof
from e2e.clients.runner import HERE, SCENARIO_SECONDS, SOURCE, enter, play
from helpers.capabilities import needs, where

pytestmark = [
    needs("clients"),
    pytest.mark.clients,
    pytest.mark.slow,
    pytest.mark.timeout(SCENARIO_SECONDS + 10),
]

KINDS = {"claude": "claude-code", "codex": "codex"}


def _agents(listing: Mapping[str, Any]) -> dict[str, str]:
    return {row["client_session_id"]: row["client_type"] for row in listing["sessions"]}


@pytest.fixture(scope="module")
def facts(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What a scenario reports, which is played once; no client ended with an error."""
    reported = play(request.param, tmp_path_factory.mktemp(request.param), where("clients"))
    assert set(reported.get("exit codes", [0])) == {0}
    return reported


def scenario(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("facts", [name], indirect=True, scope="module")


@scenario("find")
def test_each_client_knows_its_session_and_lists_the_other(facts: dict[str, Any]) -> None:
    both = {facts[name]: kind for name, kind in KINDS.items()}
    for name, kind in KINDS.items():
        client = facts[f"{name} is told"]["entry"]["client"]
        assert (client["session_id"], client["type"]) == (facts[name], kind)
        assert both.items() <= _agents(facts[f"{name} lists"]).items()


@scenario("find")
@pytest.mark.parametrize(("reader", "peer"), [("claude", "codex"), ("codex", "claude")])
def test_each_client_reads_the_transcript_of_the_other(
    facts: dict[str, Any], reader: str, peer: str
) -> None:
    seen = facts[f"{reader} reads"]
    assert (seen["mode"], seen["error"]) == ("transcript", None)
    assert (seen["client_type"], seen["resolved_session_id"]) == (KINDS[peer], facts[peer])
    asked = [message["text"] for message in seen["messages"] if message["role"] == "user"]
    assert any(f"Say {peer}." in text for text in asked)


@scenario("ask")
@pytest.mark.parametrize(("asker", "other"), [("claude", "codex"), ("codex", "claude")])
def test_a_question_is_answered_while_its_asker_waits(
    facts: dict[str, Any], asker: str, other: str
) -> None:
    title = f"{asker} asks {other}"
    mail, replied, answer = (facts[title][part] for part in ("mail", "replied", "answer"))

    assert [(one["body"], one["from_session_id"]) for one in mail] == [(f"{title}?", facts[asker])]
    assert (mail[0]["id"], mail[0]["request_id"]) == (answer["message_id"], answer["request_id"])
    assert (replied["ok"], replied["correlation"]) == (True, "correlated")
    assert replied["in_reply_to_message_id"] == mail[0]["id"]
    assert (answer["ok"], answer["timed_out"]) == (True, False)
    assert answer["correlation"] == "correlated"
    assert answer["reply"]["id"] == replied["message_id"]
    assert answer["reply"]["from_session_id"] == facts[other]
    assert answer["reply"]["body"] == f"{title}!"
    assert f"{title}!" in facts[title]["asker sees"]


@scenario("resume")
@pytest.mark.parametrize("victim", ["claude", "codex"])
def test_mail_for_a_killed_client_arrives_after_it_is_resumed(
    facts: dict[str, Any], victim: str
) -> None:
    seen = facts[f"{victim} is killed"]
    before, after = seen["sent"]

    assert before["ok"]
    assert after["ok"]
    assert before["target_server_pid"] is not None
    assert after["target_server_pid"] is None
    assert [(one["id"], one["body"]) for one in seen["read"]] == [
        (before["message_id"], "before the kill"),
        (after["message_id"], "after the kill"),
    ]
    assert seen["again"] == []
    assert "before the kill" in seen["victim sees"]
    assert "after the kill" in seen["victim sees"]
    shown = [proof(status, "shown") for status in seen["status"]]
    assert [one and one["recipient_session_id"] for one in shown] == [facts[victim]] * 2


@needs("tmux")
@scenario("panes")
def test_sessions_on_screens_keep_their_identities_and_mail_apart(facts: dict[str, Any]) -> None:
    for name in ("claude", "codex", "other"):
        assert facts[f"{name} is told"]["entry"]["client"]["session_id"] == facts[name]
    assert facts["codex reads"] == ["for codex"]
    assert facts["other reads"] == []
    before = [row["client_session_id"] for row in facts["before"]["sessions"]]
    assert before.count(facts["codex"]) == 1
    assert {facts["claude"], facts["codex"], facts["other"]} <= set(_agents(facts["after"]))


@needs("tmux")
@scenario("panes")
def test_no_session_is_placed_in_the_pane_of_another(facts: dict[str, Any]) -> None:
    assert facts["claude is told"]["entry"]["tmux_session"] == "claude"
    for name in ("codex", "other"):
        assert facts[f"{name} is told"]["entry"]["tmux_session"] in (name, None)


def test_a_scenario_reaches_nothing_of_the_machine(tmp_path: Path) -> None:
    real_home = pwd.getpwuid(os.getuid()).pw_dir
    mine = tmp_path / "mine"
    mine.write_text("mine", encoding="utf-8")
    kinds = ("user", "net", "mnt", "pid", "ipc", "uts")
    # Only looks, so that a hole in the wall does no damage when this test finds it.
    read_only = ["/usr", "/etc", "/proc/sys", str(where("clients")), str(HERE), str(SOURCE)]
    look = f"""
        id -u
        cat {mine} 2>&- || echo hidden
        find {real_home} /tmp /run -maxdepth 1 -not -type d 2>&- | wc -l
        find /tmp -maxdepth 1 -name cc-socks -o -name 'tmux-*' | wc -l
        for path in {" ".join(read_only)}; do test -w $path && echo $path; done
        grep -c : /proc/net/dev
        touch $HOME/x && echo writable
        for kind in {" ".join(kinds)}; do readlink /proc/self/ns/$kind; done
    """
    world = tmp_path / "world"
    seen = enter(world, ["/bin/sh", "-c", look], where("clients")).stdout.split()

    assert seen[:6] == ["1000", "hidden", "0", "0", "1", "writable"]
    assert (world / "home" / "x").exists()
    assert len(seen[6:]) == len(kinds)
    assert not set(seen[6:]) & {os.readlink(f"/proc/self/ns/{kind}") for kind in kinds}


def test_nothing_outlives_a_scenario(tmp_path: Path) -> None:
    world = tmp_path / "world"
    leave = "setsid sh -c 'while :; do date >>$HOME/beat; sleep 0.05; done' & sleep 0.5"
    enter(world, ["/bin/sh", "-c", leave], where("clients"))
    beat = (world / "home" / "beat").read_bytes()
    assert beat
    enter(world, ["/bin/sleep", "0.3"], where("clients"))
    assert (world / "home" / "beat").read_bytes() == beat
