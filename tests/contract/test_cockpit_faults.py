"""Every known fault of earlier cockpits, and the tests that show it gone from this one.

The table may not lose a line, and a line may not name a test that is not there.
"""

from __future__ import annotations

from typing import Final

from helpers.naming import not_collected

SNAPSHOT: Final = "tests/unit/core/test_snapshot.py"
GRAPH: Final = "tests/unit/core/test_graph.py"
LOOK: Final = "tests/unit/app/test_fleet.py"
ACTIVITY: Final = "tests/unit/core/test_activity.py"
TABLE: Final = "tests/unit/cli/test_fleet_table.py"
PANES: Final = "tests/unit/wake/test_panes.py"
STATUS: Final = "tests/e2e/test_fleet.py"
LIFE: Final = "tests/e2e/test_lifecycle.py"
COMMAND: Final = "tests/e2e/test_fleet_command.py"
KEYS: Final = "tests/cockpit/test_life.py"
LOCKS: Final = "tests/unit/store/test_fleet_locks.py"
DOCK: Final = "tests/e2e/test_dock.py"
DOCKING: Final = "tests/e2e/test_dock_command.py"
JUMP: Final = "tests/unit/app/test_jump.py"
VIEW: Final = "tests/e2e/test_pane_view.py"
LIVENESS: Final = "tests/unit/core/test_liveness.py"
LOOKOUT: Final = "tests/unit/store/test_lookout.py"
OPERATOR: Final = "tests/unit/app/test_operator.py"
FILES: Final = "tests/unit/store/test_attachments.py"
SPEC: Final = "tests/unit/core/test_fleet_spec.py"

FAULTS: Final[dict[int, tuple[str, tuple[str, ...]]]] = {
    1: (
        "two agents that gave each other work pass for a deadlock",
        (
            f"{SNAPSHOT}::test_mutual_delegation_is_no_deadlock_and_fails_no_check",
            f"{GRAPH}::test_two_that_gave_each_other_work_are_not_deadlocked",
        ),
    ),
    2: (
        "of an agent's waits only the newest is seen, or none once that one is answered",
        (
            f"{SNAPSHOT}::test_all_waits_of_an_agent_stay_though_the_newest_is_answered",
            "tests/cockpit/test_watching.py::test_all_waits_of_an_agent_are_on_its_card_and_the_worst_is_in_its_row",
        ),
    ),
    3: (
        "a wait for somebody whose records are gone is no longer an orphan",
        (
            f"{SNAPSHOT}::test_a_wait_for_somebody_whose_records_are_gone_stays_an_orphan",
            "tests/unit/app/test_wait_graph.py::test_a_session_that_has_gone_leaves_an_orphan",
        ),
    ),
    4: (
        "a question is not seen while its asker is blocked on it",
        (
            f"{LOOK}::test_a_wait_is_seen_while_it_blocks",
            f"{SNAPSHOT}::test_a_question_that_somebody_waits_on_now_is_shown",
        ),
    ),
    5: (
        "an agent with two servers is dead once the newer one has ended",
        (
            f"{SNAPSHOT}::test_an_agent_lives_while_one_of_its_servers_does",
            f"{OPERATOR}::test_of_two_servers_of_an_agent_the_one_that_runs_counts",
        ),
    ),
    6: (
        "a dead agent is shown with the pane and the name of somebody who has its place now",
        (
            f"{SNAPSHOT}::test_a_dead_agent_borrows_no_pane_no_tool_and_no_mark",
            f"{STATUS}::test_agents_are_shown_with_their_panes_and_a_dead_one_keeps_none",
            f"{VIEW}::test_a_pane_speaks_for_the_agent_in_it_and_for_nobody_who_claims_it",
        ),
    ),
    7: (
        "a process that took over a pid is now an agent and now not",
        (
            f"{SNAPSHOT}::test_a_process_that_took_over_a_pid_is_no_agent_at_every_look",
            "tests/unit/identity/test_registry.py::test_a_recycled_pid_is_one_at_every_census",
        ),
    ),
    8: (
        "words of others on a screen make their agent active",
        (
            "tests/unit/wake/test_pane_view.py::test_words_of_others_on_the_screen_are_no_sign_of_work",
            f"{VIEW}::test_the_status_line_of_a_client_counts_and_the_same_words_elsewhere_do_not",
            "tests/e2e/clients/test_told.py::test_the_pane_of_a_real_client_shows_work_and_no_work",
        ),
    ),
    9: (
        "calls of some kinds, and calls that run beside one that is over, are not seen",
        (
            f"{ACTIVITY}::test_every_kind_of_codex_call_is_seen",
            f"{ACTIVITY}::test_codex_calls_end_with_their_outputs",
            f"{ACTIVITY}::test_an_earlier_call_of_the_same_batch_that_runs_counts_before_a_later_one_that_is_over",
        ),
    ),
    10: (
        "a terminal, a pipe and a program are told different things of one fleet",
        (
            f"{STATUS}::test_a_terminal_a_pipe_and_a_program_are_told_the_same",
            f"{VIEW}::test_the_status_line_of_a_client_counts_and_the_same_words_elsewhere_do_not",
            "tests/cockpit/test_verb.py::test_without_a_terminal_it_prints_what_status_prints",
        ),
    ),
    11: (
        "the comms log of programs lacks agents or messages that people see",
        (
            f"{TABLE}::test_people_and_programs_read_the_same_log",
            f"{SNAPSHOT}::test_the_log_holds_mail_of_the_background_and_of_those_without_an_id",
            f"{LOOK}::test_the_log_is_as_long_as_one_wants",
            f"{VIEW}::test_the_status_line_of_a_client_counts_and_the_same_words_elsewhere_do_not",
        ),
    ),
    12: (
        "a check that is red for a session that is gone never becomes green",
        (
            f"{LOOK}::test_a_check_becomes_green_when_a_person_knows_and_red_when_there_is_more",
            f"{SNAPSHOT}::test_what_a_person_knows_of_fails_no_check_until_there_is_more",
            "tests/cockpit/test_acting.py::test_trouble_that_a_person_acknowledges_is_known_at_the_next_look",
        ),
    ),
    13: (
        "a folder inside a project shows an empty fleet",
        (
            f"{LOOK}::test_a_folder_inside_a_project_means_the_project",
            f"{COMMAND}::test_a_folder_inside_a_project_means_the_project",
            f"{DOCKING}::test_without_a_fleet_or_a_terminal_a_shell_is_docked_and_nothing_is_shown",
        ),
    ),
    14: (
        "no window can be closed or removed once it has a strip",
        (
            f"{LIFE}::test_a_strip_does_not_stand_in_the_way_of_closing_its_window",
            f"{DOCKING}::test_strips_keep_no_window_from_being_closed_or_removed",
        ),
    ),
    15: (
        "an act on a dead row hits whoever has its pane now",
        (
            f"{LIFE}::test_a_pane_that_changes_after_the_plan_is_not_touched",
            f"{LIFE}::test_tmux_itself_compares_the_marks_in_the_moment_of_acting",
            f"{JUMP}::test_the_pane_of_the_snapshot_does_not_count",
            f"{KEYS}::test_an_agent_that_does_not_run_offers_no_window_and_no_reset",
            "tests/cockpit/test_acting.py::test_an_agent_that_died_since_it_was_shown_gets_nothing",
            "tests/cockpit/test_watching.py::test_a_question_is_bound_to_the_agent_that_it_was_asked_about",
        ),
    ),
    16: (
        "a run that is broken off keeps its project locked, and one that is slow loses the lock",
        (
            f"{LIFE}::test_a_canceled_run_ends_between_two_windows_and_frees_the_lock",
            f"{COMMAND}::test_a_signal_in_the_middle_of_a_spawn_frees_the_lock_for_the_next_run",
            f"{COMMAND}::test_a_run_that_is_killed_leaves_nothing_that_stops_the_next",
            f"{LOCKS}::test_it_is_held_once_and_freed_by_an_exception",
            f"{LOCKS}::test_a_holder_that_is_slow_keeps_its_folder_young",
            f"{DOCKING}::test_an_interrupted_start_leaves_no_lock_and_is_taken_up_again",
        ),
    ),
    17: (
        "a client that asks something is waited for in vain, and what it asks is not shown",
        (
            "tests/e2e/test_bring_up.py::test_a_question_ends_the_wait_with_what_the_pane_shows",
            "tests/unit/wake/test_pane_front.py::test_what_a_real_client_asks_is_known",
            "tests/unit/app/test_bringup.py::test_a_client_whose_question_was_answered_meanwhile_is_up",
            f"{DOCKING}::test_without_a_fleet_or_a_terminal_a_shell_is_docked_and_nothing_is_shown",
            "tests/e2e/clients/test_bring_up.py::test_a_question_ends_the_wait_long_before_its_time",
        ),
    ),
    18: (
        "a name that tmux completes or splits leads to another session or window",
        (
            f"{LIFE}::test_a_missing_session_is_never_completed_to_another_one",
            f"{LIFE}::test_names_that_tmux_could_complete_or_split_are_no_targets",
            f"{DOCK}::test_a_session_whose_name_begins_like_it_is_another_one",
            f"{DOCK}::test_each_window_gets_one_strip_whatever_it_is_called",
            "tests/e2e/test_jump.py::test_ones_own_terminal_goes_to_the_pane_and_back_home",
        ),
    ),
    19: (
        "in a plain locale tmux changes what separates the fields, and every mark is lost",
        (
            f"{LIFE}::test_a_server_in_a_plain_locale_loses_no_mark",
            f"{DOCK}::test_each_window_gets_one_strip_whatever_it_is_called",
            "tests/e2e/test_jump.py::test_names_that_the_locale_cannot_show_are_told_as_they_are",
        ),
    ),
    20: (
        "a dock goes to windows that nobody sees, and says that it went",
        (
            f"{JUMP}::test_a_dock_whose_agents_live_in_another_session_moves_a_terminal_there",
            f"{JUMP}::test_a_dock_goes_to_the_dock_of_the_agents_window_and_moves_no_terminal",
            f"{DOCK}::test_a_window_that_came_later_gets_its_strip_where_others_have_one",
            "tests/cockpit/test_keys.py::test_each_key_does_what_the_table_says",
            f"{DOCKING}::test_a_window_that_sync_adds_to_a_docked_fleet_is_docked",
        ),
    ),
    21: (
        "a second terminal elsewhere keeps one's own from going",
        (
            "tests/unit/core/test_jump.py::test_ones_own_terminal_on_the_session_goes_without_doubt",
            "tests/e2e/test_jump.py::test_ones_own_terminal_goes_to_the_pane_and_back_home",
        ),
    ),
    22: (
        "changed settings are never applied, and a save loses what it does not know",
        (
            f"{LIFE}::test_changed_settings_are_told_and_applied_only_on_demand",
            f"{SPEC}::test_comments_and_unknown_members_survive_a_save",
            f"{KEYS}::test_each_key_of_the_editor_changes_what_it_says",
        ),
    ),
    23: (
        "an operator's text is typed, with the authority of the user, and seen twice",
        (
            "tests/e2e/test_operator.py::test_the_message_is_never_typed_and_is_shown_once_in_its_frame",
            "tests/e2e/clients/test_told.py::test_a_message_is_seen_once_in_its_frame_and_cannot_be_answered",
        ),
    ),
    24: (
        "an operator's message has no bound, and agents in the background can be told nothing",
        (
            f"{OPERATOR}::test_a_message_is_as_long_as_one_of_a_peer",
            "tests/contract/test_cli_json.py::test_errors_of_an_operator",
            "tests/unit/core/test_operator.py::test_an_agent_in_the_background_can_be_addressed",
        ),
    ),
    25: (
        "a look costs processes for each agent, and a tmux that hangs stops everything",
        (
            f"{LOOK}::test_a_look_asks_tmux_once_whatever_the_size_of_the_fleet",
            f"{STATUS}::test_one_look_runs_tmux_once",
            f"{LOOK}::test_a_second_look_reads_no_box_and_no_ledger_again",
            f"{PANES}::test_a_tmux_that_hangs_is_given_up",
            f"{LOOK}::test_without_tmux_nobody_is_hidden_and_the_reason_is_told",
            "tests/unit/identity/test_process.py::test_comparing_a_start_runs_no_program",
            "tests/e2e/test_tmux.py::test_screens_are_seen_in_the_one_call_that_lists_panes",
            "tests/unit/app/test_pane_watch.py::test_one_look_asks_tmux_once_whatever_it_looks_into",
            "tests/cockpit/test_feed.py::test_a_look_that_hangs_is_known_to_hang_and_another_one_is_not_begun",
            "tests/cockpit/test_feed.py::test_while_nothing_changes_files_are_statted_and_nothing_is_looked_at",
            "tests/cockpit/test_watching.py::test_what_is_old_is_called_old",
        ),
    ),
    26: (
        "no mouse, no search, no way to what is wrong, and no thread of an answer",
        (
            "tests/cockpit/test_watching.py::test_a_click_puts_the_cursor_on_an_agent",
            "tests/cockpit/test_keys.py::test_each_key_does_what_the_table_says",
            "tests/property/test_any_trouble_order.py::test_trouble_first_leaves_nobody_out_and_keeps_the_order_of_equals",
            "tests/cockpit/test_transcript.py::test_the_end_of_a_transcript_is_shown_and_can_be_scrolled",
            "tests/cockpit/test_transcript.py::test_the_transcripts_of_both_clients_are_read_from_their_files",
            "tests/cockpit/test_order.py::test_the_cursor_stays_with_its_agent_when_the_order_changes",
        ),
    ),
}
"""By number: what went wrong, and the tests."""

CHECKS: Final[dict[str, tuple[str, ...]]] = {
    "the rules of liveness, at and beside each of their bounds": (
        f"{LIVENESS}::test_the_first_rule_that_matches_decides",
        f"{SNAPSHOT}::test_who_awaits_a_person_and_who_may_be_stuck",
    ),
    "new output of a pane alone makes nobody active": (
        f"{SNAPSHOT}::test_output_of_a_pane_alone_makes_nobody_active",
    ),
    "a time in the future is unknown": (
        f"{LIVENESS}::test_an_age_from_the_future_is_unknown_and_a_small_skew_is_none",
    ),
    "a process that is not there is dead, and has no tool": (
        f"{SNAPSHOT}::test_a_dead_agent_borrows_no_pane_no_tool_and_no_mark",
    ),
    "two lines and half of a third are two messages, not surely all": (
        f"{LOOKOUT}::test_a_torn_line_makes_the_count_less_sure",
        f"{SNAPSHOT}::test_a_box_that_cannot_be_read_makes_the_count_less_sure",
    ),
    "only open work is owed": (
        f"{LOOKOUT}::test_open_work_is_seen_through_its_life",
        f"{SNAPSHOT}::test_obligations_come_with_their_deadlines",
    ),
    "a question that was answered is no wait": (f"{LOOK}::test_an_answered_wait_is_gone",),
    "a wait for somebody who does not run is an orphan": (
        f"{SNAPSHOT}::test_a_record_without_a_target_finds_it_in_the_ledgers",
        f"{GRAPH}::test_a_wait_that_nobody_will_end_is_an_orphan",
    ),
    "a circle, one with somebody who does not run, and none": (
        f"{SNAPSHOT}::test_two_that_are_blocked_on_each_other_are_a_deadlock",
        f"{SNAPSHOT}::test_a_circle_with_a_dead_member_is_only_possible",
        f"{SNAPSHOT}::test_a_chain_is_no_circle",
    ),
    "who is in the background, and who never is": (
        f"{SNAPSHOT}::test_who_runs_outside_every_pane_is_in_the_background",
        f"{SNAPSHOT}::test_nobody_is_hidden_without_reason",
    ),
    "hints and those who await a person fail no check": (
        f"{SNAPSHOT}::test_hints_and_those_who_await_a_person_fail_no_check",
    ),
    "no text of others steers a screen or becomes markup": (
        f"{SNAPSHOT}::test_no_text_of_others_steers_a_screen",
        "tests/property/test_any_fleet.py::test_any_facts_make_a_fleet_that_can_be_shown",
        "tests/property/test_any_report.py::test_a_hostile_text_stays_text_wherever_it_stands",
    ),
    "an operator's message has no sender, and no reply to it is possible": (
        f"{OPERATOR}::test_a_message_says_that_an_operator_sent_it_and_names_no_sender",
        f"{OPERATOR}::test_it_lies_in_the_ledger_and_a_reply_to_it_fails",
    ),
    "an operator reaches no process that took over a pid": (
        f"{OPERATOR}::test_a_process_that_took_the_pid_for_another_session_is_not_the_agent",
    ),
    "an operator's wakes are throttled, and an empty message is refused": (
        f"{OPERATOR}::test_a_second_wake_at_once_is_held_back_and_the_message_is_not",
        f"{OPERATOR}::test_an_empty_message_is_refused",
    ),
    "files: links, folders, large ones, quoted paths": (
        f"{FILES}::test_a_link_is_followed_and_a_quoted_path_is_understood",
        f"{FILES}::test_what_is_no_regular_file_is_refused",
        f"{FILES}::test_a_large_file_is_refused_also_one_that_grows",
    ),
    "in doubt a jump changes nothing": (
        f"{JUMP}::test_nothing_is_changed_where_it_is_not_clear_who_should_go",
        f"{JUMP}::test_a_dry_run_resolves_everything_and_changes_nothing",
        "tests/e2e/test_jump.py::test_doubt_changes_nothing_and_a_name_decides",
    ),
    "a name that is taken is refused": (
        f"{LIFE}::test_a_session_of_that_name_refuses_a_spawn_and_one_with_a_longer_name_does_not",
    ),
    "the mark of a pane survives its restart, and what a person split survives a reset": (
        f"{LIFE}::test_the_mark_survives_a_restart_and_a_human_split_does_too",
    ),
    "panes of others, renamed and marked anew ones included, are left alone": (
        f"{LIFE}::test_foreign_panes_survive_sync_reset_and_teardown",
        f"{LIFE}::test_a_pane_that_changes_after_the_plan_is_not_touched",
    ),
    "nothing is removed after an addition failed": (
        f"{LIFE}::test_nothing_is_removed_after_an_addition_failed",
    ),
    "the last window is not closed, and a strip is no reason not to close one": (
        f"{LIFE}::test_a_window_with_a_foreign_pane_and_the_last_window_are_not_killed",
        f"{LIFE}::test_a_strip_does_not_stand_in_the_way_of_closing_its_window",
    ),
    "each bad value of a fleet's file is refused, and a damaged one is no default": (
        f"{SPEC}::test_each_bad_value_is_refused_at_its_place",
        f"{SPEC}::test_what_is_no_json_object_is_an_error_and_not_the_default",
    ),
}
"""What a cockpit has to get right, and the tests that look."""

NAMED: Final = [
    *(name for _, names in FAULTS.values() for name in names),
    *(name for names in CHECKS.values() for name in names),
]


def test_no_fault_is_forgotten() -> None:
    assert list(FAULTS) == list(range(1, 27))
    assert all(words and names for words, names in FAULTS.values())


def test_each_test_that_is_named_is_collected() -> None:
    assert not_collected(NAMED) == []
