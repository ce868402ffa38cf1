"""DynamoDB tables: what moto forgets of them, and how they come into being."""

import copy
import uuid

import moto.dynamodb.models as dynamo
import moto.dynamodb.models.table as tables
from moto.core.exceptions import JsonRESTError
from moto.dynamodb.exceptions import MockValidationException, ResourceInUseException, ResourceNotFoundException
from moto.dynamodb.responses import DynamoHandler, DynamoResult

from emulator import around, clock

Table, Index, Backend = tables.Table, tables.GlobalSecondaryIndex, dynamo.DynamoDBBackend

# Settings that moto forgets, and so would have an operator send for ever: TableId, TableClass, OnDemandThroughput of table
# and index, IndexArn, the resource policy of a create, the encryption of an update. Drop each when moto shows it.

OURS = ("TableClass", "OnDemandThroughput")


@around(Table, "__init__")
def table_init(original, self, *args, **kwargs):
    original(self, *args, **kwargs)
    self.lab_id, self.lab_settings, self.lab_busy = str(uuid.uuid4()), {}, ("CREATING", clock.ready_at())
    self.tags = list(self.tags)


@around(Index, "__init__")
def index_init(original, self, *args, **kwargs):
    original(self, *args, **kwargs)
    self.lab_settings, self.lab_ready_at = {}, clock.ready_at()


@around(Table, "describe")
def describe(original, self, base_key="TableDescription"):
    answer = original(self, base_key)
    shown = answer[base_key]
    shown |= {"TableId": self.lab_id, "TableStatus": status(self)}
    if self.lab_settings.get("TableClass"):
        shown["TableClassSummary"] = {"TableClass": self.lab_settings["TableClass"]}
    if self.lab_settings.get("OnDemandThroughput"):
        shown["OnDemandThroughput"] = self.lab_settings["OnDemandThroughput"]
    for index, described in zip(self.global_indexes, shown["GlobalSecondaryIndexes"]):
        described["IndexArn"] = f"{self.table_arn}/index/{index.name}"
        described["IndexStatus"] = "ACTIVE" if clock.is_over(index.lab_ready_at) else "CREATING"
        if index.lab_settings.get("OnDemandThroughput"):
            described["OnDemandThroughput"] = index.lab_settings["OnDemandThroughput"]
    for name in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        if not shown[name]:
            del shown[name]  # AWS leaves out what is not there
    return answer


def status(table):
    word, until = table.lab_busy
    return "ACTIVE" if clock.is_over(until) else word


def note(thing, request):
    thing.lab_settings |= {name: request[name] for name in OURS if name in request}
    # -1 clears a cap.
    caps = {name: units for name, units in thing.lab_settings.get("OnDemandThroughput", {}).items() if units != -1}
    thing.lab_settings["OnDemandThroughput"] = caps


@around(DynamoHandler, "create_table")
def create_table(original, self):
    original(self)
    table = self.dynamodb_backend.get_table(self.body["TableName"])
    note(table, self.body)
    for request in self.body.get("GlobalSecondaryIndexes") or []:
        note(index_of(table, request["IndexName"]), request)
    if self.body.get("ResourcePolicy"):
        self.dynamodb_backend.put_resource_policy(table.table_arn, self.body["ResourcePolicy"], None)
    return DynamoResult(table.describe())


def index_of(table, name):
    return next(index for index in table.global_indexes if index.name == name)


# AttributeDefinitions of an UpdateTable count for the keys of the new index only; moto replaces the table's by them, and
# keeps those of a deleted index. Drop when moto merges and prunes them.

@around(DynamoHandler, "update_table")
def update_table(original, self):
    table = self.dynamodb_backend.get_table(self.body["TableName"])
    refuse_unless_idle(table)
    given = {one["AttributeName"]: one for one in self.body.pop("AttributeDefinitions", None) or []}
    updates = self.body.get("GlobalSecondaryIndexUpdates") or []
    restart_stream(table, self.body.get("StreamSpecification") or {})
    original(self)
    known = {one["AttributeName"]: one for one in table.attr}
    table.attr = [one for name, one in (given | known).items() if name in table.attribute_keys]
    note(table, self.body)
    encrypt(table, self.body.get("SSESpecification"))
    change_billing(table, self.body.get("BillingMode"))
    for update in updates:
        request = update.get("Create") or update.get("Update")
        if request:
            note(index_of(table, request["IndexName"]), request)
    if any("Create" in update for update in updates):
        table.lab_busy = ("UPDATING", clock.ready_at())
    return DynamoResult(table.describe())


def refuse_unless_idle(table):
    if status(table) != "ACTIVE":
        raise ResourceInUseException(f"Attempt to change a resource which is still in use: Table is being {status(table).lower()}: {table.name}")


# A stream that was turned off can be turned on again; moto takes the label that it keeps for an enabled stream.
# Drop when moto looks at StreamEnabled.

def restart_stream(table, wanted):
    is_on = bool(table.stream_specification and table.stream_specification.get("StreamEnabled"))
    if wanted.get("StreamEnabled") is False and not is_on:
        raise MockValidationException("Table has no stream to disable: " + table.name)
    if wanted.get("StreamEnabled") and not is_on:
        table.latest_stream_label = None


def encrypt(table, wanted):
    if not wanted:
        return
    table.sse_specification = dict(wanted) if wanted.get("Enabled") else None
    if table.sse_specification and "KMSMasterKeyId" not in table.sse_specification:
        table.sse_specification["KMSMasterKeyId"] = table._get_default_encryption_key(table.account_id, table.region_name)


# A change of billing mode drops what only the other mode has. Drop when moto does.

def change_billing(table, mode):
    if mode == "PROVISIONED":
        for thing in (table, *table.global_indexes):
            thing.lab_settings.pop("OnDemandThroughput", None)
    elif mode == "PAY_PER_REQUEST":
        for thing in (table, *table.global_indexes):
            thing.throughput = {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}


# A deleted table takes its policy along; a busy one is not deleted. Drop when moto forgets the policy.

@around(Backend, "delete_table")
def delete_table(original, self, name):
    refuse_unless_idle(self.get_table(name))
    table = original(self, name)
    self.resource_policies.pop(table.table_arn, None)
    table.lab_busy = ("DELETING", float("inf"))
    return table


# Setting a tag again replaces it; moto lists it twice. Drop when moto's TagResource does.

@around(Backend, "tag_resource")
def tag_resource(original, self, arn, tags):
    self.untag_resource(arn, list(tags))
    original(self, arn, tags)


# TTL: AWS's error codes; a repeated change is refused; what is off hides its attribute; tables that are not there yet.
# Drop when moto has ResourceNotFoundException and ValidationException here.

def table_for(backend, name):
    try:
        table = backend.get_table(name)
    except (JsonRESTError, KeyError):
        raise ResourceNotFoundException(table_name=name) from None
    if status(table) == "CREATING":
        raise ResourceNotFoundException(table_name=name)
    return table


@around(Backend, "update_time_to_live")
def update_time_to_live(original, self, name, wanted):
    table = table_for(self, name)
    is_on = table.ttl["TimeToLiveStatus"] == "ENABLED"
    if is_on == bool(wanted["Enabled"]):
        raise MockValidationException(f"TimeToLive is already {'enabled' if is_on else 'disabled'}")
    original(self, name, wanted)


@around(Backend, "describe_time_to_live")
def describe_time_to_live(original, self, name):
    shown = copy.copy(table_for(self, name).ttl)
    if shown["TimeToLiveStatus"] == "DISABLED":
        shown.pop("AttributeName", None)
    return shown
