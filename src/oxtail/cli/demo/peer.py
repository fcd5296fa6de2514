"""A Python program that takes part as a peer: it builds when asked, and tells whom it should.

Started by the demo as a process of its own.  It uses nothing but the public interface.
"""

from __future__ import annotations

import os
import sys

import oxtail

NAME = "builder"
DONE = "that is all, thank you"


def work(me: oxtail.Participant, message: oxtail.Message) -> bool:
    """Deal with one message; return whether there may be more to do."""
    if message.is_question:
        # "build, then tell TARGET" is a hand-over; anything else is only a question.
        _, _, target = message.body.partition("then tell ")
        if target:
            told = me.send(target, "the build is green")
            me.reply(message, f"built; told {target} in message {told.message_id}")
        else:
            me.reply(message, "212 tests passed")
    return message.body != DONE


def main() -> None:
    """Take part until told to stop, or until nobody is there to tell."""
    parent = os.getppid()
    with oxtail.join(name=NAME, purpose="builds and tests") as me:
        sys.stdout.write(me.id + "\n")
        sys.stdout.flush()
        more = True
        while more and os.getppid() == parent:
            if me.wait(0.5):
                with me.inbox() as messages:
                    for message in messages:
                        more = work(me, message) and more


if __name__ == "__main__":
    main()
