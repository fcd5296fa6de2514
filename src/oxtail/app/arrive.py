"""What the carrier of this host does here: mail that comes in, and what other hosts are told.

Mail from another host is judged here as a sender of this host would judge it before it sends:
whose it is, who reads it now, what the receiver's policy says, whether there is room.  Only then it
is committed, its receiver woken, and its sender's host told what becomes of it.  See
:class:`oxtail.store.nats.local.Local` for the calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.app.announce import describe
from oxtail.app.governor import is_empty
from oxtail.app.ids import all_ids
from oxtail.app.locate import project_key
from oxtail.app.returned import FULL, NOT_ITS_SESSION, OTHER_PROJECT, POLICY, UNKNOWN
from oxtail.app.shelf import check_room
from oxtail.app.wake import wake_after_send, wake_for_ask
from oxtail.core.address import Route, route_to, route_to_held, route_to_known
from oxtail.core.arrival import SETTLED, UNKNOWN_SENDER, Arrived
from oxtail.core.entry import Entry, Known
from oxtail.core.evidence import Elsewhere, Stage
from oxtail.core.governor import Limits, Passed, decide, hops_of
from oxtail.core.mail import Receipt
from oxtail.core.names import held_box, session_box
from oxtail.core.notice import Notice
from oxtail.core.passing import HANDED_ON, handed_on
from oxtail.core.policy import REFUSE, RELEASED, Sender
from oxtail.core.remote import Report, arrived, without
from oxtail.errors import MailboxFull

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from oxtail.app.announce import Here
    from oxtail.app.context import Context
    from oxtail.core.arrival import Arrival
    from oxtail.core.envelope import Envelope
    from oxtail.core.remote import Mail, RemoteHost
    from oxtail.ports import Arrivals

KEEP_SECONDS: Final = 7 * 86_400
"""How long after its arrival the sender of a message is told of it; receipts last as long."""

CONTEXT_SECONDS: Final = 600
"""How long after it was shown a message is looked for in its receiver's transcript."""

FRESH_SECONDS: Final = 600
"""Mail that came a shorter time ago is looked at each time, other mail now and then."""

OLD_LOOK_SECONDS: Final = 30.0

_WAKE: Final = "wake"
_SLACK: Final = 2
"""How much more passes here than there: times come in whole seconds, and no mail may be lost."""


class Arriving:
    """This host, as its carrier sees it; see :class:`oxtail.store.nats.local.Local`.

    Args:
        ctx: A context of this host that has no session of its own.
        here: Who this host is.
        arrivals: What came from other hosts.
    """

    def __init__(self, ctx: Context, here: Here, arrivals: Arrivals) -> None:
        self._ctx = ctx
        self._here = here
        self._arrivals = arrivals
        self._open = {each.message_id: each for each in arrivals.all()}
        self._old_due = 0.0

    # ------------------------------------------------------------------ who is where

    def describe(self) -> RemoteHost:
        """Return what this host says of itself, in one part."""
        return describe(self._ctx, self._here)

    def heard(self, host: RemoteHost) -> bool:
        """Keep what another host says of itself; tell whether all of it was believed."""
        ctx = self._ctx
        stolen = ctx.hosts.keep(host, self._own_sessions().__contains__)
        for session_id in stolen:
            matter = f"session_of_two_hosts {host.host_id} {session_id}"
            if ctx.traffic.is_news(matter, ctx.clock.now()):
                text = f"host {host.name} ({host.host_id}) claims {session_id}: not believed"
                self.say("session_of_two_hosts", text)
        return not stolen

    def still_there(self, hosts: Collection[str]) -> None:
        """Keep that *hosts* are there, and have nothing new to say."""
        self._ctx.hosts.touch(hosts)

    def _own_sessions(self) -> frozenset[str]:
        registry = self._ctx.registry
        running = (entry.session_id for entry in registry.entries())
        return frozenset((*filter(None, running), *(k.session_id for k in registry.known())))

    def relays(self) -> tuple[str, ...]:
        """Return the hosts that mail may have to be carried to."""
        return tuple(sorted(self._ctx.hosts.hosts()))

    # ------------------------------------------------------------------ mail that comes in

    def arrive(self, mail: Mail, host: str) -> Arrival:
        """Take over mail of *host*; once this returns a settled arrival it is committed."""
        ctx, sender = self._ctx, mail.envelope.from_session_id
        if sender is not None and not ctx.hosts.is_of(host, sender):
            return UNKNOWN_SENDER
        if self._arrivals.get(mail.envelope.id):
            return SETTLED
        # Whom a message comes from, and whether a person let it through, only this host can say.
        envelope = without(mail.envelope, RELEASED)._replace(origin="peer")
        if handed := handed_on(envelope):
            from oxtail.app.passing import pass_on

            pass_on(ctx, self._here.host_id, mail, host, handed, self._receiver)
        envelope = without(envelope, HANDED_ON)
        peer = self._receiver(mail.to)
        refusal, is_held, is_owed = self._judged(peer, mail, envelope)
        if peer is None or refusal:
            self._refuse(mail, host, refusal or UNKNOWN)
            return SETTLED
        if is_owed and ctx.policies.are_set():
            # Once it is there nothing shows any more that it was owed, and readers judge anew.
            envelope = envelope._replace(extra=(*envelope.extra, (RELEASED, True)))
        self._commit(peer, arrived(envelope, host), is_held)
        self._remember(Arrived(envelope.id, host, peer.session_id or mail.to, self._now()))
        if not is_held:
            self._wake(peer, envelope)
        return SETTLED

    def refuse(self, mail: Mail, host: str) -> None:
        """Keep that *mail*, whose sender is none of *host*, was not taken, so that it is told."""
        if self._arrivals.get(mail.envelope.id) is None:
            self._refuse(mail, host, NOT_ITS_SESSION)

    def _now(self) -> int:
        return int(self._ctx.clock.now())

    def _receiver(self, session_id: str) -> Entry | Known | None:
        """Return who *session_id* is now, in whatever project, or None if nobody knows it."""
        ctx = self._ctx
        names = tuple(dict.fromkeys((session_id, ctx.lineage.heir(session_id))))
        for name in reversed(names):
            for entry in ctx.registry.answering(name):
                if entry.session_id == name:
                    return entry
        known = {each.session_id: each for each in ctx.registry.known()}
        return next((known[name] for name in reversed(names) if name in known), None)

    def _judged(
        self, peer: Entry | Known | None, mail: Mail, envelope: Envelope
    ) -> tuple[str | None, bool, bool]:
        """Return why the message is refused, or None; whether it is held; whether it is owed."""
        ctx = self._ctx
        if peer is None:
            return UNKNOWN, False, False
        key = project_key(ctx, peer)
        is_same = key is not None and key == mail.project
        if not is_same and not self._follows(mail, peer):
            return OTHER_PROJECT, False, False
        try:
            check_room(ctx, peer)
        except MailboxFull:
            return FULL, False, False
        is_owed = self._is_owed(peer, envelope)
        if not is_owed and (reason := self._damped(peer, envelope)):
            return reason, False, False
        if is_owed or not ctx.policies.are_set():
            return None, False, is_owed
        from oxtail.app.policy import check_held_room, rule_about

        sender = envelope.from_session_id
        rule = rule_about(ctx, peer, lambda: self._sender(sender))
        if rule is None:
            return None, False, is_owed
        if rule.action == REFUSE or peer.session_id is None:
            return POLICY, False, False
        try:
            check_held_room(ctx, peer.session_id)
        except MailboxFull:
            return FULL, False, False
        return None, True, False

    def _follows(self, mail: Mail, peer: Entry | Known) -> bool:
        """Tell whether the message is about one that its receiver has sent to its sender."""
        source = mail.envelope.source_message_id
        sender = mail.envelope.from_session_id
        sent = self._ctx.store.sent(source) if source and sender else None
        if sent is None or sent.target_session_id not in all_ids(self._ctx, sender or ""):
            return False
        ids = (peer.session_id, *self._ctx.lineage.former(peer.session_id or ""))
        return sent.from_session_id in ids

    def _is_owed(self, peer: Entry | Known, envelope: Envelope) -> bool:
        from oxtail.app.owed import is_owed

        if peer.session_id is None or envelope.from_session_id is None:
            return False
        to = (peer.session_id, *self._ctx.lineage.former(peer.session_id))
        return is_owed(self._ctx, envelope, all_ids(self._ctx, envelope.from_session_id), to)

    def _sender(self, session_id: str | None) -> Sender:
        ids = all_ids(self._ctx, session_id) if session_id else ()
        names = (n.name for n in self._ctx.hosts.neighbors() if n.session_id in ids)
        return Sender(ids, next(names, None))

    def _damped(self, peer: Entry | Known, envelope: Envelope) -> str | None:
        """Return which limit stops the message, and remember it if none does.

        Its sender's own host has judged it already, so this is for a host that does not.  What was
        sent while no server could be reached comes at once, so it counts when it was sent.
        """
        ctx, settings = self._ctx, self._ctx.settings
        sender, receiver = envelope.from_session_id or "", peer.session_id or ""
        limits = Limits(
            settings.max_hops * _SLACK,
            settings.pair_per_minute * _SLACK,
            settings.session_per_minute * _SLACK,
            0,
        )
        at_ms = envelope.enqueued_at * 1000
        pair = ctx.traffic.between(sender, receiver, min(2 * limits.pair_per_minute, 4096))
        damping = decide(
            limits,
            hops=hops_of(envelope),
            is_empty=False,
            pair=pair,
            sent=ctx.traffic.of(sender, min(limits.session_per_minute, 4096)),
            now_ms=at_ms,
        )
        return damping.reason if damping else None

    def _commit(self, peer: Entry | Known, envelope: Envelope, is_held: bool) -> None:
        ctx = self._ctx
        if is_held:
            route: Route = route_to_held(peer)
        else:
            route = route_to(peer) if isinstance(peer, Entry) else route_to_known(peer)
        ctx.store.put(route, envelope, repeat=True)
        sender = envelope.from_session_id
        passed = Passed(
            envelope.enqueued_at * 1000,
            is_empty=is_empty(envelope),
            hops=hops_of(envelope),
            is_answer=envelope.reply_to is not None,
        )
        ctx.traffic.note(sender or "", peer.session_id or "", passed)
        if is_held and peer.session_id:
            from oxtail.app.policy import tell_of_held

            tell_of_held(ctx, sender, peer.session_id)

    def _wake(self, peer: Entry | Known, envelope: Envelope) -> None:
        wish = next((value for name, value in envelope.extra if name == _WAKE), None)
        wake = wish if wish in ("auto", "off") else None
        is_question = envelope.request_id is not None and not envelope.action_required
        if is_question and isinstance(peer, Entry) and wake != "off":
            wake_for_ask(self._ctx, peer)
            return
        wake_after_send(
            self._ctx,
            peer,
            wake=wake or ("auto" if envelope.action_required else None),
            reply_to=envelope.reply_to,
            via="arrival",
            message_id=envelope.id,
        )

    def _refuse(self, mail: Mail, host: str, reason: str) -> None:
        message_id = mail.envelope.id
        self._ctx.trace("arrival_refused", message_id=message_id, host=host, reason=reason)
        self._remember(Arrived(message_id, host, mail.to, self._now(), refused=reason))

    def _remember(self, record: Arrived) -> None:
        self._arrivals.keep(record)
        self._open[record.message_id] = record

    def set_aside(self, data: bytes, problem: str, host: str) -> None:
        """Keep what *host* sent and nobody can use, for a person to look at."""
        self._arrivals.set_aside(data, problem)
        self.say("set_aside", f"from host {host}: {problem}; kept in damaged/")

    # ------------------------------------------------------------------ what is told

    def reports(self) -> tuple[tuple[str, Report], ...]:
        """Return what other hosts want to hear and have not heard: the host, and the report."""
        now = self._ctx.clock.now()
        is_old_due = now >= self._old_due
        if is_old_due:
            self._old_due = now + OLD_LOOK_SECONDS
        found = []
        for record in tuple(self._open.values()):
            if now - record.at > FRESH_SECONDS and not is_old_due:
                continue
            reports = [each for each in self._proofs(record) if each.stage not in record.told]
            found += [(record.host, each) for each in reports]
            if not reports and self._is_over(record, now):
                self._open.pop(record.message_id, None)
                self._arrivals.forget(record.message_id)
        return tuple(found)

    def _is_over(self, record: Arrived, now: float) -> bool:
        done = (Stage.REFUSED.value, Stage.EXPIRED.value, Stage.IN_CONTEXT.value)
        if now - record.at > KEEP_SECONDS:
            return True
        # A refusal stays known for as long as the server may deliver the message again.
        waits = 2 * FRESH_SECONDS if Stage.REFUSED.value in record.told else 0
        if any(stage in record.told for stage in done):
            return now - record.at > waits
        receipt = self._ctx.store.receipt(record.message_id)
        return receipt is not None and now - receipt.delivered_at > CONTEXT_SECONDS

    def _proofs(self, record: Arrived) -> Iterator[Report]:
        ctx, message_id = self._ctx, record.message_id
        if record.refused:
            refused = Stage.REFUSED.value
            yield Report(message_id, refused, record.at, reason=record.refused)
            return
        if receipt := ctx.store.receipt(message_id):
            yield Report(
                message_id,
                Stage.SHOWN.value,
                receipt.delivered_at,
                receipt.via,
                receipt.recipient_session_id,
            )
            if place := ctx.evidence.context_of(message_id):
                yield Report(message_id, Stage.IN_CONTEXT.value, place.at)
            return
        if offer := ctx.evidence.offer_of(message_id):
            yield Report(message_id, Stage.OFFERED.value, offer.at, offer.door)
        if (expired := ctx.shelf.expired_at(message_id)) is not None:
            yield Report(message_id, Stage.EXPIRED.value, expired)
        if ctx.policies.are_set() and ctx.store.is_waiting(
            (held_box(record.session_id),), message_id
        ):
            yield Report(message_id, Stage.HELD.value, record.at)

    def told(self, host: str, report: Report) -> None:
        """Keep that *report* is with the server now."""
        record = self._open.get(report.message_id)
        if record and record.host == host and report.stage not in record.told:
            self._remember(record._replace(told=(*record.told, report.stage)))

    # ------------------------------------------------------------------ what is heard

    def carried(self, host: str, message_ids: Collection[str]) -> None:
        """Keep that messages are with the server now, on their way to *host*."""
        for message_id in message_ids:
            self._ctx.evidence.heard(Elsewhere(message_id, host, Stage.CARRIED.value, self._now()))

    def undeliverable(self, host: str, message_id: str, problem: str) -> None:
        """Tell the sender of a message that it cannot be carried to *host*, ever."""
        record = Elsewhere(message_id, host, Stage.REFUSED.value, self._now(), problem)
        self._ctx.evidence.heard(record)
        self.say("not_carried", f"message {message_id} for host {host}: {problem}")

    def reported(self, report: Report, host: str) -> None:
        """Keep what *host* says became of a message that this host sent to it."""
        ctx = self._ctx
        sent = ctx.store.sent(report.message_id)
        if sent is None or not self._went_to(host, report.message_id, sent.target_session_id):
            ctx.trace("report_not_believed", host=host, message_id=report.message_id)
            return
        if report.stage == Stage.SHOWN.value:
            via, who = report.via or "unknown", report.session_id or sent.target_session_id
            ctx.store.shown_elsewhere(Receipt(report.message_id, report.at, via, who))
        else:
            ctx.evidence.heard(
                Elsewhere(report.message_id, host, report.stage, report.at, report.reason)
            )
        if report.stage == Stage.REFUSED.value:
            text = f"host {host} refused message {report.message_id}: {report.reason}"
            self.say("refused", text)
            if sent.from_session_id:
                from oxtail.app.returned import tell_sender

                sender = self._receiver(sent.from_session_id)
                tell_sender(ctx, sent, host, report.reason, sender)
        if sent.from_session_id:
            ctx.store.ring(session_box(sent.from_session_id))

    def _went_to(self, host: str, message_id: str, session_id: str | None) -> bool:
        record = self._ctx.evidence.elsewhere(message_id)
        if record:
            return record.host == host
        return session_id is not None and self._ctx.hosts.host_of(session_id) == host

    def say(self, kind: str, text: str) -> None:
        """Tell the person at this host.  Never raises."""
        self._ctx.notices.say(Notice(self._now(), kind, text[:500], None))
