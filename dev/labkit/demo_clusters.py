"""What the demo shows of Aurora clusters and of snapshots, a function for each step; see demo_steps."""

import json

from labkit.demo_steps import apply, check, examples, follow_change, in_this_account, show_events, show_secret, table, title
from labkit.watch import is_true, name

KIND = "auroraserverlesses.awsdb.dev"
SNAPSHOTS = "dbsnapshots.awsdb.dev"
BINDING_KEYS = {"type", "provider", "host", "reader-host", "port", "uri", "reader-uri", "username", "password"}
CLUSTERS = ("aurora-data-api.yaml", "aurora-production.yaml", "aurora-clone.yaml")
OF_THEM = ("dbsnapshot-cluster.yaml", "dbsnapshot-instance.yaml", "dbsnapshot-table.yaml")


def apply_examples(demo):
    title("Aurora Serverless v2: the smallest cluster, one for production with two readers, and a clone of that")
    apply_some(demo, CLUSTERS)


def apply_some(demo, names):
    for pattern in names:
        [example] = examples(pattern)
        apply(demo, example, in_this_account(example.read_text(), demo.facts["aws"]))


def follow_to_ready(demo):
    title("Until every one of them is Ready: cluster, writer, readers, and what AWS does not take at a clone")
    demo.follow(f"{len(CLUSTERS)} clusters", all_ready(len(CLUSTERS)))


def all_ready(expected):
    return lambda objects: len(objects) == expected and all(
        is_true(thing, "Ready") and is_true(thing, "Synced") for thing in objects.values())


def show_objects(demo):
    title("What users see")
    print(f"$ kubectl get aurora -A -o wide\n{demo.kubectl('get', 'aurora', '-A', '-o', 'wide')}")
    table(("CLUSTER IN AWS", "STATUS", "CAPACITY", "MEMBERS, WRITER FIRST", "DATA API"), [row(one) for one in clusters(demo).values()])


def clusters(demo):
    return {one["DBClusterIdentifier"]: one for one in demo.aws("describe_db_clusters")["DBClusters"]}


def row(one):
    capacity = one["ServerlessV2ScalingConfiguration"]
    members = sorted(one["DBClusterMembers"], key=lambda member: not member["IsClusterWriter"])
    return (one["DBClusterIdentifier"], one["Status"], f"{capacity['MinCapacity']}-{capacity['MaxCapacity']}",
            ", ".join(member["DBInstanceIdentifier"] for member in members), one["HttpEndpointEnabled"])


def show_secrets(demo):
    title("The connection Secrets, values masked")
    for thing in demo.watch.objects.values():
        show_secret(demo, thing, BINDING_KEYS | ({"data-api", "cluster-arn"} if thing["spec"].get("enableHttpEndpoint") else set()))


def scale(demo):
    thing = demo.watch.objects["team-a/shop"]
    title(f"{name(thing)}: between 0 (pausing) and 4 capacity units")
    follow_change(demo, thing, {"serverlessV2ScalingConfiguration": {"minCapacity": 0, "maxCapacity": 4}}, "ModifyDBCluster")
    reached = clusters(demo)[thing["status"]["identifier"]]["ServerlessV2ScalingConfiguration"]
    check((reached["MinCapacity"], reached["MaxCapacity"]) == (0, 4), f"AWS has {reached}")


def fail_over(demo):
    # The clone has one member, and the production cluster asks before it interrupts: that is approved here.
    thing = demo.watch.objects["team-a/store"]
    identifier = thing["status"]["identifier"]
    before = writer(demo, identifier)
    title(f"{name(thing)}: a failover by annotation, approved as its changePolicy wants")
    annotate(demo, thing, "awsdb.dev/failover=now")
    demo.follow("plan held", lambda objects: (objects[name(thing)]["status"].get("plan") or {}).get("hash"))
    annotate(demo, thing, f"awsdb.dev/approve={demo.watch.objects[name(thing)]['status']['plan']['hash']}")
    demo.follow("failover", lambda objects: any(
        one["role"] == "writer" and one["name"] != before for one in objects[name(thing)]["status"]["members"]))
    print(f"{before} wrote, now {writer(demo, identifier)} does; host in the Secret is the same")
    show_events(demo, thing, "FailoverDBCluster")
    check(writer(demo, identifier) != before, "another member must write")


def writer(demo, identifier):
    return next(one["DBInstanceIdentifier"] for one in clusters(demo)[identifier]["DBClusterMembers"] if one["IsClusterWriter"])


def annotate(demo, thing, annotation):
    meta = thing["metadata"]
    print(f"$ kubectl annotate aurora {meta['name']} -n {meta['namespace']} {annotation}")
    demo.kubectl("annotate", "--overwrite", KIND, meta["name"], "-n", meta["namespace"], annotation)


def delete_with_a_snapshot(demo):
    thing = demo.watch.objects["team-a/shop"]
    title(f"{name(thing)} is deleted under deletionPolicy Snapshot: members first, then the cluster")
    meta, identifier = thing["metadata"], thing["status"]["identifier"]
    print(demo.kubectl("delete", KIND, meta["name"], "-n", meta["namespace"], "--wait=false"), end="")
    demo.follow("deletion", lambda objects: name(thing) not in objects)
    left = [one["DBClusterSnapshotIdentifier"] for one in demo.aws(
        "describe_db_cluster_snapshots", DBClusterIdentifier=identifier, SnapshotType="manual")["DBClusterSnapshots"]]
    members = [one for one in demo.databases() if one.startswith(f"{identifier}-")]
    print(f"left in AWS: {'the cluster' if identifier in clusters(demo) else 'no cluster'}, {len(members)} members, snapshot {', '.join(left) or 'none'}")
    check(identifier not in clusters(demo) and not members and left, "the cluster and its members must go, and leave a snapshot")


def take_snapshots(demo):
    title("DbSnapshot: of a cluster, an instance and a table, each by the name of its object")
    apply_some(demo, OF_THEM)
    demo.follow(f"{len(OF_THEM)} snapshots", all_ready(len(OF_THEM)))
    print(f"$ kubectl get dbsnap -A\n{demo.kubectl('get', 'dbsnap', '-A')}", end="")
    kept = json.loads(demo.kubectl("get", SNAPSHOTS, "-A", "-o", "json"))["items"]
    check({one["status"]["family"] for one in kept} == {"Instance", "Cluster", "Table"}, "there must be one of each family")


FIRST = (apply_examples, follow_to_ready, show_objects)
REST = (show_secrets, scale, fail_over, delete_with_a_snapshot)
OF_SNAPSHOTS = (take_snapshots,)
