"""Ten thousand instances: the API server is real, AWS is dev/stand_in.py. The emulator is one process of Python that builds
every answer anew; so many instances would measure the emulator.

The operator makes one instance on the emulator. All others are copies: the stand-in answers with what the emulator showed of that one, and
Secrets and status in Kubernetes are what the operator wrote for it, under other names. The operator would need a quarter of an hour to make
them, since it keeps to AWS's limits; that they are as it would have made them shows in that it writes nothing when it starts.
"""

import base64
import hashlib
import json
import re
import time

from labkit import bench_fleet as fleet
from labkit import toolchain
from labkit.api import MERGE, OURS, instance
from labkit.aws import READY_SECONDS, lab_request, query
from labkit.meters import Meters
from labkit.operator import INSTALLATION
from labkit.processes import LOOPBACK, LabError, free_ports
from labkit.progress import Progress
from stand_in import renamed

SEED = "fleet-00000"
CHUNK = 250
OWNER_HASH = "awsdb.dev/owner-hash"
SECRETS = "/api/v1/namespaces/default/secrets"
DROPPED = ("uid", "resourceVersion", "creationTimestamp", "managedFields")


def large(run, number, seconds):
    make_one(run)
    run.program.processes.stop("operator")
    copy_all(run, stand_in(run, number), fleet.names(number)[1:])
    fleet.restart(run, number, 64)
    fleet.at_rest(run, number, seconds, (64, 0.3 * number / 1000))
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
            "resourceId": re.search(r"<DbiResourceId>(.*?)<", shown).group(1),
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
    return seed


def answers(url):
    try:
        return lab_request(url, "GET") is not None
    except OSError:
        return False


def copy_all(run, seed, names):
    secrets = [run.api.request("GET", f"{SECRETS}/{SEED}-{what}") for what in ("credentials", "connection")]
    one = run.api.request("GET", f"{OURS}/rdsinstances/{SEED}")
    progress = Progress(f"{len(names)} copies in Kubernetes")
    for start in range(0, len(names), CHUNK):
        some = names[start:start + CHUNK]
        run.api.create([copied(secret, seed, name) | {"kind": "Secret"} for name in some for secret in secrets])
        run.api.create([instance(name) for name in some])
        run.api.all([("PATCH", f"{OURS}/rdsinstances/{name}/status", {"status": copied(one, seed, name)["status"]}, MERGE) for name in some])
        progress.tick(f"{start + len(some)} are there")
    progress.done("done")


def copied(thing, seed, name):
    """What belongs to the one, as the operator would have made it for another."""
    copy = json.loads(renamed(json.dumps(thing), seed, name))
    copy["metadata"] = {key: value for key, value in copy["metadata"].items() if key not in DROPPED}
    if OWNER_HASH in copy["metadata"].get("labels", {}):
        owner = f"{INSTALLATION}/RdsInstance/default/{name}"
        copy["metadata"]["labels"][OWNER_HASH] = hashlib.sha256(f"{len(owner)}:{owner}".encode()).hexdigest()[:16]
    for key, value in copy.get("data", {}).items():
        copy["data"][key] = base64.b64encode(renamed(base64.b64decode(value).decode(), seed, name).encode()).decode()
    return copy
