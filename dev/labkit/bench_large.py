"""Ten thousand instances: the API server is real, AWS is dev/stand_in.py. The emulator is one process of Python that builds
every answer anew; so many instances would measure the emulator.

The operator makes one instance on the emulator. The stand-in answers for all others with what the emulator showed of that one, and
each has the Secret with its password beside it, as after a create: the operator finds them, makes their connection Secrets and writes their status.
"""

import json
import re
import time

from labkit import bench_fleet as fleet
from labkit import toolchain
from labkit.api import instance
from labkit.aws import READY_SECONDS, lab_request, query
from labkit.meters import Meters
from labkit.processes import LOOPBACK, LabError, free_ports

SEED = "fleet-00000"
SECRETS = "/api/v1/namespaces/default/secrets"
DROPPED = ("uid", "resourceVersion", "creationTimestamp", "managedFields")


def large(run, number, seconds):
    make_one(run)
    run.program.processes.stop("operator")
    credentials = run.api.request("GET", f"{SECRETS}/{SEED}-credentials")
    stand_in(run, number)
    rest = fleet.names(number)[1:]
    run.api.create([copied(credentials, name) for name in rest])
    run.api.create([instance(name) for name in rest])
    run.program.start()
    took = run.until(f"{number} objects on the stand-in", run.all_ready(number))
    run.figures.add(f"seconds until {number} instances that are there have status and Secret", round(took), None, "AWS: dev/stand_in.py")
    run.figures.add(f"most memory meanwhile, {number} objects, MiB", run.meters.memory("VmHWM"), None, "VmHWM")
    fleet.at_rest(run, number, seconds, (64, 0.3 * number / 1000))
    fleet.restart(run, number, 64)
    fleet.edits(run, number)
    fleet.at_rest(run, number, seconds, (64, 0.3 * number / 1000))


def make_one(run):
    run.api.create([instance(SEED)])
    run.until("the one that all others are copies of", run.all_ready(1))


def stand_in(run, number):
    """From now on AWS is the stand-in, for the operator and for the meters."""
    facts, processes = run.meters.facts, run.program.processes
    shown = query(facts["aws"]["endpoint"], "rds", {"Action": "DescribeDBInstances", "Version": "2014-10-31", "DBInstanceIdentifier": f"default-{SEED}"})
    seed = {"name": SEED, "count": number, "instance": re.search(r"<DBInstance>.*</DBInstance>", shown, re.S).group(0),
            "identity": query(facts["aws"]["endpoint"], "sts", {"Action": "GetCallerIdentity", "Version": "2011-06-15"})}
    path = processes.home / "seed.json"
    path.write_text(json.dumps(seed))
    [port] = free_ports(1)
    processes.start("stand-in", [toolchain.venv_python(), toolchain.DEV / "stand_in.py", port, path])
    endpoint = f"http://{LOOPBACK}:{port}"
    facts["aws"] |= {"endpoint": endpoint, **{name: f"{endpoint}/lab/{name}" for name in ("calls", "reset", "moments")}}
    run.program.env["AWS_ENDPOINT_URL"] = endpoint
    run.meters = Meters(run.meters.lab, facts, run.program)
    deadline = time.monotonic() + READY_SECONDS
    while not answers(facts["aws"]["calls"]):
        if time.monotonic() > deadline:
            raise LabError(f"the stand-in was not ready after {READY_SECONDS} s:\n{processes.log_tail('stand-in')}")
        time.sleep(0.1)


def answers(url):
    try:
        return lab_request(url, "GET") is not None
    except OSError:
        return False


def copied(secret, name):
    """The Secret of the one, as the operator would have made it for another."""
    text = json.dumps(secret).replace(SEED, name)
    copy = json.loads(text)
    copy["metadata"] = {key: value for key, value in copy["metadata"].items() if key not in DROPPED}
    return copy | {"kind": "Secret", "apiVersion": "v1"}
