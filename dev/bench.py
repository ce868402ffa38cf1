#!/usr/bin/env python3
"""Memory and calls of the release build against the lab, each figure beside its bound (make bench).

usage: dev/bench.py [--binary PATH] [--idle SECONDS] [--fleet N]
Ends with an error when a figure is over its bound. Linux only: memory is read from /proc.
"""

import argparse
import json
import pathlib
import re
import shutil
import signal
import sys
import tempfile
import time

from labkit import operator, toolchain
from labkit.aws import lab_request
from labkit.control_plane import NAMESPACE, kubectl
from labkit.demo_steps import KIND, table
from labkit.install import RELEASE, operator_kubeconfig
from labkit.lab import Lab
from labkit.processes import LabError
from labkit.progress import Progress
from labkit.watch import Watch, is_true

READS = re.compile(r"\.(Describe|List|Get)")
WAIT_SECONDS = 300
QUIET_SECONDS = 15  # what still comes after an object is Ready belongs to it
SETTLE_SECONDS = 90
# A sweep that happens to fall into the counted seconds would be counted as the object's.
FLAGS = ("--sweep=60s", "--transition-poll=2s", "--quiet-period=5s")
USER = f"system:serviceaccount:{NAMESPACE}:{RELEASE}"


def main():
    options = parse()
    signal.signal(signal.SIGTERM, lambda signum, frame: sys.exit(128 + signum))
    try:
        sys.exit(report(bench(options)))
    except (LabError, toolchain.ToolchainError) as error:
        sys.exit(f"bench: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=pathlib.Path, help="an operator that is already built")
    parser.add_argument("--idle", type=float, default=120, help="seconds of quiet before memory is read")
    parser.add_argument("--fleet", type=int, default=1000, help="objects of the large installation")
    return parser.parse_args()


def bench(options):
    toolchain.ensure()
    binary = (options.binary or operator.build("release")).absolute()
    home = pathlib.Path(tempfile.mkdtemp(prefix="awsdb-bench-"))
    lab = Lab(home, die_with_parent=True)
    facts = lab.up()
    try:
        run = Bench(lab, facts, operator.Operator(lab, facts, operator_kubeconfig(lab), binary, FLAGS))
        with Watch(facts["kubeconfig"], KIND) as run.watch:
            return run.all(options)
    finally:
        lab.down()
        shutil.rmtree(home)


class Bench:
    def __init__(self, lab, facts, program):
        self.lab, self.facts, self.program, self.watch, self.figures = lab, facts, program, None, []
        self.audited = 0

    def all(self, options):
        self.program.start()
        self.idle(options.idle, "no object")
        self.figure("memory without objects, MiB", self.resident(), 20)
        self.one_object()
        self.fleet(options)
        return self.figures

    def one_object(self):
        for policy, bound in (("Retain", 0), ("Delete", 5)):
            self.count()
            self.apply([f"one-{policy.lower()}"], policy)
            self.until(f"one object, {policy}", all_ready)
            aws, kubernetes = self.count(QUIET_SECONDS)
            self.figure(f"AWS calls of a create ({policy})", sum(aws.values()), 4, aws)
            self.figure(f"API-server writes from apply to Ready ({policy})", sum(kubernetes.values()), 7, kubernetes)
            kubectl(self.facts["kubeconfig"], "annotate", KIND, f"one-{policy.lower()}", f"awsdb.dev/reconcile=look-{policy.lower()}")
            _, kubernetes = self.count(QUIET_SECONDS)
            self.figure(f"API-server writes of a reconcile without news ({policy})", sum(kubernetes.values()), 0, kubernetes)
            kubectl(self.facts["kubeconfig"], "delete", KIND, f"one-{policy.lower()}", "--wait=false")
            self.until(f"delete, {policy}", lambda objects: not objects)
            _, kubernetes = self.count(QUIET_SECONDS)
            self.figure(f"API-server writes of a delete ({policy})", sum(kubernetes.values()), bound, kubernetes)

    def fleet(self, options):
        self.apply([f"fleet-{number:04}" for number in range(options.fleet)], "Retain")
        self.until(f"{options.fleet} objects", lambda objects: len(objects) == options.fleet and all_ready(objects))
        # What has just become ready is looked at on the short clock for a minute.
        self.idle(SETTLE_SECONDS, f"{options.fleet} objects settle")
        self.count()
        self.idle(options.idle, f"{options.fleet} objects")
        self.figure(f"memory with {options.fleet} objects, MiB", self.resident(), 25)
        aws, kubernetes = self.count()
        self.figure(f"AWS calls per second with {options.fleet} idle objects", round(sum(aws.values()) / options.idle, 2), 0.3, aws)
        self.figure(f"API-server writes in {options.idle:.0f} s with {options.fleet} idle objects", sum(kubernetes.values()), 0, kubernetes)
        self.lab.processes.stop("operator")
        self.count()
        self.program.start()
        aws, kubernetes = self.count(2 * QUIET_SECONDS)
        writes = {call: number for call, number in aws.items() if not READS.search(call)}
        reads = {call: number for call, number in aws.items() if READS.search(call)}
        self.figure(f"AWS writes of a restart with {options.fleet} objects", sum(writes.values()), 0, writes)
        self.figure(f"AWS reads in the first {2 * QUIET_SECONDS} s of a restart with {options.fleet} objects", sum(reads.values()), options.fleet // 10, reads)
        self.figure(f"API-server writes of a restart with {options.fleet} objects", sum(kubernetes.values()), 0, kubernetes)

    def apply(self, names, policy):
        objects = [{"apiVersion": "awsdb.dev/v1alpha1", "kind": "RdsInstance", "metadata": {"name": one, "namespace": "default"},
                    "spec": {"engine": "postgres", "engineVersion": "16", "dbInstanceClass": "db.t4g.micro", "allocatedStorage": 20,
                             "masterUsername": "app", "deletionPolicy": policy}} for one in names]
        kubectl(self.facts["kubeconfig"], "apply", "--server-side", "--filename=-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))

    def until(self, label, done):
        progress, deadline = Progress(label), time.monotonic() + WAIT_SECONDS
        while not done(self.watch.objects):
            self.program.check()
            if time.monotonic() > deadline:
                raise LabError(f"{label}: not reached in {WAIT_SECONDS} s; the operator's last words:\n{self.program.log_tail()}")
            self.watch.next(0.2)
            progress.tick(f"{sum(is_true(thing, 'Ready') for thing in self.watch.objects.values())} of {len(self.watch.objects)} ready")
        progress.done("done")

    def idle(self, seconds, label):
        progress, end = Progress(f"idle, {label}"), time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(0.5)
            progress.tick(f"of {seconds:.0f} s")

    def resident(self):
        status = pathlib.Path(f"/proc/{self.lab.processes.pids()['operator']}/status").read_text()
        return round(int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) / 1024, 1)

    def count(self, wait=0):
        """What the operator has asked of AWS and written to Kubernetes since the last count."""
        time.sleep(wait)
        aws = lab_request(self.facts["aws"]["calls"], "GET")
        lab_request(self.facts["aws"]["reset"], "POST")
        with open(self.facts["auditLog"]) as log:
            log.seek(self.audited)
            events = [json.loads(entry) for entry in log.readlines()]
            self.audited = log.tell()
        kubernetes = {}
        for event in events:
            if event["user"]["username"] == USER and "objectRef" in event:
                what = "/".join(filter(None, (event["verb"], event["objectRef"]["resource"], event["objectRef"].get("subresource"))))
                kubernetes[what] = kubernetes.get(what, 0) + 1
        return aws, kubernetes

    def figure(self, what, value, bound, detail=None):
        shown = ", ".join(f"{call} {number}" for call, number in sorted((detail or {}).items()))
        self.figures.append((what, value, f"<= {bound}", "ok" if value <= bound else "OVER", shown))


def all_ready(objects):
    return bool(objects) and all(is_true(thing, "Ready") for thing in objects.values())


def report(figures):
    table(("FIGURE", "MEASURED", "BOUND", "", "OF WHICH"), figures)
    return int(any(verdict == "OVER" for _, _, _, verdict, _ in figures))


if __name__ == "__main__":
    main()
