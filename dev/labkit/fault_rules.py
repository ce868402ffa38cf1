"""The rules of the fault proxy: which calls one meets, and what it does to them."""

import asyncio
import fnmatch
import inspect
import itertools
import random
import re
import time

from labkit.fault_calls import OWN_MARKER, Reply, listing, refusal

LOST = object()  # instead of an answer: the connection is closed
SEED = 1  # a share of calls is the same share in every run
MATCHES = ("key", "region", "service", "operation", "containing")
LIMITS = ("skip", "count", "share", "seconds")
numbers = itertools.count(1)


class RuleError(Exception):
    """What is wrong with a rule, for the one who set it."""


class Rule:
    """{"name", "match": {...}, "skip", "count", "share", "seconds", "do": {"ACTION": {...}}}"""

    def __init__(self, source):
        unknown = set(source) - {"name", "match", "do", *LIMITS}
        check(not unknown, f"a rule has no {', '.join(sorted(unknown))}")
        self.source, self.name = source, source.get("name") or f"rule-{next(numbers)}"
        self.match = source.get("match", {})
        unknown = set(self.match) - set(MATCHES)
        check(not unknown, f"a rule cannot match on {', '.join(sorted(unknown))}")
        self.skip, self.count, self.share = source.get("skip", 0), source.get("count"), source.get("share", 1)
        self.ends = time.monotonic() + source["seconds"] if "seconds" in source else None
        self.action, self.applied, self.chance = action(source.get("do")), 0, random.Random(SEED)

    def takes(self, call):
        """Whether this call is met; counts it when it is."""
        if not self._matches(call) or (self.ends is not None and time.monotonic() >= self.ends):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if (self.count is not None and self.applied >= self.count) or self.chance.random() >= self.share:
            return False
        if not self.action.concerns(call):
            return False
        self.applied += 1
        return True

    def _matches(self, call):
        operations = self.match.get("operation", "*")
        operations = [operations] if isinstance(operations, str) else operations
        return (all(self.match.get(name, "") in ("", getattr(call, name)) for name in ("key", "region", "service"))
                and any(fnmatch.fnmatchcase(call.operation, pattern) for pattern in operations)
                and self.match.get("containing", "") in call.text())

    def shown(self):
        return {**self.source, "name": self.name, "applied": self.applied}


def check(holds, sentence):
    if not holds:
        raise RuleError(sentence)


def action(source):
    check(isinstance(source, dict) and len(source) == 1, 'a rule does one thing: "do": {"ACTION": {...}}')
    [(name, settings)] = source.items()
    check(name in ACTIONS, f"there is no action {name}: {', '.join(ACTIONS)}")
    snake = {re.sub("[A-Z]", lambda letter: "_" + letter[0].lower(), key): value for key, value in settings.items()}
    try:
        inspect.signature(ACTIONS[name]).bind(**snake)
    except TypeError as error:
        raise RuleError(f"{name}: {error}") from error
    return ACTIONS[name](**snake)


class Action:
    """What happens to a call that a rule has taken."""

    def concerns(self, call):
        return True

    async def before(self, call):
        """An answer in place of the emulator's, LOST, or None: it is forwarded."""

    def after(self, call, reply):
        """The emulator's answer as the client shall see it."""
        return reply


class Throttle(Action):
    def __init__(self, code="", status=400, message="Rate exceeded"):
        self.code, self.status, self.message = code, status, message

    async def before(self, call):
        code = self.code or ("ThrottlingException" if call.is_json else "Throttling")
        return refusal(call, self.status, code, self.message)


class Rate(Throttle):
    """A token bucket for each access key: what is beyond it is throttled."""

    def __init__(self, per_second, burst=1, **throttle):
        super().__init__(**throttle)
        self.per_second, self.burst, self.buckets = per_second, burst, {}

    def concerns(self, call):
        now = time.monotonic()
        tokens, at = self.buckets.get(call.key, (self.burst, now))
        tokens = min(self.burst, tokens + (now - at) * self.per_second)
        is_within = tokens >= 1
        self.buckets[call.key] = (tokens - is_within, now)
        return not is_within


class Error(Action):
    """A 5xx of AWS; `page`: of a gateway before it, in HTML."""

    def __init__(self, status=500, code="InternalFailure", message="An internal error has occurred", page=False):
        self.status, self.code, self.message, self.page = status, code, message, page

    async def before(self, call):
        if self.page:
            return Reply(self.status, {"content-type": "text/html"}, b"<html><body><h1>Bad gateway</h1></body></html>")
        return refusal(call, self.status, self.code, self.message)


class Delay(Action):
    def __init__(self, seconds):
        self.seconds = seconds

    async def before(self, call):
        await asyncio.sleep(self.seconds)


class LoseRequest(Action):
    """AWS never hears of it."""

    async def before(self, call):
        return LOST


class LoseReply(Action):
    """AWS does it, and nobody is told."""

    def after(self, call, reply):
        return LOST


class Cut(Action):
    """Half of the answer: the connection breaks (`transit`), or the half passes for the whole."""

    def __init__(self, transit=False):
        self.transit = transit

    def after(self, call, reply):
        half = reply.with_body(reply.body[: len(reply.body) // 2])
        half.promised = len(reply.body) if self.transit else None
        return half


class Pages(Action):
    """Pages of `size` items. The marker is missing at page `drop_at`, the same for ever (`repeat`), or page `fail_at` fails."""

    def __init__(self, size=1, fail_at=None, drop_at=None, repeat=False):
        self.size, self.fail_at, self.drop_at, self.repeat = size, fail_at, drop_at, repeat

    async def before(self, call):
        call.page = call.take_page()
        if call.page == self.fail_at:
            return refusal(call, 500, "InternalFailure", "An internal error has occurred")

    def after(self, call, reply):
        found = listing(call, reply) if reply.status < 400 else None
        if found is None:
            return reply
        page, items = call.page, found.items()
        is_last = page * self.size >= len(items) and (self.fail_at is None or page >= self.fail_at)
        if self.repeat:
            marker = f"{OWN_MARKER}1"
        elif is_last or page == self.drop_at:
            marker = ""
        else:
            marker = f"{OWN_MARKER}{page + 1}"
        return found.with_items(items[(page - 1) * self.size:page * self.size], marker)


class Omit(Action):
    """Leaves items with this word out of a listing."""

    def __init__(self, containing):
        self.containing = containing

    def after(self, call, reply):
        found = listing(call, reply) if reply.status < 400 else None
        if found is None:
            return reply
        return found.with_items([item for item in found.items() if self.containing not in found.text(item)], None)


class OldState(Action):
    """For `seconds` after one of the operations in `after`, its thing is shown as it was before. What was not there is not there."""

    def __init__(self, seconds, after):
        self.seconds, self.operations = seconds, after
        self.shown, self.old, self.form = {}, {}, None

    async def before(self, call):
        if call.operation in self.operations:
            self.old[call.thing] = (time.monotonic() + self.seconds, self.shown.get(call.thing))

    def after(self, call, reply):
        if not call.operation.startswith("Describe"):
            return reply
        old = {thing: was for thing, (ends, was) in self.old.items() if time.monotonic() < ends}
        return self._table(call, reply, old) if call.is_json else self._instances(call, reply, old)

    def _table(self, call, reply, old):
        """DescribeTable and its like: the whole answer is one thing's."""
        key = call.thing
        if key not in old:
            if call.operation == "DescribeTable":
                self.shown[key] = reply if reply.status < 400 else None
            return reply
        if call.operation != "DescribeTable":
            return reply
        return old[key] or refusal(call, 400, "ResourceNotFoundException", f"Requested resource not found: Table: {key} not found")

    def _instances(self, call, reply, old):
        if call.operation != "DescribeDBInstances":
            return reply
        if reply.status < 400:
            self.form = reply
        found = listing(call, reply if reply.status < 400 else self.form) if self.form else None
        if found is None:
            return reply
        now = {found.name(item): item for item in found.items()} if reply.status < 400 else {}
        self.shown |= {name: item for name, item in now.items() if name not in old}
        asked = set(call.members.values())
        now = {name: item for name, item in now.items() if name not in old}
        now |= {name: item for name, item in old.items() if item is not None and name in asked}
        if not now and call.thing:
            return refusal(call, 404, "DBInstanceNotFound", f"DBInstance {call.thing} not found.")
        return found.with_items(list(now.values()), None)


ACTIONS = {
    "throttle": Throttle, "rate": Rate, "error": Error, "delay": Delay, "lose-request": LoseRequest, "lose-reply": LoseReply,
    "cut": Cut, "pages": Pages, "omit": Omit, "old-state": OldState,
}
