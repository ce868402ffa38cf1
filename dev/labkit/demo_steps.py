"""What the demo shows, a function for each step. A step raises LabError when it does not reach what it says."""

import base64
import json
import re
import sys
import time

from labkit import aws
from labkit.control_plane import kubectl
from labkit.install import ROOT
from labkit.operator import INSTALLATION
from labkit.processes import LabError
from labkit.progress import Progress
from labkit.toolchain import DEV
from labkit.watch import is_true, line, name

KIND = "rdsinstances.awsdb.dev"
READY_SECONDS = 90
CREATE_SECONDS = 4  # long enough to see "creating"
EVENT_SECONDS = 5  # events are written beside the status, not before it
POLICIES = ("Retain", "Snapshot", "Delete")
BINDING_KEYS = {"type", "provider", "host", "port", "uri", "username", "password"}


class Demo:
    def __init__(self, facts, program):
        self.facts, self.operator, self.watch = facts, program, None

    def kubectl(self, *arguments, **options):
        return kubectl(self.facts["kubeconfig"], *arguments, **options)

    def aws(self, operation, service="rds", **parameters):
        return aws.call(self.facts["aws"]["endpoint"], service, operation, **parameters)

    def databases(self):
        return {one["DBInstanceIdentifier"]: one for one in self.aws("describe_db_instances")["DBInstances"]}

    def follow(self, label, done, seconds=READY_SECONDS, seen=lambda thing: None):
        """Shows what happens until done(objects) holds; says what is missing when it does not in time."""
        progress, deadline, latest, said = Progress(label, sys.stdout), time.monotonic() + seconds, "waiting", {}
        while not done(self.watch.objects):
            self.operator.check()
            if time.monotonic() > deadline:
                progress.done("not reached")
                raise LabError(f"{label}: not reached in {seconds} s\n{self.state()}\nThe operator's last words:\n{self.operator.log_tail()}")
            if change := self.watch.next(0.2):
                thing, deleted = change
                seen(thing)
                latest = f"{name(thing)}: gone from Kubernetes" if deleted else line(thing)
                if said.get(name(thing)) != latest:
                    said[name(thing)] = latest
                    progress.event(latest)
            progress.tick(latest)
        progress.done("done")

    def state(self):
        return "\n".join(f"  {line(thing)}" for thing in self.watch.objects.values()) or "  There is no object."


def title(text):
    print(f"\n== {text}", flush=True)


def check(holds, sentence):
    if not holds:
        raise LabError(sentence)


def others_database(demo):
    title("A database that was there before, and may be used by team-a (tag awsdb.dev/allow)")
    tags = [{"Key": "awsdb.dev/allow", "Value": f"{INSTALLATION}/team-a"}]
    demo.aws("create_db_instance", DBInstanceIdentifier="legacy-crm", DBInstanceClass="db.t4g.small", Engine="mysql", EngineVersion="8.0",
             AllocatedStorage=20, MasterUsername="crm", MasterUserPassword="the-password-that-it-has-already", Tags=tags)
    print("aws rds create-db-instance --db-instance-identifier legacy-crm --tags Key=awsdb.dev/allow,Value=demo/team-a")


def apply_examples(demo):
    title("examples/rds-*.yaml, as an app team would apply them")
    for example in examples("rds-*.yaml"):
        apply(demo, example, in_this_account(example.read_text(), demo.facts["aws"]))


def examples(pattern):
    found = sorted((ROOT / "examples").glob(pattern))
    check(found, f"examples/ holds no {pattern}")
    return found


def apply(demo, example, text):
    for namespace in sorted(set(re.findall(r"^  namespace: (\S+)$", text, re.M))):
        demo.kubectl("apply", "--filename=-", stdin=json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}))
    print(f"$ kubectl apply -f examples/{example.name}\n{demo.kubectl('apply', '--filename=-', stdin=text)}", end="", flush=True)


def in_this_account(text, account):
    """The examples' subnets and security groups are made up: each becomes one that the emulator has."""
    made_up = list(dict.fromkeys(re.findall(r"\bsubnet-[0-9a-f]{8,17}\b", text)))
    check(len(made_up) <= len(account["subnetIds"]), "an example names more subnets than the lab has")
    for subnet, real in zip(made_up, account["subnetIds"]):
        text = text.replace(subnet, real)
    return re.sub(r"\bsg-[0-9a-f]{8,17}\b", account["securityGroupId"], text)


def follow_to_ready(demo):
    title("Until every one of them is Ready")
    expected = len(json.loads(demo.kubectl("get", KIND, "-A", "-o", "json"))["items"])
    check(expected, "the examples contain no RdsInstance")
    taken = []

    def take_snapshot(seen):
        # examples/rds-restore.yaml waits for a snapshot of this one.
        if name(seen) == "team-a/orders" and is_true(seen, "Ready") and not taken:
            taken.append(seen["status"]["identifier"])
            demo.aws("create_db_snapshot", DBInstanceIdentifier=taken[0], DBSnapshotIdentifier="team-a-orders-before-release",
                     Tags=[{"Key": "awsdb.dev/allow", "Value": f"{INSTALLATION}/team-a"}])

    demo.follow(f"{expected} databases", lambda objects: len(objects) == expected and all(is_true(thing, "Ready") for thing in objects.values()),
                seen=take_snapshot)


def show_objects(demo):
    title("What users see")
    print(f"$ kubectl get rds -A -o wide\n{demo.kubectl('get', 'rds', '-A', '-o', 'wide')}")
    rows = [(name(thing), one["type"], one["status"], one["reason"], one["message"])
            for thing in demo.watch.objects.values() for one in thing["status"]["conditions"]]
    table(("OBJECT", "CONDITION", "STATUS", "REASON", "MESSAGE"), rows)


def resource(thing):
    return f"{thing['kind']}.v1alpha1.awsdb.dev"


def show_secrets(demo):
    title("The connection Secrets, values masked")
    for thing in demo.watch.objects.values():
        show_secret(demo, thing, BINDING_KEYS - ({"password"} if has_no_password(thing["spec"]) else set()))


def show_secret(demo, thing, keys):
    secret = binding(demo, thing)
    data = {key: len(base64.b64decode(value)) for key, value in secret["data"].items()}
    print(f"{name(thing)} -> Secret {secret['metadata']['name']} ({secret['type']})")
    print("  " + ", ".join(f"{key} <{length} bytes>" for key, length in sorted(data.items())))
    check(not keys - data.keys(), f"the Secret of {name(thing)} lacks {', '.join(sorted(keys - data.keys()))}")


def has_no_password(spec):
    """Workloads sign in with IAM, or with the password of the replica's source."""
    return "iam" in spec.get("credentials", {}) or "replicaOf" in spec.get("source", {})


def binding(demo, thing):
    published = thing["status"].get("binding", {}).get("name")
    check(published, f"{name(thing)} is Ready without status.binding.name")
    return json.loads(demo.kubectl("get", "secret", published, "-n", thing["metadata"]["namespace"], "-o", "json"))


def show_aws(demo):
    title("The AWS side (DescribeDBInstances)")
    rows = []
    for identifier, one in sorted(demo.databases().items()):
        tags = {tag["Key"]: tag["Value"] for tag in one.get("TagList", [])}
        rows.append((identifier, one["DBInstanceStatus"], f"{one['Engine']} {one['EngineVersion']}", one["DBInstanceClass"],
                     f"{one['AllocatedStorage']} GiB", tags.get("awsdb.dev/owner", "-")))
    table(("IDENTIFIER", "STATUS", "ENGINE", "CLASS", "STORAGE", "OWNER TAG"), rows)
    in_aws = {row[0] for row in rows}
    for thing in demo.watch.objects.values():
        check(thing["status"].get("identifier") in in_aws, f"{name(thing)} is Ready, but AWS has no {thing['status'].get('identifier')}")


def show_pod(demo):
    thing = next(iter(demo.watch.objects.values()))
    title(f"A pod that uses {name(thing)}")
    pod = (DEV / "demo-pod.yaml").read_text().replace("CONNECTION_SECRET", thing["status"]["binding"]["name"])
    print(pod)
    namespace = thing["metadata"]["namespace"]
    wait_for_service_account(demo, namespace)
    demo.kubectl("apply", "-n", namespace, "--filename=-", stdin=pod)
    print(f"$ kubectl get pod -n {namespace}\n{demo.kubectl('get', 'pod', '-n', namespace)}It stays Pending: this lab has no kubelet and no scheduler.")


def wait_for_service_account(demo, namespace):
    """Pods are refused until a controller has made the new namespace's default account."""
    demo.kubectl("wait", "serviceaccount/default", "-n", namespace, "--for=create", "--timeout=20s")


def change_a_field(demo):
    thing = next((one for one in plain_databases(demo) if "allocatedStorage" in one["spec"]), None)
    check(thing, "no example can show a change: none has allocatedStorage")
    old = thing["spec"]["allocatedStorage"]
    new = old + max(20, old // 5)  # AWS refuses to grow by less than a tenth
    title(f"{name(thing)}: allocatedStorage from {old} to {new} GiB")
    follow_change(demo, thing, {"allocatedStorage": new}, "ModifyDBInstance")
    reached = demo.databases()[thing["status"]["identifier"]]["AllocatedStorage"]
    check(reached == new, f"AWS has {reached} GiB instead of {new}")
    print(f"AWS now has {reached} GiB")


def follow_change(demo, thing, spec, call):
    """Edits an object; shows the plan before the call, and the Event after it."""
    edited = json.loads(patch(demo, thing, spec))
    generation, plans = edited["metadata"]["generation"], {}

    def note_plan(seen):
        if name(seen) == name(thing):
            for step in (seen.get("status", {}).get("plan") or {}).get("steps", []):
                plans.setdefault(step.get("id", str(step)), step)

    def applied(objects):
        now = objects[name(thing)]
        return now["metadata"]["generation"] == generation and is_true(now, "Synced")

    demo.follow("change", applied, seen=note_plan)
    check(plans, "status.plan never showed the change: a plan must be written before it runs")
    print("the plan, as status.plan showed it before the call:")
    table(("CALL", "CHANGES", "CLASS", "WHEN", "BECAUSE"),
          [(step["call"], changes(step), step["class"], step["when"], step.get("because", "")) for step in plans.values()])
    show_events(demo, thing, call)


def patch(demo, thing, spec):
    meta = thing["metadata"]
    return demo.kubectl("patch", resource(thing), meta["name"], "-n", meta["namespace"], "--type=merge", "-o", "json", "-p", json.dumps({"spec": spec}))


def changes(step):
    return ", ".join(f"{one['field']}: {one.get('from', 'unset')} -> {one.get('to', 'unset')}" for one in step.get("changes", []))


def show_events(demo, thing, call):
    meta = thing["metadata"]
    query = ("get", "events", "-n", meta["namespace"], "--field-selector", f"involvedObject.name={meta['name']}")
    deadline = time.monotonic() + EVENT_SECONDS
    while not (told := tells_of(call, json.loads(demo.kubectl(*query, "-o", "json")))) and time.monotonic() < deadline:
        time.sleep(0.2)
    print(f"$ kubectl {' '.join(query)}\n{demo.kubectl(*query)}", end="")
    check(told, f"no Event of {name(thing)} tells of {call}")


def tells_of(call, events):
    return any(call in f"{one.get('reason')} {one.get('action')} {one.get('message')}" for one in events["items"])


def plain_databases(demo):
    """Objects whose deletion harms no other example, and that nothing protects."""
    things = list(demo.watch.objects.values())
    sources = json.dumps([one["spec"].get("source", {}) for one in things])
    return [one for one in things
            if not one["spec"].get("source") and not one["spec"].get("deletionProtection") and one["spec"].get("managementPolicy", "Manage") == "Manage"
            and not {f'"{one["metadata"]["name"]}"', f'"{one["status"]["identifier"]}"'} & set(re.findall(r'"[^"]*"', sources))]


def delete_by_policy(demo):
    candidates = plain_databases(demo)
    check(len(candidates) >= len(POLICIES), f"to show each deletionPolicy takes {len(POLICIES)} examples without source and protection; there are {len(candidates)}")
    chosen = {}
    # Those that have the policy already come first; the rest is given one.
    for policy in POLICIES:
        fitting = [one for one in candidates if one["spec"].get("deletionPolicy", "Retain") == policy]
        if fitting:
            chosen[policy] = fitting[0]
            candidates.remove(fitting[0])
    for policy in POLICIES:
        show_deletion(demo, chosen.get(policy) or candidates.pop(0), policy)


def show_deletion(demo, thing, policy):
    title(f"{name(thing)} is deleted under deletionPolicy {policy}")
    meta, identifier, secret = thing["metadata"], thing["status"]["identifier"], thing["status"]["binding"]["name"]
    if thing["spec"].get("deletionPolicy", "Retain") != policy:
        generation = json.loads(patch(demo, thing, {"deletionPolicy": policy}))["metadata"]["generation"]
        demo.follow(f"policy {policy} taken up", lambda objects: objects[name(thing)]["status"].get("observedGeneration") == generation
                    and is_true(objects[name(thing)], "Synced"))
    print(demo.kubectl("delete", KIND, meta["name"], "-n", meta["namespace"], "--wait=false"), end="")
    demo.follow("deletion", lambda objects: name(thing) not in objects)
    snapshots = [one["DBSnapshotIdentifier"] for one in
                 demo.aws("describe_db_snapshots", DBInstanceIdentifier=identifier, SnapshotType="manual")["DBSnapshots"]]
    left = identifier in demo.databases()
    secret_left = bool(demo.kubectl("get", "secret", secret, "-n", meta["namespace"], "--ignore-not-found", "-o", "name"))
    print(f"left in AWS: {'the database' if left else 'no database'}, {'snapshot ' + ', '.join(snapshots) if snapshots else 'no final snapshot'}; "
          f"in Kubernetes: {'the' if secret_left else 'no'} connection Secret")
    check(left == secret_left == (policy == "Retain"), f"under {policy} the database and its Secret must {'stay' if policy == 'Retain' else 'go'}")
    check(bool(snapshots) == (policy == "Snapshot"), f"under {policy} there must be {'a' if policy == 'Snapshot' else 'no'} final snapshot")


def table(head, rows):
    widths = [max(len(str(row[column])) for row in [head, *rows]) for column in range(len(head))]
    for row in [head, *rows]:
        print("  " + "  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip())
    print(end="", flush=True)
