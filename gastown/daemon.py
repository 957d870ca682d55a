"""The daemon: observe → decide → act. One tick is a function with its clock passed in; between ticks it sleeps on the
store's bell. It remembers nothing: what should be is in the store, what is, tmux and git say. So it may be killed at
any moment, and the next one, or `gt sling --wait` in the foreground, goes on.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import IO

from beads import clock
from beads.bell import Bell, ring
from beads.errors import BeadsError, NotFound, Refused
from gastown import convoys, git, polecats, processes, refinery, runtimes, sling, store, witness
from gastown.giveback import give_back
from gastown.model import WITH_SESSION, Attempt, MergeRequest, Session
from gastown.town import Town

SWEEP = 5.0
"""Seconds between looks at tmux while sessions live: only for what no hook reports, such as a killed tmux server."""
HEARTBEAT = 60.0
"""Seconds between looks at an idle town: only for an edit of town.toml by hand."""
COOL_DOWN = 5.0
"""Seconds before a job that failed in an unforeseen way (a full disk) is tried again."""


class Jobs:
    """What is being done beside the loop, at most one job a key: a spawn, a merge, a clearing."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._pool = ThreadPoolExecutor(max_workers=16, thread_name_prefix="job")
        self._running: dict[str, Future[None]] = {}
        self._rest: dict[str, float] = {}
        self._lock = threading.Lock()

    def active(self) -> frozenset[str]:
        with self._lock:
            now = time.monotonic()
            resting = {k for k, until in self._rest.items() if until > now}
            return frozenset(self._running) | resting

    def start(self, key: str, job: Callable[[], None]) -> None:
        if key in self.active():
            return
        with self._lock:
            self._running[key] = self._pool.submit(self._run, key, job)

    def _run(self, key: str, job: Callable[[], None]) -> None:
        failed = False
        try:
            job()
        except processes.Interrupted:
            pass
        except Exception:
            failed = True
            log(self._town, f"{key} failed:\n{traceback.format_exc()}")
        with self._lock:
            self._running.pop(key, None)
            if failed:
                self._rest[key] = time.monotonic() + COOL_DOWN
        ring(self._town.beads_dir)

    def next_rest(self) -> float | None:
        """Seconds until a resting job may go on."""
        with self._lock:
            now = time.monotonic()
            waits = [until - now for until in self._rest.values() if until > now]
        return min(waits) if waits else None

    def stop(self) -> None:
        """End set-ups and gates, and wait for the short rest."""
        processes.stop_all()
        self._pool.shutdown(wait=True, cancel_futures=True)


def tick(town: Town, jobs: Jobs, now: datetime) -> float:
    """One look at everything. Returns how many seconds may pass before the next, if nobody rings.

    A failure that concerns one attempt is logged and does not stop the others."""
    busy = jobs.active()
    with town.store.read() as view:
        live = store.live_attempts(view.conn)
        unclean = store.unclean_attempts(view.conn)
        parked = {name for name, row in store.rig_rows(view.conn).items() if row.parked_at}
        queue = store.merge_queue(view.conn)
        watched = [a for a in live if a.state in WITH_SESSION and _ours(a)]
        sessions = store.sessions_of(view.conn, [a.id for a in watched])
        wake = store.next_not_before(view.conn, now)
    steps: list[Callable[[], None]] = []
    if watched:
        steps.append(
            lambda: _watch(town, jobs, [a for a in watched if f"attempt {a.id}" not in busy], sessions, now)
        )
    steps.append(lambda: _merge(town, jobs, queue, busy, now))
    steps.append(lambda: _clear(town, jobs, unclean))
    steps.append(lambda: _dispatch(town, jobs, live, unclean, parked, now))
    steps.append(lambda: _land(town))
    for step in steps:
        _guarded(town, step)
    waits = [SWEEP if watched else HEARTBEAT]
    if wake is not None:
        waits.append(max(0.0, (wake - now).total_seconds()))
    waits += [w for w in (jobs.next_rest(),) if w is not None]
    return min(waits)


def _guarded(town: Town, step: Callable[[], None]) -> None:
    try:
        step()
    except BeadsError as error:
        log(town, f"tick: {error.message}")
    except Exception:
        log(town, f"tick: {traceback.format_exc()}")


def _ours(attempt: Attempt) -> bool:
    """A process or session of another host is never judged from here."""
    return attempt.host in (None, polecats.HOST)


# liveness


def _watch(
    town: Town, jobs: Jobs, attempts: list[Attempt], sessions: dict[int, list[Session]], now: datetime
) -> None:
    panes = town.tmux.panes()
    for attempt in attempts:
        mine = tuple(sessions[attempt.id])
        if not mine:
            jobs.start(f"attempt {attempt.id}", lambda id=attempt.id: _spawn(town, id))  # type: ignore[misc]
            continue
        pane = None if panes is None else panes.get(mine[-1].name)
        alive = None if panes is None else bool(pane and pane.alive)
        facts = witness.Facts(attempt, mine, alive, pane.status if pane else None, now)
        _guarded(town, lambda facts=facts: _act(town, jobs, facts))  # type: ignore[misc]


def _act(town: Town, jobs: Jobs, facts: witness.Facts) -> None:
    attempt = facts.attempt
    rig = town.rig(attempt.rig)
    limits = witness.Limits(
        ack=timedelta(seconds=rig.ack_timeout),
        time=timedelta(seconds=rig.time_limit),
        nudges=_nudges(town, attempt.runtime),
    )
    decision = witness.decide(facts, limits)
    if decision.what == witness.WAIT:
        return
    log(town, f"attempt {attempt.id} on {attempt.bead}: {decision.what} {decision.reason}")
    action = _ACTIONS[decision.what]
    jobs.start(f"attempt {attempt.id}", lambda: action(town, attempt, decision.reason))


def _nudges(town: Town, runtime: str) -> bool:
    try:
        return runtimes.get(runtime, town.settings).nudges
    except NotFound:  # a person took it out of town.toml: its sessions are watched all the same
        return False


def _nudge(town: Town, attempt: Attempt, reason: str) -> None:
    session = polecats.session_of(town, attempt)
    polecats.nudge(town, session)


def _restart(town: Town, attempt: Attempt, reason: str) -> None:
    with town.store.write("witness") as change:
        if store.attempt(change.conn, attempt.id).state not in WITH_SESSION:
            return  # it called `gt done` meanwhile: its session was right to end
        if not sling.wanted(change, attempt.bead):
            store.move(
                change.conn, attempt.id, "released", change.now, reason="its bead is closed or deleted"
            )
            return
    polecats.end_sessions(town, attempt.id, reason)
    git.mend(town.clone(attempt), town.mirror(attempt.rig))
    try:
        polecats.start_session(town, attempt.id)
    except (BeadsError, OSError) as error:
        _fail(town, attempt, f"its session could not be started again: {error}")


def _fail(town: Town, attempt: Attempt, reason: str) -> None:
    _end(town, attempt, reason, again=True)


def _escalate(town: Town, attempt: Attempt, reason: str) -> None:
    _end(town, attempt, reason, again=False)


def _end(town: Town, attempt: Attempt, reason: str, *, again: bool) -> None:
    with town.store.write("witness") as change:
        fresh = store.attempt(change.conn, attempt.id)
        if fresh.state not in WITH_SESSION:
            return
        session = store.last_session(change.conn, attempt.id)
        tail = processes.tail(town.transcript(session.name))[-2000:] if session else ""
        give_back(change, fresh, reason, f"its transcript ended with:\n{tail}" if tail else "", again=again)


_ACTIONS: dict[str, Callable[[Town, Attempt, str], None]] = {
    witness.NUDGE: _nudge,
    witness.RESTART: _restart,
    witness.FAIL: _fail,
    witness.ESCALATE: _escalate,
}


# dispatch, merging, clearing, landing


def _dispatch(
    town: Town, jobs: Jobs, live: list[Attempt], unclean: list[Attempt], parked: set[str], now: datetime
) -> None:
    """Start what waits, as far as there is room: every clone that may still have a session takes a place."""
    settings = town.settings
    placed = [a for a in live if a.state in WITH_SESSION] + [a for a in unclean if a.clone]
    total = len(placed)
    for attempt in live:
        if attempt.state != "hooked" or attempt.rig in parked or attempt.rig not in settings.rigs:
            continue
        if attempt.not_before is not None and attempt.not_before > now:
            continue
        if total >= settings.town.max_polecats:
            return
        if sum(a.rig == attempt.rig for a in placed) >= settings.rigs[attempt.rig].max_polecats:
            continue
        started = polecats.dispatch(town, attempt.id)
        if started is not None:
            placed.append(started)
            total += 1
            jobs.start(f"attempt {started.id}", lambda id=started.id: _spawn(town, id))  # type: ignore[misc]


def _spawn(town: Town, id: int) -> None:
    try:
        polecats.spawn(town, id)
    except processes.Interrupted:
        raise
    except (BeadsError, OSError) as error:
        hint = f" ({error.hint})" if isinstance(error, BeadsError) and error.hint else ""
        with town.store.read() as view:
            attempt = store.attempt(view.conn, id)
        log(town, f"attempt {id} on {attempt.bead}: spawn failed: {error}{hint}")
        _fail(town, attempt, f"could not be started: {error}{hint}")


def _merge(town: Town, jobs: Jobs, queue: list[MergeRequest], busy: frozenset[str], now: datetime) -> None:
    """One merge at a time a rig; the queue's order is the store's."""
    started: set[str] = set()
    for request in queue:
        key = f"refinery {request.rig}"
        due = request.retry_at is None or request.retry_at <= now
        if key in busy or request.rig in started or not due or request.rig not in town.settings.rigs:
            continue
        started.add(request.rig)
        jobs.start(key, lambda id=request.id: refinery.merge(town, id))  # type: ignore[misc]


def _clear(town: Town, jobs: Jobs, unclean: list[Attempt]) -> None:
    for attempt in unclean:
        if _ours(attempt):
            jobs.start(f"attempt {attempt.id}", lambda id=attempt.id: polecats.clear(town, id))  # type: ignore[misc]


def _land(town: Town) -> None:
    for id in convoys.land(town):
        log(town, f"convoy {id} landed")


# the loop


DAEMON, TICK = "daemon.lock", "tick.lock"
"""Held by the one daemon of a town, and by the one process that ticks in it: the daemon, or a run in the foreground."""


class Stop:
    """Noted by the signal handler, which does nothing else but ring."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self.asked = False

    def __call__(self, *_: object) -> None:
        self.asked = True
        ring(self._town.beads_dir)


def drive(
    town: Town,
    until: Callable[[], bool],
    look: Callable[[], None] = lambda: None,
    *,
    stop: Stop | None = None,
) -> None:
    """Tick until the condition holds. Where a daemon runs already, only look on; take over should it die.

    `look` is called after every change, for whoever shows progress."""
    up = _last_down(town)
    with Bell(town.beads_dir) as bell:
        while not (stop and stop.asked):
            if stop and _last_down(town) != up:
                stop.asked = True
                return
            with _lock(town, TICK) as ours:
                if ours:
                    _loop(town, bell, until, look, stop)
                    return
            look()
            if until():
                return
            bell.wait(1.0)


def _last_down(town: Town) -> int:
    """When `gt down` was called last: who only looks on has no lock by which it could be found."""
    with suppress(FileNotFoundError):
        return (town.state_dir / "down").stat().st_mtime_ns
    return 0


def _loop(
    town: Town, bell: Bell, until: Callable[[], bool], look: Callable[[], None], stop: Stop | None
) -> None:
    processes.allow_again()
    jobs = Jobs(town)
    jobs.start("sweep", lambda: polecats.sweep(town))
    try:
        while not (stop and stop.asked):
            try:
                pause = tick(town, jobs, clock.now())
            except BeadsError as error:
                # A store that cannot be read just now (a full disk) is no reason to leave the town alone.
                log(town, f"tick: {error.message}")
                pause = COOL_DOWN
            look()
            if until():
                return
            bell.wait(pause)
    finally:
        jobs.stop()


@contextmanager
def _lock(town: Town, name: str, patience: float = 0.0) -> Iterator[bool]:
    """Whether the lock is ours. It dies with its holder.

    `patience`: seconds to try, for a question (`holder`) has the lock for an instant too."""
    path = town.state_dir / name
    deadline = time.monotonic() + patience
    with path.open("a+") as file:
        while not _try_lock(file, fcntl.LOCK_EX):
            if time.monotonic() >= deadline:
                yield False
                return
            time.sleep(0.01)
        file.truncate(0)
        file.write(f"{os.getpid()} {polecats.HOST}\n")
        file.flush()
        try:
            yield True
        finally:
            file.truncate(0)


def _try_lock(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def holder(town: Town, name: str = DAEMON) -> int | None:
    """The town's daemon, or whoever else has the lock of that name."""
    path = town.state_dir / name
    if not path.exists():
        return None
    with path.open("a+") as file:
        # Shared, so that two who ask at once do not take each other for a daemon.
        while not _try_lock(file, fcntl.LOCK_SH):
            file.seek(0)
            if text := file.read().split():
                return int(text[0])
            time.sleep(0.005)  # it has the lock, and is about to write who it is
    return None


def run(town: Town) -> None:
    """The daemon itself, until SIGTERM or SIGINT. Agents outlive it. While somebody runs the same tick in the
    foreground it looks on.

    :raises Refused: one runs in this town already."""
    stop = Stop(town)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    town.tmux.require()
    with _lock(town, DAEMON, patience=1.0) as ours:
        if not ours:
            raise Refused(
                f"a daemon runs in this town already (process {holder(town)})", hint="gt daemon status"
            )
        log(town, f"daemon {os.getpid()} started")
        drive(town, lambda: False, stop=stop)
        log(town, f"daemon {os.getpid()} stopped")


def start(town: Town) -> int:
    """Start the daemon in the background; returns the process that holds the lock, ours or one that was quicker.

    :raises Refused: it ended at once, with the end of its log."""
    running = holder(town)
    if running is not None:
        return running
    town.tmux.require()
    output = town.logs / "daemon.out"
    code = "from gastown.cli import main; main()"
    with output.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", code, "daemon", "run"],
            cwd=town.root,
            env=_daemon_env(town),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if holder(town) == process.pid:
            return process.pid
        if process.poll() is not None:
            break
        time.sleep(0.02)
    if (other := holder(town)) is not None:
        return other
    raise Refused(f"the daemon did not start: {processes.tail(output)[-500:]}", hint="gt daemon run")


def _daemon_env(town: Town) -> dict[str, str]:
    """Ours, less what belongs to the session that starts it."""
    prefixes, names = ("GT_", "BD_", "BEADS_"), ("TMUX", "TMUX_PANE", "PYTHONDONTWRITEBYTECODE")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(prefixes) and k not in names}
    return kept | {"GT_TOWN": str(town.root)}


def stop(town: Town, timeout: float = 30.0) -> bool:
    """Ask the daemon to stop and wait for it. False: none ran. :raises Refused: it does not stop."""
    process = holder(town)
    if process is None:
        return False
    _stop(town, process, DAEMON, timeout)
    return True


def _stop(town: Town, process: int, lock: str, timeout: float) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGTERM)
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if holder(town, lock) != process:
            return
        time.sleep(0.02)
    raise Refused(f"process {process} has not stopped within {timeout:g} s", hint="gt daemon status")


def down(town: Town) -> int:
    """Stop whoever ticks and end every session. Clones stay; `gt up` starts their sessions again. Returns how many."""
    (town.state_dir / "down").touch()
    ring(town.beads_dir)
    stop(town)
    while (process := holder(town, TICK)) is not None:
        _stop(town, process, TICK, 30.0)
    with town.store.read() as view:
        working = [a for a in store.live_attempts(view.conn) if a.state in WITH_SESSION and _ours(a)]
    for attempt in working:
        polecats.end_sessions(town, attempt.id, witness.DOWN)
    town.tmux.kill_server()
    return len(working)


def log(town: Town, text: str) -> None:
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    try:
        with (town.logs / "daemon.log").open("a") as file:
            file.write(f"{stamp} {text.rstrip()}\n")
    except OSError:
        pass  # a full disk must not stop the town; what matters is in the store
