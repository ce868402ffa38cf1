#!/usr/bin/env python3
"""The operator shown end to end on this machine: real API server with RBAC, AWS emulator, the examples of this repository.

  dev/demo.py          everything, then stops what it started (make demo)
  dev/demo.py up       leaves it running with the examples applied (make demo-up)
  dev/demo.py down     ends that (make demo-down)

Ends with an error at the first step that does not reach what it says.
"""

import argparse
import contextlib
import pathlib
import shutil
import signal
import sys
import tempfile
import time

from labkit import demo_clusters as clusters
from labkit import demo_faults as faults
from labkit import demo_steps as steps
from labkit import demo_tables as tables
from labkit import operator, toolchain
from labkit.install import operator_kubeconfig
from labkit.lab import Lab
from labkit.processes import LabError
from labkit.watch import Watch

FIRST = (steps.others_database, steps.apply_examples, steps.follow_to_ready, steps.show_objects)
TABLES_FIRST = (tables.others_table, tables.apply_examples, tables.follow_to_ready, tables.show_objects)
TABLES_REST = (tables.show_secrets, tables.change_a_field, tables.delete_with_a_backup)
REST = (steps.show_secrets, steps.show_aws, steps.show_pod, faults.show_throttling, steps.change_a_field, steps.delete_by_policy)


def main():
    options = parse()
    # Without this a SIGTERM would skip the code that stops what was started.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda signum, frame: sys.exit(128 + signum))
    try:
        {"run": run, "up": up, "down": down}[options.mode](options)
    except (LabError, toolchain.ToolchainError) as error:
        sys.exit(f"\ndemo failed: {error}")
    except KeyboardInterrupt:
        print("\ninterrupted: all that was started has been stopped", file=sys.stderr)
        sys.exit(130)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", nargs="?", choices=("run", "up", "down"), default="run")
    parser.add_argument("--dir", type=pathlib.Path, help="the lab's folder (default of up and down: awsdb-demo in the temporary folder)")
    parser.add_argument("--binary", type=pathlib.Path, help="an operator that is already built")
    return parser.parse_args()


def run(options):
    binary = build(options)
    began = time.monotonic()
    with folder(options) as home:
        lab = Lab(home, die_with_parent=True)
        facts = control_plane(lab)
        try:
            demo = start_operator(lab, facts, binary)
            perform(demo, FIRST + REST)
            perform(demo, TABLES_FIRST + TABLES_REST, tables.KIND)
            perform(demo, clusters.FIRST + clusters.REST, clusters.KIND)
            perform(demo, clusters.OF_SNAPSHOTS, clusters.SNAPSHOTS)
        finally:
            lab.down()
    print(f"\nEverything was as it should be, in {time.monotonic() - began:.0f} s; all that was started has been stopped.")


@contextlib.contextmanager
def folder(options):
    """The lab's folder. A temporary one is removed, unless its logs may explain a failure."""
    if options.dir:
        yield options.dir
        return
    home = pathlib.Path(tempfile.mkdtemp(prefix="awsdb-demo-"))
    keep = False
    try:
        yield home
    except Exception:
        keep = True
        print(f"\nlogs are in {home}", file=sys.stderr)
        raise
    finally:
        if not keep:
            shutil.rmtree(home)


def up(options):
    binary = build(options)
    lab = Lab(kept_home(options))
    facts = control_plane(lab)
    try:
        demo = start_operator(lab, facts, binary)
        perform(demo, FIRST)
        perform(demo, TABLES_FIRST, tables.KIND)
        perform(demo, clusters.FIRST, clusters.KIND)
    except BaseException:
        lab.down()
        print(f"\nlogs are in {lab.home}", file=sys.stderr)
        raise
    print(f"""
It keeps running until `make demo-down`.
  export KUBECONFIG={demo.facts['kubeconfig']} PATH={demo.facts['bin']}:$PATH
  kubectl get awsdb -A
The operator's log is {lab.home}/operator.log, its metrics {demo.operator.url}/metrics; the AWS emulator is {demo.facts['aws']['endpoint']}.
What the operator asks of AWS passes {demo.facts['faults']['endpoint']}, which can throttle, delay and lose it (dev/EMULATOR.md).""")


def down(options):
    home = kept_home(options)
    Lab(home).down()
    if options.dir is None:
        shutil.rmtree(home)
    print(f"no lab is running in {home} any more")


def kept_home(options):
    return options.dir or pathlib.Path(tempfile.gettempdir()) / "awsdb-demo"


def build(options):
    steps.title("Tools: etcd, kube-apiserver, kube-controller-manager, kubectl, helm, the AWS emulator, the operator")
    toolchain.ensure()
    return (options.binary or operator.build()).absolute()


def control_plane(lab):
    """Outside of the callers' `try`: it cleans up after itself, and a lab that it finds running is not ours to end."""
    steps.title("A control plane and an AWS emulator on 127.0.0.1")
    facts = lab.up(create_seconds=steps.CREATE_SECONDS)
    print(f"ready in {facts['secondsToReady']} s: {facts['server']}, {facts['aws']['endpoint']}")
    return facts


def start_operator(lab, facts, binary):
    steps.title("The chart's CRDs and RBAC, and the operator with that ServiceAccount's token")
    # Behind the fault proxy, which lets everything pass until a rule is set.
    program = operator.Operator(lab, facts, operator_kubeconfig(lab), binary, endpoint=facts["faults"]["endpoint"])
    program.start()
    print(f"$ {' '.join(str(part) for part in program.command)}")
    return steps.Demo(facts, program)


def perform(demo, some_steps, kind=steps.KIND):
    with Watch(demo.facts["kubeconfig"], kind) as demo.watch:
        for step in some_steps:
            step(demo)


if __name__ == "__main__":
    main()
