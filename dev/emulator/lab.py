"""What the emulator's port answers beside AWS's API: counts and moments for tests, how long a create takes, how old a
snapshot is."""

import collections
import json
import threading
import time

from moto.core.responses import BaseResponse
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from emulator import around, clock

calls, moments, lock = collections.Counter(), [], threading.Lock()
TIMED = ("CreateDBInstance", "ModifyDBInstance")


@around(BaseResponse, "call_action")
def call_action(original, self):
    action = self._get_action()
    with lock:
        calls[f"{self.service_name}.{action}"] += 1
    if action in TIMED:
        happened(action, self._get_param("DBInstanceIdentifier"), time.time())
    return original(self)


def happened(what, name, at):
    with lock:
        moments.append((what, name, at))


@around(DomainDispatcherApplication, "__call__")
def dispatch(original, self, environ, start_response):
    if not environ.get("PATH_INFO", "").startswith("/lab/"):
        return original(self, environ, start_response)
    code, answer = lab(environ)
    body = json.dumps(answer, sort_keys=True).encode() + b"\n"
    start_response(code, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def lab(environ):
    request = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
    if request == "GET /lab/calls":
        with lock:
            return "200 OK", dict(calls)
    if request == "GET /lab/moments":
        with lock:
            return "200 OK", list(moments)
    if request == "POST /lab/reset":
        with lock:
            calls.clear()
            moments.clear()
        return "200 OK", {}
    setters = {"POST /lab/create-seconds": clock.set_create_seconds, "POST /lab/snapshot-age": clock.set_snapshot_age}
    if request in setters:
        setters[request](environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).decode())
        return "200 OK", {}
    return "404 Not Found", {"error": f"{request} is not one of the lab's"}
