"""Which queued messages one read takes."""

from __future__ import annotations

from oxtail.core.envelope import Envelope
from oxtail.core.selection import Selection, choose, shortened


def message(name: str, at: int = 0, size: int = 1) -> Envelope:
    return Envelope(name, "x" * size, at)


def test_everything_that_fits_is_taken_oldest_first():
    queued = [message("c", 3), message("a", 1), message("b", 2)]
    assert choose(queued, max_messages=50, max_body_bytes=65536) == Selection(("a", "b", "c"), 0, 0)


def test_messages_of_one_second_keep_their_box_order():
    queued = [message("b", 1), message("a", 1), message("z", 0)]
    assert choose(queued, max_messages=9, max_body_bytes=99).taken == ("z", "b", "a")


def test_a_message_that_does_not_fit_stops_the_read_so_that_nothing_overtakes_it():
    queued = [message("a", 1, 10), message("big", 2, 95), message("small", 3, 1)]
    assert choose(queued, max_messages=9, max_body_bytes=100) == Selection(("a",), 2, 0)


def test_the_first_message_is_taken_however_large_it_is():
    queued = [message("big", 1, 500), message("small", 2, 1)]
    assert choose(queued, max_messages=9, max_body_bytes=100) == Selection(("big",), 1, 0)


def test_a_batch_that_fits_exactly_is_taken():
    queued = [message("a", 1, 60), message("b", 2, 40)]
    assert choose(queued, max_messages=2, max_body_bytes=100) == Selection(("a", "b"), 0, 0)


def test_bytes_are_counted_and_not_characters():
    queued = [Envelope("a", "é" * 30, 1), Envelope("b", "é" * 30, 2)]
    assert choose(queued, max_messages=9, max_body_bytes=100) == Selection(("a",), 1, 0)


def test_the_number_of_messages_is_bounded_and_never_below_one():
    queued = [message("a", 1), message("b", 2), message("c", 3)]
    assert choose(queued, max_messages=2, max_body_bytes=99) == Selection(("a", "b"), 1, 0)
    assert choose(queued, max_messages=0, max_body_bytes=99) == Selection(("a",), 2, 0)


def test_an_answer_that_somebody_waits_for_is_left_alone_and_not_called_deferred():
    queued = [message("answer", 1, 5000), message("a", 2)]
    chosen = choose(queued, max_messages=1, max_body_bytes=10, reserved=lambda m: m.id == "answer")
    assert chosen == Selection(("a",), 0, 1)


def test_a_queue_of_reserved_messages_yields_nothing():
    chosen = choose([message("a")], max_messages=9, max_body_bytes=9, reserved=lambda _: True)
    assert chosen == Selection((), 0, 1)


def test_a_repeated_id_counts_once():
    queued = [message("a", 1), message("a", 1), message("b", 2)]
    assert choose(queued, max_messages=1, max_body_bytes=99) == Selection(("a",), 1, 0)


def test_an_empty_queue_yields_nothing():
    assert choose([], max_messages=9, max_body_bytes=9) == Selection((), 0, 0)


def test_a_selection_is_shortened_from_its_end_and_never_to_nothing():
    queued = [message("a", 1), message("b", 2), message("c", 3)]
    chosen = Selection(("a", "b", "c"), 2, 1)
    asked = []

    def two(messages, left):
        asked.append((len(messages), left))
        return len(messages) <= 2

    assert shortened(chosen, queued, two) == Selection(("a", "b"), 3, 1)
    assert asked == [(3, 2), (2, 3)]
    assert shortened(chosen, queued, lambda *_: False) == Selection(("a",), 4, 1)
    assert shortened(Selection((), 0, 0), [], two) == Selection((), 0, 0)
