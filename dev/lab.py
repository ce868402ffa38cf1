#!/usr/bin/env python3
"""A Kubernetes control plane and an AWS emulator on this machine, for the tests and the demo.

  dev/lab.py build                           build or find the tools (first time: minutes)
  dev/lab.py up --dir DIR                    start a lab; DIR/lab.json says where everything is
  dev/lab.py operator-kubeconfig --dir DIR   install CRDs and RBAC of the chart, print the operator's kubeconfig
  dev/lab.py down --dir DIR                  end it
  dev/lab.py path NAME                       where kubectl, helm, kstatus, ... is
  dev/lab.py run [--dir DIR] -- CMD...       all of that around one command, which finds DIR/lab.json in $AWSDB_LAB

Any number of labs may run side by side, each in its own DIR. Everything listens on 127.0.0.1 only.
"""

import argparse
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

from labkit import toolchain
from labkit.install import operator_kubeconfig
from labkit.lab import Lab
from labkit.processes import LabError, die_with_parent

GRACE_SECONDS = 10


def main():
    options = parse()
    # SIGTERM and a closed terminal end a lab as an exception does: through the code that cleans up.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda signum, frame: sys.exit(128 + signum))
    try:
        sys.exit(options.command(options))
    except (LabError, toolchain.ToolchainError) as error:
        sys.exit(f"lab: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser("build").set_defaults(command=build)
    for name, command in (("up", up), ("down", down), ("operator-kubeconfig", kubeconfig)):
        one = commands.add_parser(name)
        one.add_argument("--dir", type=pathlib.Path, required=True)
        one.set_defaults(command=command)
        if command is up:
            create_seconds(one)
    one = commands.add_parser("path")
    one.add_argument("name", choices=(*toolchain.BINARIES, "cargo-deny"))
    one.set_defaults(command=path)
    wrapped = commands.add_parser("run")
    wrapped.add_argument("--dir", type=pathlib.Path, help="default: a temporary folder, removed afterwards")
    wrapped.add_argument("--keep", action="store_true", help="leave the lab running when the command has ended")
    create_seconds(wrapped)
    wrapped.add_argument("cmd", nargs=argparse.REMAINDER, metavar="-- CMD...")
    wrapped.set_defaults(command=run)
    return parser.parse_args()


def create_seconds(parser):
    parser.add_argument("--create-seconds", type=float, default=0, metavar="N", help="a new DB instance is `creating`, a new table CREATING for so long")


def build(options):
    toolchain.ensure()


def path(options):
    toolchain.ensure()
    print(toolchain.binary(options.name))


def up(options):
    facts = Lab(options.dir).up(options.create_seconds)
    print(f"lab ready in {facts['secondsToReady']} s: export KUBECONFIG={facts['kubeconfig']}")


def down(options):
    Lab(options.dir).down()


def kubeconfig(options):
    print(operator_kubeconfig(Lab(options.dir)))


def run(options):
    command = options.cmd[1:] if options.cmd[:1] == ["--"] else options.cmd
    if not command:
        raise LabError("run needs a command: dev/lab.py run -- CMD...")
    home = options.dir or pathlib.Path(tempfile.mkdtemp(prefix="awsdb-lab-"))
    lab = Lab(home, die_with_parent=not options.keep)
    lab.up(options.create_seconds)  # cleans up after itself, and refuses a lab that runs already: not ours to end
    try:
        code = run_in(lab, command)
    finally:
        if not options.keep:
            lab.down()
    if options.dir is None and not options.keep and code == 0:
        shutil.rmtree(home)  # after a failure its logs are worth having
    elif code != 0:
        print(f"lab: the command failed with {code}; logs are in {home}", file=sys.stderr)
    return code


def run_in(lab, command):
    try:
        process = subprocess.Popen(command, env=command_env(lab), preexec_fn=die_with_parent)
    except OSError as error:
        raise LabError(f"cannot run {command[0]}: {error.strerror}") from error
    try:
        return process.wait()
    except BaseException:
        # On Ctrl-C the command has had the signal itself (same terminal); on SIGTERM it has not.
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
        raise


def command_env(lab):
    """The user's environment, for cargo needs it, without what would send a test to a real cluster or a real account."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_") and name != "KUBECONFIG"}
    loopback = ",".join(filter(None, (env.get("NO_PROXY", env.get("no_proxy")), "127.0.0.1,localhost")))
    return env | {"AWSDB_LAB": str(lab.json), "NO_PROXY": loopback, "no_proxy": loopback}


if __name__ == "__main__":
    main()
