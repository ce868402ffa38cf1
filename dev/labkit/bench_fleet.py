"""A fleet of instances, and tables beside it, on the emulator."""

import re
import time

from labkit import aws
from labkit.api import dynamo_table, instance
from labkit.bench_run import KIND, LIST_SECONDS, START_SECONDS, WINDOW_SECONDS
from labkit.figures import quantile
from labkit.meters import waited, when

READS = re.compile(r"\.(Describe|List|Get)")
SLOW_OBJECTS, SLOW_CREATE = 100, "20-120"
DRIFTED, EDITED = 12, 60
# An object is looked at this often, so that with the age of what is served the drift window is kept.
CHECK_SECONDS = WINDOW_SECONDS * 3 / 5
TABLE = "DynamoTable"


def secret_after_available(run):
    """From the moment that AWS shows the database to its connection Secret, at default clocks."""
    create_seconds(run, SLOW_CREATE)
    run.meters.count()
    names = [f"slow-{number:03}" for number in range(SLOW_OBJECTS)]
    run.api.create([instance(name) for name in names])
    run.until(f"{SLOW_OBJECTS} objects whose creation takes {SLOW_CREATE} s", run.all_ready(SLOW_OBJECTS))
    available = {name.removeprefix("default-"): at for name, at in run.meters.moments("available")}
    made = {event["objectRef"]["name"]: when(event) for event in run.meters.audit() if event["objectRef"]["resource"] == "secrets" and event["verb"] == "create"}
    waits = [made[f"{name}-connection"] - available[name] for name in names]
    how = f"{len(waits)} objects, --transition-poll=10s; the emulator's clock to the audit log's time of the Secret"
    run.figures.add("seconds from available in AWS to the Secret, p50", quantile(waits, 0.5), None, how)
    run.figures.add("seconds from available in AWS to the Secret, p99", quantile(waits, 0.99), 15, how)
    create_seconds(run, 0)
    run.api.delete(names)
    run.until("they are deleted again", lambda: run.meters.watched(KIND) == 0)


def create_seconds(run, seconds):
    aws.lab_request(run.meters.facts["aws"]["createSeconds"], "POST", seconds)


def apply_at_once(run, number):
    used = run.meters.processor()
    run.api.create([instance(name) for name in names(number)])
    seconds = run.until(f"{number} objects", run.all_ready(number))
    run.figures.add(f"seconds from apply to Ready of {number} objects at once", round(seconds), 300, "a create is there at once; 10 creates a second are allowed")
    share = 100 * (run.meters.processor() - used) / seconds
    run.figures.add(f"processor while {number} objects are applied, % of a core", round(share), None, "/proc/<pid>/stat")
    run.figures.add(f"most memory while {number} objects are applied, MiB", run.meters.memory("VmHWM"), None, "VmHWM")


def names(number):
    return [f"fleet-{one:05}" for one in range(number)]


def at_rest(run, number, seconds, bars):
    """`bars`: MiB and AWS calls a second."""
    memory, calls = bars
    counted, kubernetes, share = run.at_rest(seconds, f"{number} objects")
    how = f"{seconds:.0f} s without news"
    run.figures.add(f"memory with {number} idle objects, MiB", run.meters.memory(), memory, f"VmRSS after {how}")
    run.figures.add(f"AWS calls per second with {number} idle objects", round(sum(counted.values()) / seconds, 2), calls, how, counted)
    run.figures.add(f"API-server writes with {number} idle objects", sum(kubernetes.values()), 0, how, kubernetes)
    run.figures.add(f"processor with {number} idle objects, % of a core", share, 10, f"/proc/<pid>/stat, {how}")


def drift(run, number):
    """Somebody changes instances in AWS: seconds until the operator has set them back."""
    run.meters.count()
    changed = {}
    for name in names(number)[:: max(1, number // DRIFTED)][:DRIFTED]:
        changed[f"default-{name}"] = time.time()
        aws.behind_the_back(run.meters.facts["aws"]["endpoint"], f"default-{name}", BackupRetentionPeriod=1)
        time.sleep(WINDOW_SECONDS / DRIFTED)
    back = {}

    def all_set_back():
        for identifier, at in run.meters.moments("ModifyDBInstance"):
            if at > changed[identifier] + 0.5:
                back.setdefault(identifier, at)
        return changed.keys() == back.keys()
    run.until("what was changed in AWS is set back", all_set_back)
    waits = [back[identifier] - at for identifier, at in changed.items()]
    how = f"{len(waits)} instances changed {WINDOW_SECONDS // DRIFTED} s apart, to the call that sets them back"
    run.figures.add("drift window, seconds, p50", quantile(waits, 0.5), None, how)
    run.figures.add("drift window, seconds, longest", quantile(waits, 1), WINDOW_SECONDS, how)


def restart(run, number, memory=None):
    watched, looked = run.restart(number)
    run.figures.add(f"seconds of a restart until {number} objects are watched", watched, None, "from exec, by its own metrics")
    run.figures.add(f"seconds of a restart until each of {number} objects had a round", looked, None, "from exec, by its own metrics")
    calls, kubernetes = run.meters.count(START_SECONDS)
    counted = f"until {START_SECONDS} s after that"
    writes = {call: times for call, times in calls.items() if not READS.search(call)}
    reads = {call: times for call, times in calls.items() if READS.search(call)}
    run.figures.add(f"AWS writes of a restart with {number} objects", sum(writes.values()), 0, counted, writes)
    run.figures.add(f"AWS reads of a restart with {number} objects", sum(reads.values()), number // 10, counted, reads)
    run.figures.add(f"API-server writes of a restart with {number} objects", sum(kubernetes.values()), 0, counted, kubernetes)
    run.figures.add(f"most memory of a restart with {number} objects, MiB", run.meters.memory("VmHWM"), memory, "VmHWM")


def edits(run, number):
    """A user's edits while all objects are looked at after a restart, and in the sweep that never ends."""
    chosen = names(number)[:: max(1, number // EDITED)][:EDITED]
    run.program.processes.stop("operator")
    run.program.start(LIST_SECONDS)
    before = run.meters.waits("edit")
    waits = list(run.edit(chosen[: EDITED // 2], 8, 0.1).values())
    waits += run.edit(chosen[EDITED // 2:], 8, 0.5).values()
    how = f"{len(waits)} edits, half of them right after a restart, while all {number} are looked at; from the patch to AWS"
    run.figures.add(f"seconds of a user's edit during a sweep of {number}, p50", quantile(waits, 0.5), None, how)
    run.figures.add(f"seconds of a user's edit during a sweep of {number}, p99", quantile(waits, 0.99), 2, how)
    own = waited(before, run.meters.waits("edit"), 0.99)
    run.figures.add("of which waiting for a turn to call AWS, p99 at most", own, 2, "awsdb_aws_wait_seconds{urgency=\"edit\"}")


def tables(run, number, seconds):
    """Tables beside the instances: AWS has no call for many of them, so each is asked for by itself."""
    run.api.create([dynamo_table(f"table-{one:04}") for one in range(number)])
    run.until(f"{number} tables", run.all_ready(number, TABLE))
    calls, kubernetes, _ = run.at_rest(seconds, f"{number} tables beside")
    dynamo = {call: times for call, times in calls.items() if call.startswith("dynamodb.")}
    described = dynamo.get("dynamodb.DescribeTable", 0) / number / (seconds / CHECK_SECONDS)
    how = f"{number} tables, one check each {CHECK_SECONDS:.0f} s, {seconds:.0f} s without news"
    run.figures.add("DescribeTable calls per idle table and check", round(described, 2), 1.1, how)
    run.figures.add("DynamoDB calls per second with idle tables", round(sum(dynamo.values()) / seconds, 2), None, how, dynamo)
    run.figures.add(f"API-server writes with {number} idle tables beside", sum(kubernetes.values()), 0, how, kubernetes)
    run.figures.add(f"memory with {number} idle tables beside, MiB", run.meters.memory(), None, "VmRSS")
