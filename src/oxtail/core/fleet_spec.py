"""What a fleet is to be: its windows, and what runs in each.

Belongs here: the rules of ``fleet.json``, and the names that are made from it.  Never here: reading
it, or tmux.  A text that breaks a rule is refused with all that is wrong in it; nothing of it is
cleaned, so two fleets never become one.  ``docs/formats/fleet.md`` is the format.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from oxtail.core.fleet_errors import BadFleet
from oxtail.core.json_text import parse
from oxtail.core.value import Value

CLAUDE: Final = "claude"
CODEX: Final = "codex"
COMMAND: Final = "command"
AGENTS: Final = (CLAUDE, CODEX, COMMAND)
"""What a window may run; npm peers know the first two."""

WINDOWS_MAX: Final = 64
"""Most windows of a fleet; a hand-written one has a dozen."""

WORDS_MAX: Final = 64
COMMAND_MAX_CHARS: Final = 2_000
"""Most words and characters of a command: it is typed as one line, and a terminal takes 4096."""

MODELS: Final[Mapping[str, tuple[str, ...]]] = {
    CLAUDE: ("opus[1m]", "opus", "sonnet", "haiku", "fable"),
    CODEX: ("gpt-5.5",),
    COMMAND: (),
}
"""What an editor offers for each agent; any other model may be written by hand."""

EFFORTS: Final = ("low", "medium", "high", "xhigh", "max")
"""What an editor offers; without one the client decides."""

SESSION_MAX_CHARS: Final = 60
ID_BASE_MAX_CHARS: Final = 24

_CONTROL: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_WINDOW_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,39}")
_EFFORT: Final = re.compile(r"[a-z][a-z-]{0,23}")
_UNCLEAN: Final = re.compile(r"[^A-Za-z0-9_-]")
_FLEET_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,24}-[0-9a-f]{8}")


class WindowSpec(Value):
    """One window.

    Attributes:
        name: What its tmux window is called; unique in its fleet.
        agent: One of :data:`AGENTS`.
        model: Passed to the client as it is, or None.
        effort: Passed to the client, or None.
        role: For people.
        remote_control: Whether Claude Code is told to be reachable from elsewhere.
        command: The words of a command, for ``command`` only.
    """

    name: str
    agent: str
    model: str | None = None
    effort: str | None = None
    role: str | None = None
    remote_control: bool = False
    command: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return it in the form of ``fleet.json``, without what is not set."""
        members: dict[str, Any] = {"name": self.name, "agent": self.agent}
        optional = (("model", self.model), ("effort", self.effort), ("role", self.role))
        members.update((key, value) for key, value in optional if value is not None)
        if self.remote_control:
            members["remoteControl"] = True
        if self.command:
            members["command"] = list(self.command)
        return members

    def settings(self) -> dict[str, Any]:
        """Return what a running window cannot change: how it was launched."""
        members = self.as_dict()
        del members["name"]
        members.pop("role", None)
        return members


class FleetSpec(Value):
    """A fleet: what it is called, and its windows in their order."""

    name: str
    windows: tuple[WindowSpec, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it in the form of ``fleet.json``."""
        return {"name": self.name, "windows": [window.as_dict() for window in self.windows]}

    def window(self, name: str) -> WindowSpec | None:
        """Return the window of that name, or None."""
        return next((window for window in self.windows if window.name == name), None)


class Problem(Value):
    """Where a fleet breaks a rule (``windows[2].name``), and which."""

    path: str
    rule: str


class _Check:
    """Collects what is wrong."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def refuse(self, path: str, rule: str) -> None:
        self.problems.append(Problem(path, rule))

    def text(self, path: str, value: object, *, required: bool = False) -> str | None:
        if value is None and not required:
            return None
        if not isinstance(value, str) or not value.strip():
            self.refuse(path, "must be a text that is not empty")
        elif _CONTROL.search(value):
            self.refuse(path, "must not hold control characters")
        else:
            return value
        return None

    def shaped(self, path: str, value: object, form: re.Pattern[str], rule: str) -> str | None:
        if isinstance(value, str) and form.fullmatch(value):
            return value
        self.refuse(path, rule)
        return None

    def words(self, path: str, value: object) -> tuple[str, ...]:
        if not isinstance(value, list) or not value or len(value) > WORDS_MAX:
            self.refuse(path, f"must be a list of 1 to {WORDS_MAX} words")
            return ()
        if not all(isinstance(word, str) for word in value) or not value[0].strip():
            self.refuse(path, "must hold texts only, the first of them not empty")
        elif any(map(_CONTROL.search, value)):
            self.refuse(path, "must not hold control characters")
        elif sum(map(len, value)) > COMMAND_MAX_CHARS:
            self.refuse(path, f"must have at most {COMMAND_MAX_CHARS} characters")
        else:
            return tuple(value)
        return ()

    def window(self, path: str, value: object) -> WindowSpec | None:
        if not isinstance(value, dict):
            self.refuse(path, "must be an object { ... }")
            return None
        before = len(self.problems)
        name = self.shaped(
            f"{path}.name",
            value.get("name"),
            _WINDOW_NAME,
            "must have 1 to 40 letters, digits, underscores and hyphens, and not begin with a "
            "hyphen",
        )
        agent = value.get("agent")
        if agent not in AGENTS:
            self.refuse(f"{path}.agent", f"must be one of {', '.join(AGENTS)}")
        is_client = agent != COMMAND
        model, effort = self._client_settings(path, value, is_client)
        role = self.text(f"{path}.role", value.get("role"))
        remote = value.get("remoteControl", False)
        if not isinstance(remote, bool):
            self.refuse(f"{path}.remoteControl", "must be true or false")
        elif remote and agent != CLAUDE:
            self.refuse(f"{path}.remoteControl", "may be true for claude only")
        command: tuple[str, ...] = ()
        if not is_client:
            command = self.words(f"{path}.command", value.get("command"))
        elif "command" in value:
            self.refuse(f"{path}.command", "is for the agent command only")
        if len(self.problems) > before:
            return None
        assert name is not None
        return WindowSpec(name, str(agent), model, effort, role, bool(remote), command)

    def _client_settings(
        self, path: str, value: Mapping[str, object], is_client: bool
    ) -> tuple[str | None, str | None]:
        if not is_client:
            for key in ("model", "effort"):
                if key in value:
                    self.refuse(f"{path}.{key}", "is for claude and codex only")
            return None, None
        effort = value.get("effort")
        if effort is not None:
            effort = self.shaped(
                f"{path}.effort",
                effort,
                _EFFORT,
                "must have 1 to 24 lower-case letters and hyphens, and begin with a letter",
            )
        return self.text(f"{path}.model", value.get("model")), effort


def check(value: object) -> tuple[FleetSpec | None, tuple[Problem, ...]]:
    """Return the fleet that *value* describes, or None and all that is wrong with it.

    Members that the format does not know are ignored.
    """
    checks = _Check()
    if not isinstance(value, dict):
        return None, (Problem("fleet", "must be an object { ... }"),)
    name = checks.text("name", value.get("name"), required=True)
    entries = value.get("windows")
    windows: list[WindowSpec] = []
    if not isinstance(entries, list) or not 1 <= len(entries) <= WINDOWS_MAX:
        checks.refuse("windows", f"must be a list of 1 to {WINDOWS_MAX} windows")
    else:
        names: dict[str, int] = {}
        for place, entry in enumerate(entries):
            path = f"windows[{place}]"
            window = checks.window(path, entry)
            named = entry.get("name") if isinstance(entry, dict) else None
            if isinstance(named, str) and names.setdefault(named, place) != place:
                checks.refuse(f"{path}.name", f"is the name of windows[{names[named]}], too")
            if window:
                windows.append(window)
    if checks.problems or name is None:
        return None, tuple(checks.problems)
    return FleetSpec(name, tuple(windows)), ()


def read_spec(text: str, path: str) -> FleetSpec:
    """Return the fleet that the file *path* with the content *text* describes.

    Raises:
        MalformedFile: it is no JSON, comments and commas after the last entry let through.
        BadFleet: it breaks a rule; the message names each place and rule.
    """
    spec, problems = check(parse(text, path, comments=True, commas=True).root.value)
    if spec is None:
        raise refusal(path, problems)
    return spec


def refusal(path: str, problems: tuple[Problem, ...]) -> BadFleet:
    """Return the error that tells of *problems* in the fleet of the file *path*."""
    lines = "".join(f"\n  {problem.path} {problem.rule}" for problem in problems)
    return BadFleet(
        f"{path} is no fleet:{lines}",
        path=path,
        problems=[problem._asdict() for problem in problems],
    )


def default_spec(folder: str) -> FleetSpec:
    """Return the fleet of a project in a folder of this name that describes none."""
    name = "" if _CONTROL.search(folder) else folder.strip()
    return FleetSpec(
        name or "fleet",
        (
            WindowSpec("main", CLAUDE, "opus[1m]", "xhigh", "captain", True),
            WindowSpec("max", CLAUDE, "opus[1m]", "max", remote_control=True),
            # No effort: the user's own configuration of Codex decides.
            WindowSpec("codex", CODEX, "gpt-5.5"),
        ),
    )


def session_name(fleet: str) -> str:
    """Return what the tmux session of a fleet of this name is called; tmux takes it as it is."""
    return _UNCLEAN.sub("-", fleet)[:SESSION_MAX_CHARS] or "fleet"


def is_session_name(text: str) -> bool:
    """Tell whether tmux takes *text* for the name of a session as it is."""
    return 0 < len(text) <= SESSION_MAX_CHARS and not _UNCLEAN.search(text)


def fleet_id(fleet: str, digits: str) -> str:
    """Return the id of a new fleet of this name, from eight random hex *digits*."""
    return f"{_UNCLEAN.sub('-', fleet)[:ID_BASE_MAX_CHARS] or 'fleet'}-{digits}"


def is_fleet_id(text: str) -> bool:
    """Tell whether *text* has the form of a fleet id."""
    return _FLEET_ID.fullmatch(text) is not None
