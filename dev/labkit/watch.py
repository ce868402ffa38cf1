"""Follows the objects of one kind, seeing every write: a plan that is shown for a tenth of a second is not missed."""

import json
import queue
import subprocess
import threading

from labkit import toolchain
from labkit.processes import LabError, clean_env, die_with_parent


class Watch:
    """`with Watch(kubeconfig, "rdsinstances.awsdb.dev") as watch: watch.next(seconds)` answers (object, deleted) or None when nothing came."""

    def __init__(self, kubeconfig, resource):
        self.command = [str(toolchain.binary("kubectl")), f"--kubeconfig={kubeconfig}", "get", resource, "-A",
                        "--watch", "--output-watch-events", "-o", "json"]
        self.objects, self._changes = {}, queue.SimpleQueue()

    def __enter__(self):
        self.process = subprocess.Popen(self.command, env=clean_env(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                        start_new_session=True, preexec_fn=die_with_parent)
        threading.Thread(target=self._read, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def next(self, seconds):
        try:
            change = self._changes.get(timeout=seconds)
        except queue.Empty:
            if self.process.poll() is not None:
                raise LabError(f"kubectl's watch has ended with {self.process.returncode}") from None
            return None
        deleted, thing = change["type"] == "DELETED", change["object"]
        if deleted:
            self.objects.pop(name(thing), None)
        else:
            self.objects[name(thing)] = thing
        return thing, deleted

    def _read(self):
        for event in self.process.stdout:  # one a line
            self._changes.put(json.loads(event))


def name(thing):
    return f"{thing['metadata']['namespace']}/{thing['metadata']['name']}"


def condition(thing, kind):
    found = (one for one in thing.get("status", {}).get("conditions", []) if one["type"] == kind)
    return next(found, {"type": kind, "status": "Unknown", "reason": "NotYet", "message": ""})


def is_true(thing, kind):
    """True only of a condition that is about the object as it is now."""
    return condition(thing, kind)["status"] == "True" and thing["status"].get("observedGeneration") == thing["metadata"]["generation"]


def line(thing):
    status, ready, synced = thing.get("status", {}), condition(thing, "Ready"), condition(thing, "Synced")
    text = f"{name(thing)}: {status.get('awsStatus', 'no answer yet')}, Ready {ready['status']} ({ready['reason']}), Synced {synced['status']} ({synced['reason']})"
    stalled = condition(thing, "Stalled")
    return text + (f", Stalled: {stalled['message']}" if stalled["status"] == "True" else "")
