"""What an agent leaves in the environment of what it starts."""

from __future__ import annotations

from oxtail.core.clean_environ import agent_variables


def test_what_names_a_session_goes_and_settings_stay() -> None:
    names = (
        *(
            "PATH",
            "ANTHROPIC_API_KEY",
            "CLAUDE_CONFIG_DIR",
            "CODEX_HOME",
            "CLAUDE_CODE_USE_BEDROCK",
        ),
        *("CODEX_THREAD_ID", "CLAUDECODE", "CLAUDE_CODE_MESSAGING_TOKEN", "OXTAIL_SESSION_ID"),
        *("OXTAIL_HOME", "TMUX"),
    )
    assert agent_variables(names) == (
        *("CLAUDECODE", "CLAUDE_CODE_MESSAGING_TOKEN", "CODEX_THREAD_ID", "OXTAIL_SESSION_ID"),
    )
