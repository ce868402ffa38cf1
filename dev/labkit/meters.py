"""What a bench reads of the operator: /proc, its metrics, the emulator's counts and the API server's audit log."""

import datetime
import json
import os
import pathlib
import re
import time

from labkit.aws import lab_request
from labkit.control_plane import NAMESPACE
from labkit.install import RELEASE

USER = f"system:serviceaccount:{NAMESPACE}:{RELEASE}"
TICKS = os.sysconf("SC_CLK_TCK")


class Meters:
    def __init__(self, lab, facts, program):
        self.lab, self.facts, self.program, self.audited = lab, facts, program, 0

    def memory(self, what="VmRSS"):
        """MiB; VmHWM is the most that there was."""
        status = self._proc("status")
        return round(int(re.search(rf"{what}:\s+(\d+) kB", status).group(1)) / 1024, 1)

    def processor(self):
        """Seconds of processor that were used since the start."""
        fields = self._proc("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def _proc(self, name):
        return pathlib.Path(f"/proc/{self.lab.processes.pids()['operator']}/{name}").read_text()

    def metrics(self):
        """Every series by its text, and its value."""
        pairs = (line.rsplit(" ", 1) for line in (self.program.get("/metrics") or "").splitlines() if line and line[0] != "#")
        return {series: float(value) for series, value in pairs}

    def ready(self, kind):
        return int(self.metrics().get(f'awsdb_objects{{kind="{kind}",condition="Ready",status="True"}}', 0))

    def watched(self, kind):
        found = self.metrics()
        return int(sum(found.get(f'awsdb_objects{{kind="{kind}",condition="Ready",status="{word}"}}', 0) for word in ("True", "False", "Unknown")))

    def rounds(self):
        return int(sum(value for series, value in self.metrics().items() if series.startswith("awsdb_reconciles_total")))

    def waits(self, urgency):
        """{upper bound in seconds: calls} of the metric that says how long AWS calls waited for their turn."""
        pattern = re.compile(rf'awsdb_aws_wait_seconds_bucket{{le="([^"]+)",service="rds",urgency="{urgency}"}}')
        return {float(found.group(1)): value for series, value in self.metrics().items() if (found := pattern.match(series))}

    def calls(self):
        """What was asked of AWS since the last count."""
        counted = lab_request(self.facts["aws"]["calls"], "GET")
        lab_request(self.facts["aws"]["reset"], "POST")
        return counted

    def moments(self, what):
        """[(name, seconds since 1970)] of what happened in AWS since the last count."""
        return [(name, at) for happened, name, at in lab_request(self.facts["aws"]["moments"], "GET") if happened == what]

    def audit(self):
        """The operator's requests since the last look, only those that write."""
        with open(self.facts["auditLog"], "rb") as log:
            log.seek(self.audited)
            text = log.read()
        whole = text.rfind(b"\n") + 1  # the last line may still be being written
        self.audited += whole
        events = (json.loads(line) for line in text[:whole].splitlines())
        return [event for event in events if event["user"]["username"] == USER and "objectRef" in event]

    def writes(self):
        """{"patch/rdsinstances/status": 2} since the last look."""
        counted = {}
        for event in self.audit():
            what = "/".join(filter(None, (event["verb"], event["objectRef"]["resource"], event["objectRef"].get("subresource"))))
            counted[what] = counted.get(what, 0) + 1
        return counted

    def count(self, wait=0):
        """What the operator has asked of AWS and written to Kubernetes since the last count."""
        time.sleep(wait)
        return self.calls(), self.writes()


def when(event):
    return datetime.datetime.fromisoformat(event["stageTimestamp"].replace("Z", "+00:00")).timestamp()


def waited(before, after, share):
    """The bucket within which this share of the calls waited; 0 when there was none."""
    new = {bound: after[bound] - before.get(bound, 0) for bound in after}
    total = new.get(float("inf"), 0)
    return next((bound for bound, number in sorted(new.items()) if number >= share * total), 0) if total else 0
