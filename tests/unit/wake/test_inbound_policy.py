from __future__ import annotations

import json
from pathlib import Path

import pytest

from oxtail.wake.inbound_policy import inbound_policy


class Settings:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.managed = folder / "managed.json"
        self.environ = {"HOME": str(folder), "CLAUDE_PROJECT_DIR": str(folder / "project")}

    def say(self, where: str, value: object) -> None:
        path = {
            "managed": self.managed,
            "user": self.folder / ".claude" / "settings.json",
            "local": self.folder / "project" / ".claude" / "settings.local.json",
            "project": self.folder / "project" / ".claude" / "settings.json",
        }[where]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"model": "x", "crossSessionInbound": value}))

    def policy(self) -> str | None:
        return inbound_policy(self.environ, managed=str(self.managed))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path)


def test_where_nothing_is_said_there_is_no_policy(settings: Settings) -> None:
    assert settings.policy() is None
    assert inbound_policy({}, managed=str(settings.managed)) is None


@pytest.mark.parametrize(
    ("said", "policy"),
    [
        ({"user": "accept"}, "accept"),
        ({"user": "hold"}, "hold"),
        ({"user": "refuse"}, "refuse"),
        ({"managed": "accept", "user": "refuse"}, "accept"),
        ({"managed": "refuse", "user": "accept"}, "refuse"),
        ({"user": "accept", "project": "hold"}, "hold"),
        ({"user": "hold", "project": "accept"}, "hold"),
        ({"project": "hold", "local": "refuse"}, "refuse"),
        ({"project": "accept"}, None),
        ({"user": "maybe"}, "hold"),
        ({"user": 7}, "hold"),
        ({"user": None}, None),
    ],
)
def test_a_project_can_only_be_stricter_and_an_administrator_decides_first(
    settings: Settings, said: dict[str, object], policy: str | None
) -> None:
    for where, value in said.items():
        settings.say(where, value)
    assert settings.policy() == policy


def test_another_folder_for_the_settings_is_honored(settings: Settings, tmp_path: Path) -> None:
    settings.say("user", "refuse")
    (tmp_path / "other").mkdir()
    settings.environ["CLAUDE_CONFIG_DIR"] = str(tmp_path / "other")
    assert settings.policy() is None


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b"[" * 100_000, b"null"])
def test_a_file_that_cannot_be_read_says_nothing(settings: Settings, content: bytes) -> None:
    settings.say("user", "refuse")
    (settings.folder / ".claude" / "settings.json").write_bytes(content)
    assert settings.policy() is None
