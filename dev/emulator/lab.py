"""What the emulator's port answers beside AWS's API: counts for tests, how long a create takes, how old a snapshot is."""

import collections
import json
import threading

from moto.core.responses import BaseResponse
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from emulator import around, clock

calls, lock = collections.Counter(), threading.Lock()


@around(BaseResponse, "call_action")
def call_action(original, self):
    with lock:
        calls[f"{self.service_name}.{self._get_action()}"] += 1
    return original(self)


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
    if request == "POST /lab/reset":
        with lock:
            calls.clear()
        return "200 OK", {}
    setters = {"POST /lab/create-seconds": clock.set_create_seconds, "POST /lab/snapshot-age": clock.set_snapshot_age}
    if request in setters:
        setters[request](float(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))))
        return "200 OK", {}
    return "404 Not Found", {"error": f"{request} is not one of the lab's"}
