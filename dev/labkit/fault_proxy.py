"""The fault proxy: forwards AWS calls to the emulator by rules, counts them, and answers to whoever sets the rules."""

import asyncio
import collections
import json
import time
import urllib.parse

from labkit.fault_calls import Call, Reply
from labkit.fault_rules import LOST, Rule, RuleError
from labkit.processes import LOOPBACK

CONTROL = "/awsdb-faults/"
KEPT = 100_000  # calls: an hour of a busy test
# The proxy and each side have connections of their own.
HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "x-amz-crc32"}


async def serve(upstream, port):
    """Until the process is ended."""
    proxy = Proxy(urllib.parse.urlsplit(upstream))
    server = await asyncio.start_server(proxy.connection, LOOPBACK, port)
    print(f"fault proxy on {LOOPBACK}:{port} before {upstream}", flush=True)
    async with server:
        await server.serve_forever()


class Proxy:
    def __init__(self, upstream):
        self.host, self.port = upstream.hostname, upstream.port
        self.rules, self.calls = [], collections.deque(maxlen=KEPT)

    async def connection(self, reader, writer):
        """Requests of one client, one after the other, until either side has enough."""
        try:
            keeps = True
            while keeps and (request := await read_request(reader)) is not None:
                *request, keeps = request
                reply = await self.reply(*request)
                if reply is LOST:
                    break
                writer.write(serialised(reply))
                await writer.drain()
                keeps = keeps and reply.promised is None
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away: that is its right
        finally:
            writer.close()

    async def reply(self, method, target, headers, body):
        if target.startswith(CONTROL):
            return self.control(method, target.removeprefix(CONTROL), body)
        call = Call(method, target, headers, body)
        reply, names = await self.by_rules(call)
        self.calls.append({
            "at": call.at, "took": time.time() - call.at, "key": call.key, "region": call.region, "service": call.service,
            "operation": call.operation, "thing": call.thing, "rules": names, "answer": call.answer,
            "result": "lost" if reply is LOST else reply.code(),
        })
        return reply

    async def by_rules(self, call):
        """What the client gets, and the rules that took the call."""
        taken = []
        for rule in list(self.rules):
            if not rule.takes(call):
                continue
            taken.append(rule)
            if (instead := await rule.action.before(call)) is not None:
                return instead, [rule.name for rule in taken]
        reply = await self.forward(call)
        call.answer = reply.code()
        for rule in taken:
            if reply is not LOST:
                reply = rule.action.after(call, reply)
        return reply, [rule.name for rule in taken]

    async def forward(self, call):
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            kept = "".join(f"{name}: {value}\r\n" for name, value in call.headers.items() if name not in HOP)
            # 1.0: an answer in chunks would have to be put together.
            head = f"{call.method} {call.target} HTTP/1.0\r\n{kept}connection: close\r\ncontent-length: {len(call.body)}\r\n\r\n"
            writer.write(head.encode("latin-1") + call.body)
            head, _, body = (await reader.read(-1)).partition(b"\r\n\r\n")
            if not head:
                raise ConnectionError("the emulator closed the connection without an answer")
            first, *lines = head.decode("latin-1").split("\r\n")
            return Reply(int(first.split()[1]), fields(lines), body)
        finally:
            writer.close()

    def control(self, method, path, body):
        try:
            return answered(200, self.controlled(method, path, body))
        except (RuleError, ValueError, TypeError, AttributeError) as error:
            return answered(400, {"error": str(error)})

    def controlled(self, method, path, body):
        match method, path.split("/"):
            case "GET", ["rules"]:
                return [rule.shown() for rule in self.rules]
            case "POST", ["rules"]:
                new = [Rule(source) for source in json.loads(body)]
                names = {rule.name for rule in new}
                self.rules = [rule for rule in self.rules if rule.name not in names] + new
                return [rule.name for rule in new]
            case "DELETE", ["rules"]:
                self.rules = []
                return []
            case "DELETE", ["rules", name]:
                self.rules = [rule for rule in self.rules if rule.name != name]
                return [rule.name for rule in self.rules]
            case "GET", ["calls"]:
                return list(self.calls)
            case "GET", ["counts"]:
                return self.counts()
            case "DELETE", ["calls"]:
                self.calls.clear()
                return []
        raise RuleError(f"{method} {CONTROL}{path} is not one of the proxy's")

    def counts(self):
        """Calls by key, region, service, operation and result."""
        by = ("key", "region", "service", "operation", "result")
        counted = collections.Counter(tuple(call[name] for name in by) for call in self.calls)
        return [{**dict(zip(by, each)), "count": count} for each, count in sorted(counted.items())]


async def read_request(reader):
    """Method, target, headers, body, whether the connection goes on; None when the client sends no more."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None
    first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    method, target, version = first.split(" ", 2)
    headers = fields(lines)
    keeps = version != "HTTP/1.0" and headers.get("connection", "").lower() != "close"
    return method, target, headers, await reader.readexactly(int(headers.get("content-length", 0))), keeps


def fields(lines):
    return {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def serialised(reply):
    length = len(reply.body) if reply.promised is None else reply.promised
    kept = "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items() if name not in HOP)
    return f"HTTP/1.1 {reply.status} -\r\n{kept}content-length: {length}\r\n\r\n".encode("latin-1") + reply.body


def answered(status, content):
    return Reply(status, {"content-type": "application/json"}, json.dumps(content).encode() + b"\n")
