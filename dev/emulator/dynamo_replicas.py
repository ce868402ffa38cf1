"""DynamoDB global tables: moto takes ReplicaUpdates and does nothing. Drop when it makes replicas and shows their status."""

from moto.core.exceptions import JsonRESTError
from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler, DynamoResult

from emulator import around, clock

SHOWN = ("KMSMasterKeyId", "ProvisionedThroughputOverride", "OnDemandThroughputOverride")


def replicas(table):
    return table.__dict__.setdefault("lab_replicas", {})


@around(Table, "describe")
def describe(original, self, base_key="TableDescription"):
    answer = original(self, base_key)
    shown = [describe_replica(self, region, one) for region, one in replicas(self).items()]
    if shown:
        answer[base_key]["Replicas"] = shown
        answer[base_key]["GlobalTableVersion"] = "2019.11.21"
    answer[base_key] |= self.__dict__.get("lab_consistency", {})
    return answer


def describe_replica(table, region, one):
    status = "ACTIVE" if clock.is_over(one["ready_at"]) else "CREATING"
    shown = {"RegionName": region, "ReplicaStatus": status} | {name: one[name] for name in SHOWN if name in one}
    if "TableClassOverride" in one:
        shown["ReplicaTableClassSummary"] = {"TableClass": one["TableClassOverride"]}
    return shown


@around(DynamoHandler, "update_table")
def update_table(original, self):
    original(self)
    table = self.dynamodb_backend.get_table(self.body["TableName"])
    for update in self.body.get("ReplicaUpdates") or []:
        [(action, request)] = update.items()
        {"Create": create, "Update": change, "Delete": delete}[action](table, request)
    if self.body.get("MultiRegionConsistency"):
        table.lab_consistency = {"MultiRegionConsistency": self.body["MultiRegionConsistency"]}
    witnesses = [update["Create"]["RegionName"] for update in self.body.get("GlobalTableWitnessUpdates") or []]
    if witnesses:
        table.lab_consistency |= {"GlobalTableWitnesses": [{"RegionName": witnesses[0], "WitnessStatus": "ACTIVE"}]}
    return DynamoResult(table.describe())


def create(table, request):
    region, known = request["RegionName"], replicas(table)
    there = dynamodb_backends[table.account_id][region]
    if region in known or table.name in there.tables:
        raise JsonRESTError("ReplicaAlreadyExistsException", f"Failed to create a the new replica of table with name: '{table.name}' because one already exists in {region}.")
    if not (table.stream_specification or {}).get("StreamEnabled"):
        table.set_stream_specification({"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
    copy = Table(table.name, account_id=table.account_id, region=region, schema=table.schema, attr=table.attr,
                 billing_mode=table.billing_mode, streams=dict(table.stream_specification))
    copy.global_indexes, copy.items = table.global_indexes, table.items
    there.tables[table.name] = copy
    known[region] = request | {"ready_at": clock.ready_at()}
    replicas(copy)[table.region_name] = {"ready_at": 0}


def change(table, request):
    if request["RegionName"] not in replicas(table):
        raise JsonRESTError("ReplicaNotFoundException", f"Replica {request['RegionName']} not found")
    if "KMSMasterKeyId" in request:
        raise MockValidationException("KMSMasterKeyId of a replica cannot be changed: delete the replica and create it")
    replicas(table)[request["RegionName"]] |= request


def delete(table, request):
    region = request["RegionName"]
    if region not in replicas(table):
        raise JsonRESTError("ReplicaNotFoundException", f"Replica {region} not found")
    there = dynamodb_backends[table.account_id][region]
    if table.name in there.tables and there.tables[table.name].deletion_protection_enabled:
        raise MockValidationException(f"Replica in {region} has deletion protection: disable deletion protection first")
    there.tables.pop(table.name, None)
    del replicas(table)[region]


@around(DynamoHandler, "delete_table")
def delete_table(original, self):
    table = self.dynamodb_backend.get_table(self.body["TableName"])
    if replicas(table):
        raise MockValidationException("Table with replicas cannot be deleted: remove the replicas first")
    return original(self)
