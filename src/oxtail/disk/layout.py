"""Every path under the state folder; nothing else builds paths.

``docs/formats/README.md`` says what lies where and who reads it.
"""

from __future__ import annotations

from oxtail.core.names import (
    check_box,
    check_host_id,
    check_message_id,
    hash32,
    pair_hash32,
    safe_name,
    session_box,
)
from oxtail.core.value import Value


def join(folder: str, name: str) -> str:
    """Return the path of *name* in *folder*, without the cases that do not occur here."""
    return f"{folder}/{name}"


class Layout(Value):
    """The paths below one state folder (*home*)."""

    home: str

    @property
    def mailboxes(self) -> str:
        """Folder of all boxes."""
        return join(self.home, "mailboxes")

    @property
    def received(self) -> str:
        """Folder of all ledgers."""
        return join(self.home, "received")

    @property
    def sessions(self) -> str:
        """Folder of the registry entries."""
        return join(self.home, "sessions")

    @property
    def claimed(self) -> str:
        """Folder of mail that was taken and not yet acknowledged; only Python peers use it."""
        return join(self.home, "claimed")

    @property
    def known(self) -> str:
        """Folder of sessions that may come back; only Python peers use it."""
        return join(self.home, "known")

    @property
    def asks(self) -> str:
        """Folder of questions that a live process waits on; only Python peers use it."""
        return join(self.home, "asks")

    @property
    def pending_asks(self) -> str:
        """Folder of questions that nobody waits on any more."""
        return join(self.home, "pending-ask")

    @property
    def work(self) -> str:
        """Folder of intents to close work; only Python peers use it."""
        return join(self.home, "work")

    @property
    def receipts(self) -> str:
        """Folder of proofs that a message was shown."""
        return join(self.home, "receipts")

    @property
    def outbox(self) -> str:
        """Folder of the senders' records."""
        return join(self.home, "outbox")

    @property
    def journals(self) -> str:
        """Folder of senders' records that are not filed yet; only Python peers use it."""
        return join(self.home, "sent")

    @property
    def evidence(self) -> str:
        """Folder of what is known of a message beside its receipt; only Python peers use it."""
        return join(self.home, "evidence")

    @property
    def bells(self) -> str:
        """Folder of the doorbells; only Python peers use it."""
        return join(self.home, "bells")

    @property
    def damaged(self) -> str:
        """Folder of what was found broken and set aside."""
        return join(self.home, "damaged")

    @property
    def activity(self) -> str:
        """Folder of busy and idle markers."""
        return join(self.home, "activity")

    @property
    def autowake(self) -> str:
        """Folder of the records that keep automatic wakes rare."""
        return join(self.home, "autowake")

    @property
    def pending_wakes(self) -> str:
        """Folder of wishes to wake npm peers, which their own servers carry out."""
        return join(self.home, "pending-wake")

    @property
    def waiter_wakes(self) -> str:
        """Folder of when sessions were last woken by those who wait for them."""
        return join(self.home, "waiter-wake")

    @property
    def reminded(self) -> str:
        """Folder of which overdue work was told of; only Python peers use it."""
        return join(self.home, "reminded")

    @property
    def doors(self) -> str:
        """Folder of what keeps two senders from one pane; only Python peers use it."""
        return join(self.home, "doors")

    @property
    def sticky_claims(self) -> str:
        """Folder of remembered identities."""
        return join(self.home, "claims")

    @property
    def session_starts(self) -> str:
        """Folder of what SessionStart hooks leave behind."""
        return join(self.home, "session-starts")

    @property
    def by_session(self) -> str:
        """Folder of links from sessions to their boxes, for hooks; only Python peers make them."""
        return join(self.home, "by-session")

    @property
    def lineage(self) -> str:
        """Folder of which session id follows which; only Python peers use it."""
        return join(self.home, "lineage")

    @property
    def expired(self) -> str:
        """Folder of mail that nobody came back for; only Python peers use it."""
        return join(self.home, "expired")

    def expired_mail(self, box: str, ids: tuple[str, ...]) -> str:
        """Path of mail of the box *box* that is set apart; ValueError if that is no box name."""
        return join(self.expired, f"{check_box(box)}.{hash32(' '.join(ids))[:16]}.jsonl")

    def expiry(self, message_id: str) -> str:
        """Path of the proof that a message was set apart; ValueError if that is no message id."""
        return join(self.evidence, "e-" + check_message_id(message_id))

    def lineage_lock(self) -> str:
        """Path of what is locked while the lineage is changed."""
        return join(self.lineage, "lock")

    def past(self, session_id: str) -> str:
        """Path of the record of the earlier ids of a session."""
        return join(self.lineage, hash32(session_id) + ".json")

    def successor(self, session_id: str) -> str:
        """Path of the record of the id that follows *session_id*."""
        return join(self.lineage, hash32(session_id) + ".next")

    @property
    def search(self) -> str:
        """Folder of the search index; only Python peers use it."""
        return join(self.home, "search")

    @property
    def search_index(self) -> str:
        """Path of the search index."""
        return join(self.search, "index.sqlite")

    @property
    def nats(self) -> str:
        """Folder of what joins this host with others; only Python peers use it."""
        return join(self.home, "nats")

    @property
    def nats_config(self) -> str:
        """Path of how the engine between hosts is reached."""
        return join(self.nats, "config.json")

    @property
    def nats_host(self) -> str:
        """Path of who this host is."""
        return join(self.nats, "host.json")

    @property
    def nats_state(self) -> str:
        """Path of what the carrier last said of itself."""
        return join(self.nats, "state.json")

    @property
    def carrier_lock(self) -> str:
        """Path of what is locked by the one process that carries mail between hosts."""
        return join(self.nats, "carrier.lock")

    @property
    def arrivals(self) -> str:
        """Folder of mail from other hosts of which these want to hear."""
        return join(self.nats, "arrived")

    @property
    def hosts(self) -> str:
        """Folder of what other hosts say of themselves; only Python peers use it."""
        return join(self.home, "remote")

    def other_host(self, host_id: str) -> str:
        """Path of what another host says of itself; ValueError if that is no host id."""
        return join(self.hosts, check_host_id(host_id) + ".json")

    def arrival(self, message_id: str) -> str:
        """Path of the record of a message from another host; ValueError if that is no id."""
        return join(self.arrivals, check_message_id(message_id))

    def carried(self, message_id: str) -> str:
        """Path of where a message was carried to; ValueError if that is no message id."""
        return join(self.evidence, "r-" + check_message_id(message_id))

    def box(self, name: str) -> str:
        """Path of the box *name*; ValueError if that is no box name."""
        return join(self.mailboxes, check_box(name) + ".jsonl")

    def box_of(self, session_id: str) -> str:
        """Path of the box of a session."""
        return self.box(session_box(session_id))

    def ledger(self, session_id: str) -> str:
        """Path of the ledger of a session."""
        return join(self.received, hash32(session_id) + ".jsonl")

    def receipt(self, message_id: str) -> str:
        """Path of the receipt of a message; ValueError if that is no message id."""
        return join(self.receipts, check_message_id(message_id))

    def sent(self, message_id: str) -> str:
        """Path of the sender's record of a message; ValueError if that is no message id."""
        return join(self.outbox, check_message_id(message_id))

    def offered(self, message_id: str) -> str:
        """Path of the latest offer of a message; ValueError if that is no message id."""
        return join(self.evidence, "o-" + check_message_id(message_id))

    def in_context(self, message_id: str) -> str:
        """Path of where a message was found; ValueError if that is no message id."""
        return join(self.evidence, "c-" + check_message_id(message_id))

    def ask(self, session_id: str, request_id: str) -> str:
        """Path of the record of a question that is being waited on."""
        return join(self.asks, "a-" + pair_hash32(session_id, request_id))

    def pending_ask(self, session_id: str, request_id: str) -> str:
        """Path of the record of a question that nobody waits on any more."""
        return join(self.pending_asks, "p-" + pair_hash32(session_id, request_id))

    def closing(self, session_id: str, message_id: str) -> str:
        """Path of the intent to close the work *message_id* that *session_id* owes."""
        return join(self.work, "c-" + pair_hash32(session_id, message_id))

    def entry(self, pid: int) -> str:
        """Path of the registry entry of a process."""
        return join(self.sessions, f"{int(pid)}.json")

    def marker(self, session_id: str) -> str:
        """Path of the busy or idle marker of a session; ValueError if the id is empty."""
        if not session_id:
            raise ValueError("an empty session id has no marker")
        return join(self.activity, safe_name(session_id))

    def woken_for(self, session_id: str, reply_to: str) -> str:
        """Path of the record that a session was woken for an answer to *reply_to*."""
        return join(self.autowake, "d-" + pair_hash32(session_id, reply_to))

    def woken_at(self, session_id: str) -> str:
        """Path of the record of when a session was last woken unasked."""
        return join(self.autowake, "r-" + hash32(session_id))

    def pending_wake(self, session_id: str, message_id: str) -> str:
        """Path of the wish that a session is woken for a message."""
        return join(self.pending_wakes, "w-" + pair_hash32(session_id, message_id))

    def waiter_wake(self, session_id: str) -> str:
        """Path of the record of when a session was last woken by those who wait for it."""
        return join(self.waiter_wakes, hash32(session_id))

    def waiter_wake_lock(self, session_id: str) -> str:
        """Path of what is locked while that is decided.

        There are 256 of them, so that they need no sweeping; two sessions may share one.
        """
        return join(self.waiter_wakes, "lock-" + hash32(session_id)[:2])

    def reminder(self, message_id: str, deadline: int) -> str:
        """Path of the record that somebody was told that work is past this deadline."""
        return join(self.reminded, "o-" + pair_hash32(message_id, str(deadline)))

    def typed_at(self, session_id: str) -> str:
        """Path of the record of when keys were last typed for a session."""
        return join(self.doors, "t-" + hash32(session_id))

    def pane_lock(self, pane: str) -> str:
        """Path of what is locked while somebody types into *pane*.

        There are 256 of them, so that they need no sweeping; two panes may share one.
        """
        return join(self.doors, "pane-" + hash32(pane)[:2])

    @property
    def traffic(self) -> str:
        """Folder of what has passed of late; only Python peers use it."""
        return join(self.home, "traffic")

    def traffic_between(self, one: str, other: str) -> str:
        """Path of what passed between two sessions, in both directions."""
        return join(self.traffic, "p-" + pair_hash32(*sorted((one, other))))

    def traffic_of(self, sender: str) -> str:
        """Path of what a session has sent to anybody."""
        return join(self.traffic, "s-" + hash32(sender))

    def matter(self, text: str) -> str:
        """Path of when a matter came up last."""
        return join(self.traffic, "m-" + hash32(text))

    @property
    def policies(self) -> str:
        """Folder of the policies; only Python peers use it."""
        return join(self.home, "policy")

    def session_policy(self, session_id: str) -> str:
        """Path of the policy of a session."""
        return join(self.policies, hash32(session_id) + ".json")

    def project_policy(self, root: str) -> str:
        """Path of the policy of a project."""
        return join(self.policies, "p-" + hash32(root) + ".json")

    @property
    def acknowledgements(self) -> str:
        """Folder of the trouble that a person knows of; only Python peers use it."""
        return join(self.home, "acknowledged")

    def acknowledgement(self, root: str | None) -> str:
        """Path of what is known of one project, or of all of them."""
        return join(self.acknowledgements, f"{'all' if root is None else hash32(root)}.json")

    @property
    def fleet(self) -> str:
        """Path of the fleet of projects that describe none."""
        return join(self.home, "fleet.json")

    @property
    def attachments(self) -> str:
        """Folder of the private copies of files that went along with messages."""
        return join(self.home, "attachments")

    def attachment(self, name: str) -> str:
        """Path of such a copy; ValueError if that is no name of one."""
        from oxtail.core.attachment import check_copy

        return join(self.attachments, check_copy(name))

    @property
    def operator_wakes(self) -> str:
        """Folder of when an operator last woke a session."""
        return join(self.home, "operator-wake")

    def operator_wake(self, session_id: str) -> str:
        """Path of the record of when an operator last woke a session."""
        return join(self.operator_wakes, hash32(session_id))

    def notices(self) -> str:
        """Path of the lines for the human; only Python peers use it."""
        return join(self.home, "notices.jsonl")

    def known_session(self, session_id: str) -> str:
        """Path of the record of a session that may come back."""
        return join(self.known, hash32(session_id) + ".json")

    def session_start(self, session_id: str) -> str:
        """Path of what the hook leaves behind when *session_id* starts."""
        if not session_id:
            raise ValueError("an empty session id has no start")
        return join(self.session_starts, safe_name(session_id))

    def sticky_claim(self, client_type: str, cwd: str, session_id: str) -> str:
        """Path of the remembered identity of a session."""
        return join(self.sticky_claims, hash32(f"{client_type} {cwd} {session_id}") + ".json")
