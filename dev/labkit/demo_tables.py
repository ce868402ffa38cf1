"""What the demo shows of DynamoDB tables, a function for each step; see demo_steps."""

import json
import re

from labkit.demo_steps import (
    apply, check, examples, follow_change, plain_databases, resource, show_secret, table, title)
from labkit.operator import INSTALLATION
from labkit.watch import is_true, name

KIND = "dynamotables.awsdb.dev"
BINDING_KEYS = {"type", "provider", "table", "arn", "region", "endpoint", "host", "port", "uri", "iam-policy"}
# Needs an operator with --trust-account, and files in S3.
LEFT_OUT = {"dynamo-import.yaml"}
RESTORE = "dynamo-restore.yaml"


def dynamo(demo, operation, **parameters):
    return demo.aws(operation, service="dynamodb", **parameters)


def others_table(demo):
    title("A table that was there before, and may be observed by team-a (tag awsdb.dev/allow)")
    dynamo(demo, "create_table", TableName="legacy-audit", BillingMode="PAY_PER_REQUEST",
           AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}], KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
           Tags=[{"Key": "awsdb.dev/allow", "Value": f"{INSTALLATION}/team-a"}])
    print("aws dynamodb create-table --table-name legacy-audit --tags Key=awsdb.dev/allow,Value=demo/team-a ...")


def apply_examples(demo):
    title("examples/dynamo-*.yaml, as an app team would apply them")
    for example in examples("dynamo-*.yaml"):
        if example.name not in LEFT_OUT | {RESTORE}:
            apply(demo, example, example.read_text())


def follow_to_ready(demo):
    title("Until every one of them is Ready; then a copy restored from a backup of team-a/users")
    expected = count(demo)
    demo.follow(f"{expected} tables", all_ready(expected))
    backup = dynamo(demo, "create_backup", TableName="team-a-users", BackupName="before-release")["BackupDetails"]["BackupArn"]
    [example] = examples(RESTORE)
    apply(demo, example, re.sub(r"arn:aws:dynamodb:\S+/backup/\S+", backup, example.read_text()))
    expected = count(demo)
    demo.follow(f"{expected} tables", all_ready(expected))


def all_ready(expected):
    return lambda objects: len(objects) == expected and all(is_true(thing, "Ready") for thing in objects.values())


def count(demo):
    return len(json.loads(demo.kubectl("get", KIND, "-A", "-o", "json"))["items"])


def show_objects(demo):
    title("What users see")
    print(f"$ kubectl get dynamo -A -o wide\n{demo.kubectl('get', 'dynamo', '-A', '-o', 'wide')}")
    rows = []
    for thing in demo.watch.objects.values():
        one = dynamo(demo, "describe_table", TableName=thing["status"]["identifier"])["Table"]
        indexes = ", ".join(index["IndexName"] for index in one.get("GlobalSecondaryIndexes", [])) or "-"
        replicas = ", ".join(replica["RegionName"] for replica in one.get("Replicas", [])) or "-"
        rows.append((one["TableName"], one["TableStatus"], one["BillingModeSummary"]["BillingMode"], one["ItemCount"], indexes, replicas))
    table(("TABLE IN AWS", "STATUS", "BILLING", "ITEMS", "INDEXES", "REPLICAS"), rows)


def show_secrets(demo):
    title("The connection Secrets, values masked")
    for thing in demo.watch.objects.values():
        show_secret(demo, thing, BINDING_KEYS)


def change_a_field(demo):
    thing = demo.watch.objects.get("team-a/users")
    check(thing, "examples/dynamo-users.yaml has no team-a/users")
    title(f"{name(thing)}: another index")
    index = {"name": "name-index", "hashKey": {"name": "name", "type": "S"}, "projection": {"type": "KEYS_ONLY"}}
    follow_change(demo, thing, {"globalSecondaryIndexes": [*thing["spec"]["globalSecondaryIndexes"], index]}, "UpdateTable")
    one = dynamo(demo, "describe_table", TableName=thing["status"]["identifier"])["Table"]
    names = [index["IndexName"] for index in one["GlobalSecondaryIndexes"]]
    check("name-index" in names, f"AWS has the indexes {names}")
    print(f"AWS now has {', '.join(names)}")


def delete_with_a_backup(demo):
    fitting = (one for one in plain_databases(demo) if one["spec"].get("deletionPolicy") == "Snapshot")
    thing = next(fitting, None)
    check(thing, "no example of a table has deletionPolicy Snapshot and nothing that holds its deletion")
    title(f"{name(thing)} is deleted under deletionPolicy Snapshot")
    meta, identifier = thing["metadata"], thing["status"]["identifier"]
    print(demo.kubectl("delete", resource(thing), meta["name"], "-n", meta["namespace"], "--wait=false"), end="")
    demo.follow("deletion", lambda objects: name(thing) not in objects)
    backups = [one["BackupName"] for one in dynamo(demo, "list_backups", TableName=identifier)["BackupSummaries"]]
    tables = dynamo(demo, "list_tables")["TableNames"]
    print(f"left in AWS: {'the table' if identifier in tables else 'no table'}, {'backup ' + ', '.join(backups) if backups else 'no backup'}")
    check(identifier not in tables and backups, "under Snapshot the table must go, and leave a backup")
