#!/usr/bin/env python3
"""Answers for thousands of RDS instances, which the emulator is too slow for: one process that answers from texts made before.

usage: stand_in.py PORT SEED.json     SEED: {"name", "resourceId", "count", "instance", "identity"}, see labkit/bench_large.py

Every instance is the one that the emulator showed of `name`, under a name of its own. It lists instances, by id or page by page, takes changes of
BackupRetentionPeriod, and counts as the emulator does (/lab/calls, /lab/moments, /lab/reset). Anything else is refused, and counted.
"""

import collections
import hashlib
import http.server
import json
import re
import sys
import threading
import time
import urllib.parse

NAMESPACE = "http://rds.amazonaws.com/doc/2014-10-31/"
PAGE = 100


class Instances:
    def __init__(self, seed):
        self.lock, self.calls, self.moments = threading.Lock(), collections.Counter(), []
        self.identity, self.texts = seed["identity"], {}
        stem, digits = seed["name"][:-5], seed["name"][-5:]
        for number in range(int(digits), int(digits) + seed["count"]):
            name = f"{stem}{number:05}"
            self.texts[f"default-{name}"] = renamed(seed["instance"], seed, name)
        self.order = sorted(self.texts)

    def answer(self, fields):
        action = fields.get("Action", "")
        service = "sts" if action == "GetCallerIdentity" else "rds"
        with self.lock:
            self.calls[f"{service}.{action}"] += 1
        known = {"GetCallerIdentity": lambda: self.identity, "DescribeDBInstances": lambda: self.describe(fields), "ModifyDBInstance": lambda: self.modify(fields)}
        return known[action]() if action in known else None

    def describe(self, fields):
        asked = [value for key, value in fields.items() if ".Values.Value." in key] or [fields[key] for key in ("DBInstanceIdentifier",) if key in fields]
        if asked:
            return listed([self.texts[one] for one in asked if one in self.texts])
        start, size = int(fields.get("Marker", 0)), int(fields.get("MaxRecords", PAGE))
        end = start + size
        return listed([self.texts[one] for one in self.order[start:end]], end if end < len(self.order) else None)

    def modify(self, fields):
        name = fields["DBInstanceIdentifier"]
        with self.lock:
            self.moments.append(("ModifyDBInstance", name, time.time()))
            days = fields.get("BackupRetentionPeriod")
            if days:
                self.texts[name] = re.sub(r"<BackupRetentionPeriod>\d+<", f"<BackupRetentionPeriod>{days}<", self.texts[name])
        return wrapped("ModifyDBInstance", self.texts[name])

    def reset(self):
        with self.lock:
            self.calls.clear()
            self.moments.clear()
        return {}


def renamed(text, seed, name):
    """What was said of the one, said of another: its name, and its id, by which the operator tells a database from its successor."""
    own = seed["resourceId"] if name == seed["name"] else "db-" + hashlib.sha256(name.encode()).hexdigest()[:26].upper()
    return text.replace(seed["resourceId"], own).replace(seed["name"], name)


def listed(instances, marker=None):
    rest = "" if marker is None else f"<Marker>{marker}</Marker>"
    return wrapped("DescribeDBInstances", f"<DBInstances>{''.join(instances)}</DBInstances>{rest}")


def wrapped(action, result):
    return f'<{action}Response xmlns="{NAMESPACE}"><{action}Result>{result}</{action}Result></{action}Response>'


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        known = {"/lab/calls": lambda: dict(self.server.instances.calls), "/lab/moments": lambda: list(self.server.instances.moments)}
        self.send(200, json.dumps(known[self.path]()), "application/json")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.path == "/lab/reset":
            return self.send(200, json.dumps(self.server.instances.reset()), "application/json")
        text = self.server.instances.answer(dict(urllib.parse.parse_qsl(body)))
        if text is None:
            return self.send(400, "<ErrorResponse><Error><Code>InvalidAction</Code><Message>the stand-in knows no such call</Message></Error></ErrorResponse>")
        self.send(200, text)

    def send(self, code, text, content="text/xml"):
        body = text.encode()
        self.send_response(code)
        self.send_header("Content-Type", content)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Thousands of lines that nobody reads."""


if __name__ == "__main__":
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
    with open(sys.argv[2]) as seed_file:
        server.instances = Instances(json.load(seed_file))
    server.serve_forever()
