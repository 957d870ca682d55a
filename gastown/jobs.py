"""What is being done beside the loop: a spawn, a merge, a clearing, each in a thread of its own."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from beads.bell import ring
from gastown.host import processes
from gastown.town import Town

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
            self._town.log(f"{key} failed:\n{traceback.format_exc()}")
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
