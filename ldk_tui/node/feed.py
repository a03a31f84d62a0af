"""The feed: one supervised worker on SubscribeEvents, from start to stop.

    connect → who is it? → subscribe, headers → read everything → LIVE → heartbeat, polls, resyncs
       ▲                                                                                       │
       └────────────────────────────── back-off, a gap is noted ◄────────────────────────── lost

Events are hints: the server drops them silently and replays none. So whatever the stream says, everything is read
again after each gap and from time to time, and a heartbeat on the other connection proves that the server is there.
Answers and events are merged by the store without regard to their order, so an event that comes while the lists are
being read is neither lost nor overwritten, and need not wait.

The reader of the stream appends to a deque and never waits for anybody. Ten times a second the deque is applied to the
store and whoever listens is told, once, which topics changed.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from typing import Any, Final

from ldk_tui.core.errors import AccessDenied, BadInput, LdkError, NotSupported, Unreachable, UnreachableCause
from ldk_tui.core.events import Event
from ldk_tui.core.ids import NodeId, short
from ldk_tui.core.model import Network, NodeInfo
from ldk_tui.core.record import dataclass
from ldk_tui.node.refresh import NodeClient, Refresher
from ldk_tui.node.store import EventSeen, Store, Update
from ldk_tui.node.timing import Clock, Timing, retry_delay
from ldk_tui.node.views import FeedState, Gap, Phase, Topic

GAPS_KEPT: Final = 50
APPLY_AT_ONCE: Final = 100
"""Updates that are applied before the event loop gets its turn again."""
BURST: Final = 1_000
"""So many events between two flushes: the server's buffer of 1,024 may have run over, and nothing would say so."""
SKEW_NOISE_S: Final = 1.0

_log = logging.getLogger(__name__)


class Fault(LdkError):
    """A mistake of this program. The feed goes on; the log has the place."""

    title = "Fault in this program"


class WrongNode(LdkError):
    """The server is not the node that this profile is for (or not the one that we talked to before)."""

    title = "Another node"


@dataclass(frozen=True, slots=True)
class Identity:
    """What the server must say it is. None = not known yet; the first answer then settles it."""

    node_id: NodeId | None = None
    network: Network | None = None

    def check(self, info: NodeInfo) -> Identity:
        """The identity with what `info` adds. Raises WrongNode with one sentence."""
        if self.node_id is not None and info.node_id != self.node_id:
            raise WrongNode(
                f"This server is node {short(info.node_id, 8, 8)}, not {short(self.node_id, 8, 8)} as expected. "
                "Check address, certificate and profile."
            )
        told = info.network if info.network is not Network.UNKNOWN else None
        if self.network not in (None, Network.UNKNOWN) and told is not None and told is not self.network:
            assert self.network is not None
            raise WrongNode(
                f"This server is on {told.value}, not on {self.network.value} as expected. Check address and profile."
            )
        return Identity(info.node_id, self.network if self.network is not None else told)


class Feed:
    """`connect` makes a new client for each attempt. `flushed(topics)` is called with every flush, also with none."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[NodeClient]],
        store: Store,
        *,
        clock: Clock,
        flushed: Callable[[frozenset[Topic]], None],
        timing: Timing | None = None,
        identity: Identity | None = None,
    ) -> None:
        self._connect = connect
        self._store = store
        self._clock = clock
        self._timing = timing or Timing()
        self._flushed = flushed
        self._identity = identity or Identity()
        self._inbox: deque[Update] = deque()
        self._dirty: set[Topic] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._hurry = asyncio.Event()
        self._wake = asyncio.Event()
        self._since_flush = 0
        self._events_pending_s: float | None = None
        self._poll_due_s = 0.0
        self._resync_due_s = 0.0
        self._lost_unix: float | None = None
        self._logged = ""
        self.client: NodeClient | None = None
        self.state = FeedState()
        self.refresher = Refresher(store, self, self._timing, clock, lambda: self._touch(Topic.PAYMENTS))

    # --- life ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begins, once. Needs a running event loop."""
        if not self._tasks:
            self._tasks = [asyncio.ensure_future(self._supervise()), asyncio.ensure_future(self._flush_for_ever())]

    async def stop(self) -> None:
        """Ends everything and closes the connections."""
        tasks = self._tasks
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks = []
        await self._close()
        if self.state.phase is not Phase.STOPPED:
            self._enter(Phase.STOPPED)

    def retry_now(self) -> None:
        self._hurry.set()

    async def resync(self) -> None:
        """Everything again, now. Raises LdkError when not connected, or for the first thing that could not be read."""
        client = self.client
        if client is None or self.state.phase not in (Phase.SYNCING, Phase.LIVE):
            raise self.state.error or Unreachable("There is no connection yet.", cause=UnreachableCause.LOST)
        trouble = await self._settled(self.refresher.everything(client))
        self._resynced(trouble)
        if trouble is not None:
            raise trouble

    # --- intake ----------------------------------------------------------------------------------------------------

    def recognise(self, info: NodeInfo) -> None:
        """Is this the node that this feed is for? The first answer settles what the profile left open."""
        self._identity = self._identity.check(info)

    def take(self, update: Update) -> None:
        self._inbox.append(update)

    def settle(self) -> None:
        """Applies what has come so far; listeners are told with the next flush."""
        if self._inbox:
            batch, self._inbox = self._inbox, deque()
            self._dirty |= self._store.apply(batch)

    def answered(self) -> None:
        self.state = replace(self.state, last_answer_unix=self._clock.now())

    def _touch(self, *topics: Topic) -> None:
        self._dirty.update(topics)

    async def _flush_for_ever(self) -> None:
        while True:
            await self._clock.sleep(self._timing.flush_s)
            try:
                while len(self._inbox) > APPLY_AT_ONCE:
                    batch = [self._inbox.popleft() for _ in range(APPLY_AT_ONCE)]
                    self._dirty |= self._store.apply(batch)
                    await asyncio.sleep(0)
                self.flush()
            except Exception:  # a listener's or the store's mistake must not end the flow of events
                _log.exception("A batch failed")
                self._resync_due_s = 0.0

    def flush(self) -> None:
        """Applies and tells at once, without waiting for the next beat."""
        self.settle()
        self._after_flush()

    def _after_flush(self) -> None:
        seen, unknown = self._store.events_seen, self._store.unknown_events
        if seen != self.state.events_seen:
            if self._since_flush >= BURST:
                self._poll_due_s = self._clock.monotonic()
            self.state = replace(self.state, events_seen=seen, unknown_events=unknown)
            self.answered()
        self._since_flush = 0
        topics, self._dirty = frozenset(self._dirty), set()
        self._flushed(topics)

    # --- supervision -----------------------------------------------------------------------------------------------

    async def _supervise(self) -> None:
        attempt = 0
        while True:
            self.state = replace(self.state, attempt=attempt + 1, next_try_unix=None)
            self._enter(Phase.CONNECTING)
            live_since: float | None = None
            try:
                await self._session()
            except LdkError as error:
                live_since = self.state.live_since_unix
                self._lose(error)
                if isinstance(error, WrongNode):
                    self._enter(Phase.STOPPED)
                    return
            except Exception as error:
                _log.exception("The feed failed")
                live_since = self.state.live_since_unix
                self._lose(
                    Fault(f"The event feed failed ({type(error).__name__}); it starts again. The log says more.")
                )
            finally:
                await self._close()
            if live_since is not None and self._clock.now() - live_since >= self._timing.settled_s:
                attempt = 0
            await self._pause(self._delay(attempt))
            attempt += 1

    def _delay(self, attempt: int) -> float:
        error = self.state.error
        if isinstance(error, AccessDenied | NotSupported | BadInput):
            return self._timing.slow_retry_s
        return retry_delay(attempt, self._timing, self._clock.uniform)

    async def _pause(self, seconds: float) -> None:
        self._hurry.clear()
        self.state = replace(self.state, next_try_unix=self._clock.now() + seconds)
        if self.state.phase is not Phase.STALE:
            self._enter(Phase.DOWN)
        self._touch(Topic.CONNECTION)
        await self._first(self._clock.sleep(seconds), self._hurry.wait())

    async def _session(self) -> None:
        """One connection, from its first call to its end. Always raises."""
        client = self.client = await self._connect()
        self.state = replace(self.state, level=client.level)
        await self._settled(self.refresher.info(client))
        async with AsyncExitStack() as stack:
            stream: AsyncIterator[Event] | None = None
            with suppress(NotSupported):  # no event stream: lists are read again and again instead
                stream = await stack.enter_async_context(client.subscribe())
            self._opened(polling_only=stream is None)
            workers: list[Coroutine[Any, Any, None]] = [self._keep(client)]
            if stream is not None:
                workers.append(self._read(stream))
            await self._first(*workers)
        raise Unreachable("The server ended the event stream.", cause=UnreachableCause.LOST)

    async def _read(self, stream: AsyncIterator[Event]) -> None:
        """The reader: appends and goes on. Whoever reads slowly makes the server drop events."""
        now, ticket, inbox = self._clock.now, self._store.ticket, self.take
        async for event in stream:
            inbox(EventSeen(ticket(now()), event))
            self._since_flush += 1
            if self._events_pending_s is None:
                self._events_pending_s = self._clock.monotonic() + self._timing.after_event_s
                self._wake.set()

    # --- keeping a session alive and true --------------------------------------------------------------------------

    async def _keep(self, client: NodeClient) -> None:
        """Heartbeats, polls, resyncs, and the watch on the clocks. Raises when the session is over."""
        timing, monotonic = self._timing, self._clock.monotonic
        self._resync_due_s = monotonic()
        beat_due_s, misses = monotonic() + timing.heartbeat_s, 0
        job: asyncio.Task[LdkError | None] | None = None
        job_is_resync = False
        last_s, last_unix = monotonic(), self._clock.now()
        spaced_s = 0.0
        background: asyncio.Task[None] | None = None
        named = False
        try:
            while True:
                now_s = monotonic()
                jumped = max(abs(now_s - last_s), abs(self._clock.now() - last_unix)) > timing.jump_s
                last_s, last_unix = now_s, self._clock.now()
                if job is not None and job.done():
                    finished, job = job, None
                    try:
                        self._finish(finished.result(), job_is_resync)
                    except (AccessDenied, WrongNode):
                        raise
                    except LdkError:  # lost: the heartbeat will tell whether only this connection, or the server
                        beat_due_s = now_s
                        self._resync_due_s = now_s + timing.resync_retry_s
                if jumped or now_s >= beat_due_s:
                    if await self._beat(client):
                        misses, beat_due_s = 0, monotonic() + timing.heartbeat_s
                    else:
                        misses, beat_due_s = misses + 1, monotonic() + timing.second_beat_s
                        if misses >= timing.heartbeat_misses:
                            raise Unreachable("The server does not answer any more.", cause=UnreachableCause.LOST)
                    last_s, last_unix = monotonic(), self._clock.now()
                if job is None and (round_ := self._due(client, monotonic(), spaced_s)) is not None:
                    job_is_resync, work = round_
                    spaced_s = monotonic() + timing.event_spacing_s
                    job = asyncio.ensure_future(work)
                idle = background is None or background.done()
                if idle and self.state.is_live and (not named or self._may_read_history()):
                    named = True
                    background = asyncio.ensure_future(self.refresher.background(client))
                await self._nap(job, beat_due_s, spaced_s)
        finally:
            running = [task for task in (job, background) if task is not None]
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    def _due(
        self, client: NodeClient, now_s: float, spaced_s: float
    ) -> tuple[bool, Coroutine[Any, Any, LdkError | None]] | None:
        """The round to make now, and whether it is the full one."""
        pending_s = self._events_pending_s
        if now_s >= self._resync_due_s:
            self._resync_due_s = now_s + self._timing.resync_s
            self._poll_due_s = now_s + self._poll_pause()
            self._events_pending_s = None
            return True, self.refresher.everything(client)
        if now_s >= self._poll_due_s:
            self._poll_due_s = now_s + self._poll_pause()
            self._events_pending_s = None
            return False, self.refresher.cheap(client)
        if pending_s is not None and now_s >= max(pending_s, spaced_s):
            self._events_pending_s = None
            return False, self.refresher.after_events(client)
        return None

    def _poll_pause(self) -> float:
        if self.state.polling_only:
            return self._timing.polling_only_s
        held = self._store.hodl.anything_held
        return min(self._timing.poll_s, self._timing.held_poll_s) if held else self._timing.poll_s

    def _may_read_history(self) -> bool:
        """Not again right after it failed: the next resync clears the error."""
        loader = self.refresher.payments
        return loader.wants_more and loader.progress(0).error is None

    async def _nap(self, job: asyncio.Task[Any] | None, beat_due_s: float, spaced_s: float) -> None:
        """Until something is due, a round has ended or an event has come; at most a tick."""
        now_s = self._clock.monotonic()
        due_s = [beat_due_s]
        if job is None:
            due_s += [self._resync_due_s, self._poll_due_s]
            if self._events_pending_s is not None:
                due_s.append(max(self._events_pending_s, spaced_s))
        seconds = min(self._timing.tick_s, max(0.0, min(due_s) - now_s))
        self._wake.clear()
        waits: list[Awaitable[Any]] = [self._clock.sleep(seconds)]
        if job is not None:
            waits.append(asyncio.wait({job}))
        elif self._events_pending_s is None:
            waits.append(self._wake.wait())
        await self._first(*waits)

    async def _beat(self, client: NodeClient) -> bool:
        """One heartbeat: True when the server answered in time. A new block makes everything else due."""
        before = self._store.info.height if self._store.info else None
        try:
            info = await self._clock.within(
                self._timing.heartbeat_deadline_s, self._settled(self.refresher.info(client))
            )
        except (AccessDenied, WrongNode):
            raise
        except (TimeoutError, LdkError) as error:
            if isinstance(error, LdkError):
                self.state = replace(self.state, error=error)
            return False
        if info.height != before:
            self._poll_due_s = self._clock.monotonic()
        return True

    def _finish(self, trouble: LdkError | None, was_resync: bool) -> None:
        if was_resync:
            self._resynced(trouble)
        elif trouble is not None:
            self.state = replace(self.state, error=trouble)
            self._touch(Topic.CONNECTION)

    def _resynced(self, trouble: LdkError | None) -> None:
        """A full round is over. The first good one makes the session live and the gap filled."""
        self.settle()
        if trouble is not None:
            self._resync_due_s = self._clock.monotonic() + self._timing.resync_retry_s
            self.state = replace(self.state, error=trouble)
            self._touch(Topic.CONNECTION)
            return
        now_unix = self._clock.now()
        gaps = tuple(each if each.end_unix is None else replace(each, filled=True) for each in self.state.gaps)
        self._poll_due_s = self._clock.monotonic() + self._poll_pause()
        self.state = replace(self.state, gaps=gaps, last_resync_unix=now_unix, error=None)
        if self.refresher.payments.progress(0).error is not None:
            self.refresher.payments.allow_more()
        if self.state.phase is not Phase.LIVE:
            self.state = replace(self.state, live_since_unix=now_unix)
            self._enter(Phase.LIVE)
            self._log_live()
        self._touch(Topic.CONNECTION)

    # --- state -----------------------------------------------------------------------------------------------------

    def _enter(self, phase: Phase) -> None:
        if phase is not self.state.phase:
            self.state = replace(self.state, phase=phase, since_unix=self._clock.now())
        if phase is not Phase.LIVE:
            self.state = replace(self.state, live_since_unix=None)
        self._touch(Topic.CONNECTION, Topic.ATTENTION)

    def _opened(self, *, polling_only: bool) -> None:
        """The subscription is live: from here on events count. What came before it, since the loss, is a gap."""
        now_unix = self._clock.now()
        state = replace(self.state, polling_only=polling_only)
        if self._lost_unix is not None:
            gaps = tuple(replace(each, end_unix=now_unix) if each.end_unix is None else each for each in state.gaps)
            state = replace(state, gaps=gaps, reconnects=state.reconnects + 1)
            self._lost_unix = None
        self.state = state
        self._enter(Phase.SYNCING)
        self._touch(Topic.EVENTS)

    def _lose(self, error: LdkError) -> None:
        """The session is over. A gap begins where the server last said something, if there was a subscription."""
        was = self.state.phase
        self.state = replace(self.state, error=error)
        if was in (Phase.LIVE, Phase.SYNCING) and self._lost_unix is None:
            self._lost_unix = self.state.last_answer_unix or self._clock.now()
            gaps = (*self.state.gaps, Gap(self._lost_unix))[-GAPS_KEPT:]
            self.state = replace(self.state, gaps=gaps)
            self._touch(Topic.EVENTS)
        self._enter(Phase.STALE if was is Phase.LIVE else Phase.DOWN)
        if was in (Phase.LIVE, Phase.SYNCING) or error.sentence != self._logged:  # not once per attempt
            _log.warning("%s: %s", error.title, error.sentence)
        self._logged = error.sentence

    def _log_live(self) -> None:
        state, gap = self.state, self.state.gaps[-1] if self.state.gaps else None
        level = state.level.value if state.level is not None else "?"
        since = f", after a gap of {gap.end_unix - gap.start_unix:.0f} s" if gap is not None and gap.end_unix else ""
        _log.info("live: level %s, attempt %d%s", level, state.attempt, since)
        self._logged = ""

    async def _close(self) -> None:
        client, self.client = self.client, None
        if client is not None:
            await client.close()

    async def _settled(self, work: Coroutine[Any, Any, Any]) -> Any:
        result = await work
        self.settle()
        if self.client is not None:
            self._note_skew(self.client.clock_skew_s)
        return result

    def _note_skew(self, skew_s: float | None) -> None:
        """It is measured to about a second: smaller changes are noise, and nothing to repaint for."""
        before = self.state.clock_skew_s
        if skew_s is None or (before is not None and abs(skew_s - before) < SKEW_NOISE_S):
            return
        self.state = replace(self.state, clock_skew_s=skew_s)
        self._touch(Topic.CONNECTION, Topic.ATTENTION)

    async def _first(self, *works: Awaitable[Any]) -> None:
        """Until the first of them ends; the others are cancelled. Raises what the first one raised."""
        tasks = [asyncio.ensure_future(each) for each in works]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()
