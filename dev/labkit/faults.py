"""The fault proxy of a lab, and the rules that are set in it."""

import json
import time
import urllib.error

from labkit import toolchain
from labkit.aws import lab_request
from labkit.control_plane import ended
from labkit.processes import LOOPBACK, LabError, clean_env, free_ports

NAME = "fault-proxy"
READY_SECONDS = 20


class FaultProxy:
    """Between the emulator and whoever is to meet faults; without rules it only counts."""

    def __init__(self, processes, upstream):
        self.processes, self.upstream = processes, upstream
        [self.port] = free_ports(1)
        self.endpoint = f"http://{LOOPBACK}:{self.port}"
        self.control = f"{self.endpoint}/awsdb-faults"

    def start(self):
        self.processes.start(NAME, [
            toolchain.venv_python(), toolchain.DEV / "fault_proxy.py", "--upstream", self.upstream, "--port", self.port],
            clean_env(PYTHONUNBUFFERED="1"))

    def wait_ready(self):
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            ended(self.processes, NAME)
            try:
                lab_request(f"{self.control}/rules", "GET")
                return
            except (OSError, urllib.error.URLError):
                time.sleep(0.05)
        raise LabError(f"the fault proxy was not ready after {READY_SECONDS} s:\n{self.processes.log_tail(NAME)}")

    def describe(self):
        """The "faults" part of lab.json."""
        return {"endpoint": self.endpoint, "control": self.control}


def set_rules(facts, *rules):
    """Adds rules; one of the same name is replaced."""
    return lab_request(f"{facts['faults']['control']}/rules", "POST", json.dumps(rules))


def clear_rules(facts):
    lab_request(f"{facts['faults']['control']}/rules", "DELETE")
