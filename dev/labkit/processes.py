"""Starts the lab's processes, remembers exactly which ones, and ends exactly those."""

import ctypes
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

LOOPBACK = "127.0.0.1"
GRACE_SECONDS = 3  # then SIGKILL: nothing of a lab is worth waiting longer for
PR_SET_PDEATHSIG = 1


class LabError(Exception):
    """A sentence for the user, with the log's tail where there is one."""


def free_ports(count):
    """Ports that nobody uses now. All are held until all are known, so that they differ."""
    held = [socket.socket() for _ in range(count)]
    try:
        for one in held:
            one.bind((LOOPBACK, 0))
        return [one.getsockname()[1] for one in held]
    finally:
        for one in held:
            one.close()


def clean_env(**extra):
    """Only what a program needs to run. Machines set proxies, CA bundles and AWS_* variables that would redirect the
    lab's traffic, and a proxy makes the Kubernetes client refuse loopback addresses."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG", "TZ") if name in os.environ}
    return kept | {"NO_PROXY": "*"} | extra


def started_at(pid):
    """The moment this pid's process began, in the kernel's words; None when there is none. A pid alone may be another's by now."""
    try:
        # The name in parentheses may contain spaces: count the fields after it. Field 22 is the start time, field 3 the state.
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return None if fields[0] in "ZX" else fields[19]
    except OSError:
        return None if pathlib.Path("/proc/self/stat").exists() else started_at_by_ps(pid)


def started_at_by_ps(pid):
    answer = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], stdout=subprocess.PIPE, text=True)
    return answer.stdout.strip() or None


class Processes:
    """The processes of one lab folder, recorded in processes.json as soon as each one is started."""

    def __init__(self, home, die_with_parent=False):
        self.home, self.record = home, home / "processes.json"
        self.die_with_parent = die_with_parent
        self.known = json.loads(self.record.read_text()) if self.record.exists() else {}

    def start(self, name, command, env=None):
        with open(self.home / f"{name}.log", "ab") as log:
            # A session of its own: Ctrl-C reaches the lab's owner alone, which then stops things in order.
            process = subprocess.Popen(
                [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.home,
                env=env or clean_env(), start_new_session=True, preexec_fn=die_with_parent if self.die_with_parent else None)
        self.known[name] = {"pid": process.pid, "started": started_at(process.pid)}
        self._save()
        return process

    def pids(self):
        return {name: entry["pid"] for name, entry in self.known.items()}

    def alive(self, name):
        entry = self.known.get(name)
        return entry is not None and started_at(entry["pid"]) == entry["started"] is not None

    def any_alive(self):
        return any(self.alive(name) for name in self.known)

    def log_tail(self, name, lines=15):
        path = self.home / f"{name}.log"
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""

    def stop(self, *names):
        """Ends these, or all, the latest first: an API server whose etcd went before it would wait for it in vain.
        Never touches a process that merely has the same pid."""
        for name in [name for name in (names or reversed(list(self.known))) if name in self.known]:
            self._signal(name, signal.SIGTERM)
            deadline = time.monotonic() + GRACE_SECONDS
            while self.running(name) and time.monotonic() < deadline:
                time.sleep(0.02)
            self._signal(name, signal.SIGKILL)
            reap(self.known.pop(name)["pid"], wait=True)
            self._save()

    def running(self, name):
        reap(self.known[name]["pid"])
        return self.alive(name)

    def _signal(self, name, number):
        if self.running(name):
            os.kill(self.known[name]["pid"], number)

    def _save(self):
        self.record.write_text(json.dumps(self.known))


def die_with_parent():
    """Runs in the child before the program: the kernel ends it when its parent dies, however that happens (Linux only)."""
    if hasattr(ctypes.CDLL(None), "prctl"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def reap(pid, wait=False):
    """A child that has ended stays a zombie until it is waited for; someone else's child is none of our business."""
    try:
        os.waitpid(pid, 0 if wait else os.WNOHANG)
    except ChildProcessError:
        pass
