"""The operator under test: built, started with the chart's own rights, and waited for."""

import os
import pathlib
import subprocess
import time
import urllib.error
import urllib.request

from labkit import aws, toolchain
from labkit.install import ROOT
from labkit.processes import LOOPBACK, LabError, clean_env, free_ports

READY_SECONDS = 30
INSTALLATION = "demo"
# The waits that prove things are safe as they are; a demo that nothing depends on may shorten them.
QUICK = ("--transition-poll=1s", "--sweep=5s", "--quiet-period=3s", "--secret-poll=5s")


def build(profile="demo"):
    """cargo shows its own progress."""
    answer = subprocess.run(["cargo", "build", "--locked", "--profile", profile, "--bin", "awsdb"], cwd=ROOT)
    if answer.returncode != 0:
        raise LabError("cargo could not build the operator")
    return pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).absolute() / profile / "awsdb"


class Operator:
    def __init__(self, lab, facts, kubeconfig, binary, flags=QUICK, endpoint=None):
        self.processes = lab.processes
        [port] = free_ports(1)
        self.url = f"http://{LOOPBACK}:{port}"
        self.command = [binary, "run", f"--installation={INSTALLATION}", f"--region={facts['aws']['region']}", f"--listen={LOOPBACK}:{port}", *flags]
        self.env = clean_env(KUBECONFIG=str(kubeconfig), **aws.environment(endpoint or facts["aws"]["endpoint"]))

    def start(self, seconds=READY_SECONDS):
        self.processes.start("operator", self.command, self.env)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.check()
            if self.get("/readyz") is not None:
                return
            time.sleep(0.1)
        raise LabError(f"the operator was not ready after {seconds} s:\n{self.log_tail()}")

    def check(self):
        if not self.processes.running("operator"):
            raise LabError(f"the operator has ended:\n{self.log_tail()}")

    def get(self, path):
        """The answer's text; None when there is no good answer."""
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(self.url + path, timeout=2) as answer:
                return answer.read().decode()
        except (OSError, urllib.error.URLError):
            return None

    def log_tail(self):
        return self.processes.log_tail("operator", 20)
