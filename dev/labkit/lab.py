"""One lab: a folder, its processes, and lab.json, which is there only while everything is up."""

import json
import shutil
import time

from labkit import toolchain
from labkit.aws import Emulator
from labkit.control_plane import ControlPlane
from labkit.faults import FaultProxy
from labkit.processes import LabError, Processes

ATTEMPTS = 3


class Lab:
    def __init__(self, home, die_with_parent=False):
        self.home = home.resolve()
        self.home.mkdir(parents=True, exist_ok=True)
        self.json = self.home / "lab.json"
        self.processes = Processes(self.home, die_with_parent)

    def up(self, create_seconds=0):
        """Starts all of it. Whatever goes wrong on the way, nothing is left running."""
        if self.processes.any_alive():
            raise LabError(f"a lab is already running in {self.home}: end it with `dev/lab.py down --dir {self.home}`")
        toolchain.ensure()
        for attempt in range(ATTEMPTS):
            self.down()
            try:
                return self._start(create_seconds)
            except LabError as error:
                self.processes.stop()
                # Another program may take a port between our look and our use of it: take other ports.
                if "address already in use" not in str(error) or attempt == ATTEMPTS - 1:
                    raise
            except BaseException:
                self.down()
                raise

    def down(self):
        """Ends what runs, removes what is worthless or secret; the logs stay for whoever wants to know why."""
        self.processes.stop()
        for path in [self.json, self.processes.record, *self.home.glob("*.kubeconfig")]:
            path.unlink(missing_ok=True)
        shutil.rmtree(self.home / "state", ignore_errors=True)

    def facts(self):
        if not self.json.exists():
            raise LabError(f"no lab is running in {self.home}: start one with `dev/lab.py up --dir {self.home}`")
        return json.loads(self.json.read_text())

    def _start(self, create_seconds):
        began = time.monotonic()
        for log in self.home.glob("*.log"):
            log.unlink()
        (self.home / "state").mkdir(mode=0o700)
        emulator = Emulator(self.processes, create_seconds)
        control_plane = ControlPlane(self.home, self.processes)
        faults = FaultProxy(self.processes, emulator.endpoint)
        emulator.start()
        faults.start()
        control_plane.start()
        emulator.wait_ready()
        faults.wait_ready()
        facts = {
            "kubeconfig": str(control_plane.admin_kubeconfig), "server": control_plane.server, "ca": str(control_plane.ca),
            "adminToken": str(control_plane.admin_token), "auditLog": str(control_plane.audit_log),
            "bin": str(toolchain.binary_dir()), **{name: str(toolchain.binary(name)) for name in ("kubectl", "helm", "kstatus")},
            "aws": emulator.describe(), "faults": faults.describe(), "pids": self.processes.pids(), "secondsToReady": round(time.monotonic() - began, 1),
        }
        # The file's appearance says "ready", so it must appear whole.
        unfinished = self.json.with_suffix(".tmp")
        unfinished.write_text(json.dumps(facts, indent=1) + "\n")
        unfinished.rename(self.json)
        return facts
