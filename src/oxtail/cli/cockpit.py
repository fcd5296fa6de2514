"""``oxtail cockpit``: the fleet on one screen; where there is no terminal, once as text."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from oxtail.app.fleet import Collector
from oxtail.cli.fleet_status import examiner
from oxtail.cli.fleet_table import table, terminal_width
from oxtail.cli.opening import looking
from oxtail.cli.output import Outcome, Output
from oxtail.config import from_env
from oxtail.core.plain import plain
from oxtail.errors import ExtraMissing, UsageError
from oxtail.tmux.server import is_pane_id
from oxtail.trace import open_trace
from oxtail.wiring import lifecycle, open_context

if TYPE_CHECKING:
    from collections.abc import Callable

    from oxtail.app.context import Context
    from oxtail.cli.parser import Options
    from oxtail.cockpit.app import Cockpit
    from oxtail.cockpit.fleet_first import Begun
    from oxtail.cockpit.living import MeansLife
    from oxtail.cockpit.strip_home import StripDoor
    from oxtail.config import Settings

COMMS_SHOWN = 200
"""Messages that the cockpit has at hand."""

SERVED = "textual.drivers.web_driver"
"""What ``TEXTUAL_DRIVER`` begins with where a browser is at the other end of the pipes."""

MISSING = "the package textual is not installed: pip install 'oxtail[cockpit]'"

_ABSENT = {
    "textual": MISSING,
    "rich": "the package rich is not installed: pip install 'oxtail[cockpit]'",
    "textual_serve": "the package textual-serve is not installed: pip install 'oxtail[web]'",
    "aiohttp": "the package aiohttp is not installed: pip install 'oxtail[web]'",
}
"""What is said where a package of an extra is absent."""


def _has_terminal() -> bool:
    try:
        return os.isatty(0) and os.isatty(1) and sys.stdin is not None and sys.stdout is not None
    except OSError:
        return False


def _missing(error: ModuleNotFoundError) -> Exception:
    """Return what to raise: which extra to install, or *error* where it is none of ours."""
    said = _ABSENT.get((error.name or "").partition(".")[0])
    return ExtraMissing(said) if said else error


def _is_served() -> bool:
    return os.environ.get("TEXTUAL_DRIVER", "").startswith(SERVED)


def _serve(options: Options, output: Output) -> Outcome:
    """Serve the cockpit to browsers of this machine until the command ends."""
    try:
        from oxtail.cockpit.web import serve
    except ModuleNotFoundError as error:
        raise _missing(error) from error

    def tell(address: str) -> None:
        way = "sends, too" if options.web_write else "reads only"
        output.show(Outcome({"address": address}, f"{address}\n{way}; Ctrl-C ends it"))

    serve(_words(options), options.port or 0, tell)
    return output.ended()


def _words(options: Options) -> list[str]:
    """Return the words that make another cockpit of the same kind."""
    words = [
        flag
        for flag, is_given in (
            ("--dock", options.dock),
            ("--all", options.everywhere),
            ("--light", options.light),
            ("--web-write", options.web_write),
            ("--no-doctor", options.no_doctor),
        )
        if is_given
    ]
    for flag, value in (
        ("--project", options.project and os.path.abspath(options.project)),
        ("--client", options.client),
        ("--as", options.session_id),
    ):
        if value is not None:
            words.append(f"{flag}={value}")
    return words


def collector(options: Options, ctx: Context) -> Collector:
    """Return what looks at the fleet that *options* ask for."""
    return Collector(
        ctx,
        project_root=os.path.abspath(options.project) if options.project else None,
        everywhere=options.everywhere,
        examine=None if options.no_doctor else examiner(ctx),
    )


def application(options: Options, *, is_served: bool = False) -> Cockpit:
    """Return the cockpit that *options* ask for; in a browser it only reads, unless they say so.

    Raises:
        ExtraMissing: Textual is not installed.
    """
    try:
        from oxtail.cockpit.acting import ContextActions
        from oxtail.cockpit.feed import Source
        from oxtail.cockpit.run import build
    except ModuleNotFoundError as error:
        raise _missing(error) from error
    from oxtail.disk.layout import Layout
    from oxtail.disk.stamp import stamp

    ctx = looking(options)
    looks = collector(options, ctx)
    layout = Layout(ctx.settings.home)
    source = Source(lambda: looks.look(comms=COMMS_SHOWN), lambda: stamp(layout), ctx.trace)
    actions = ContextActions(lambda: looking(options), options.client)
    return build(
        source,
        actions,
        dock=options.dock,
        light=options.light,
        reads_only=is_served and not options.web_write,
        is_served=is_served,
        life=_life(options, ctx.settings, lambda: looking(options)),
        strip=_strip(ctx.settings) if options.dock and not is_served else None,
    )


def fleet_first(options: Options) -> Begun | None:
    """Let a person edit and start the fleet of the project; return what was begun, if anything.

    Raises:
        ExtraMissing: Textual is not installed.
    """
    try:
        from oxtail.cockpit.fleet_first import FleetFirst
        from oxtail.cockpit.run import run as show
    except ModuleNotFoundError as error:
        raise _missing(error) from error
    settings = from_env(os.environ)
    life = _life(options, settings, lambda: open_context(settings, role="cli"))
    app = FleetFirst(life, open_trace(settings.trace_file))
    show(app, _keep)
    return app.return_value


def _life(options: Options, settings: Settings, opened: Callable[[], Context]) -> MeansLife:
    from oxtail.cockpit.living import MeansLife

    folder = os.path.abspath(options.project) if options.project else os.getcwd()
    return MeansLife(lambda: lifecycle(settings), opened, folder)


def _strip(settings: Settings) -> StripDoor | None:
    """Return what a strip asks of tmux, or None outside of it."""
    from oxtail.cockpit.shapes.view import Home
    from oxtail.cockpit.strip_home import StripDoor
    from oxtail.wiring import strips

    pane_id = settings.environ.get("TMUX_PANE", "")
    if not settings.environ.get("TMUX") or not is_pane_id(pane_id):
        return None
    door = strips(settings)

    def find() -> Home | None:
        pane = door.pane(pane_id)
        return Home(plain(pane.session), pane.window_index, pane.has_strip) if pane else None

    return StripDoor(find, lambda rows: door.pin(pane_id, rows))


def _keep(text: str) -> str:
    """Keep the details of a fault; return where."""
    from oxtail.disk.atomic import Disk
    from oxtail.disk.fleet_layout import FleetLayout

    settings = from_env(os.environ)
    disk = Disk(settings.home, fsync=settings.fsync)
    path = FleetLayout(disk.folder(settings.home)).crash
    disk.publish(path, text.encode("utf-8", "backslashreplace"), durable=False)
    return path


def run(options: Options, output: Output) -> Outcome:
    """Show the fleet until a person quits."""
    is_served = _is_served()
    for given, flag in ((options.port is not None, "--port"), (options.web_write, "--web-write")):
        if given and not options.web and not is_served:
            raise UsageError(f"{flag} is about --web")
    if options.web and not is_served:
        return _serve(options, output)
    if not is_served and (output.as_json or not _has_terminal()):
        fleet = collector(options, looking(options)).look()
        return Outcome(fleet.as_dict(), table(fleet, terminal_width()))
    app = application(options, is_served=is_served)
    from oxtail.cockpit.run import run as show

    return output.ended(show(app, _keep))
