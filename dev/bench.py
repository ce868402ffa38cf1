#!/usr/bin/env python3
"""Figures of the release build against the lab, each beside its bar and how it was measured (make bench).

usage: dev/bench.py [--parts objects,fleet,large] [--fleet N] [--tables N] [--large N] [--idle SECONDS] [--binary PATH] [--name NAME]

  objects   what one object costs, and the program without any
  fleet     1,000 RdsInstance and 200 DynamoTable on the emulator
  large     10,000 RdsInstance, on a real API server and a stand-in for AWS

Writes the table to benches/results/<name>-<date>.txt, and ends with an error when a figure is over its bar. Linux only: /proc is read.
"""

import argparse
import os
import pathlib
import shutil
import signal
import sys
import tempfile

from labkit import bench_fleet as fleet
from labkit import bench_objects as objects
from labkit import operator, toolchain
from labkit.api import Api
from labkit.bench_large import large
from labkit.bench_run import WINDOW_SECONDS, Run
from labkit.figures import Figures, commit
from labkit.install import operator_kubeconfig
from labkit.lab import Lab
from labkit.meters import Meters
from labkit.processes import LabError

# A sweep that happens to fall into the counted seconds would be counted as the object's.
QUICK = ("--sweep=60s", "--transition-poll=2s", "--quiet-period=5s")
DEFAULT = (f"--sweep={WINDOW_SECONDS}s", "--transition-poll=10s")


def main():
    options = parse()
    signal.signal(signal.SIGTERM, lambda signum, frame: sys.exit(128 + signum))
    try:
        sys.exit(bench(options))
    except (LabError, toolchain.ToolchainError) as error:
        sys.exit(f"bench: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", default="objects,fleet,large", help="which of them, in this order")
    parser.add_argument("--fleet", type=int, default=1000, help="instances of the fleet")
    parser.add_argument("--tables", type=int, default=200, help="tables beside the fleet")
    parser.add_argument("--large", type=int, default=10000, help="instances of the large part")
    parser.add_argument("--idle", type=float, default=120, help="seconds of quiet in which is counted")
    parser.add_argument("--binary", type=pathlib.Path, help="an operator that is already built")
    parser.add_argument("--name", default="bench", help="of the file with the results")
    return parser.parse_args()


def bench(options):
    toolchain.ensure()
    binary = (options.binary or operator.build("release")).absolute()
    figures = Figures()
    try:
        for part in options.parts.split(","):
            alone(part, options, binary, figures)
    finally:
        # What was measured before something went wrong is worth having.
        size = round(binary.stat().st_size / 2**20, 1)
        figures.report(options.name, f"dev/bench.py --parts {options.parts}, {os.cpu_count()} cores, commit {commit()}, binary {size} MiB; {' '.join(DEFAULT)}")
    return int(figures.is_over())


def alone(part, options, binary, figures):
    """Each part in a lab of its own: nothing of an earlier one is in its figures."""
    home = pathlib.Path(tempfile.mkdtemp(prefix="awsdb-bench-"))
    lab = Lab(home, die_with_parent=True)
    facts = lab.up()
    try:
        program = operator.Operator(lab, facts, operator_kubeconfig(lab), binary, QUICK if part == "objects" else DEFAULT)
        program.start()
        PARTS[part](Run(program, Meters(lab, facts, program), Api(facts), figures), options)
    finally:
        lab.down()
        shutil.rmtree(home)


def part_objects(run, options):
    objects.without_objects(run, options.idle)
    objects.one_object(run)


def part_fleet(run, options):
    fleet.secret_after_available(run)
    fleet.apply_at_once(run, options.fleet)
    fleet.at_rest(run, options.fleet, options.idle, (25, 0.3 * options.fleet / 1000))
    fleet.restart(run, options.fleet)
    fleet.drift(run, options.fleet)
    fleet.edits(run, options.fleet)
    fleet.tables(run, options.tables, options.idle)


PARTS = {"objects": part_objects, "fleet": part_fleet, "large": lambda run, options: large(run, options.large, options.idle)}


if __name__ == "__main__":
    main()
