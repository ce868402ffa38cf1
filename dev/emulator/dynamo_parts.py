"""DynamoDB: parts of a table that moto lacks, restores, and the scaling of its capacity."""

from moto.applicationautoscaling.models import ApplicationAutoscalingBackend
from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.dynamodb.exceptions import MockValidationException, ResourceNotFoundException
from moto.dynamodb.responses import DynamoHandler, DynamoResult

from emulator import around
from emulator.dynamo_tables import Backend, change_billing, encrypt, note, table_for

# Contributor insights, which moto lacks (500). Drop when it has them.

def insights(self):
    return self.dynamodb_backend.__dict__.setdefault("lab_insights", {})


def insights_key(self):
    table = table_for(self.dynamodb_backend, self.body["TableName"])
    return table.lab_id, self.body.get("IndexName")


def shown_insights(self, found):
    shown = {"TableName": self.body["TableName"], "ContributorInsightsStatus": found["status"]}
    if self.body.get("IndexName"):
        shown["IndexName"] = self.body["IndexName"]
    if found.get("mode"):
        shown["ContributorInsightsMode"] = found["mode"]
    return ActionResult(shown)


def describe_contributor_insights(self):
    return shown_insights(self, insights(self).get(insights_key(self), {"status": "DISABLED"}))


def update_contributor_insights(self):
    if self.body["ContributorInsightsAction"] == "ENABLE":
        found = {"status": "ENABLED", "mode": self.body.get("ContributorInsightsMode", "ACCESSED_AND_THROTTLED_KEYS")}
    else:
        found = {"status": "DISABLED"}
    insights(self)[insights_key(self)] = found
    return shown_insights(self, found)


DynamoHandler.describe_contributor_insights = describe_contributor_insights
DynamoHandler.update_contributor_insights = update_contributor_insights

# Kinesis destinations, which moto lacks (500). The stream is not looked for, as AWS looks for it later. Drop when it has them.


def destinations(self):
    table = table_for(self.dynamodb_backend, self.body["TableName"])
    return table.__dict__.setdefault("lab_destinations", {})


def describe_kinesis_streaming_destination(self):
    return ActionResult({"TableName": self.body["TableName"], "KinesisDataStreamDestinations": list(destinations(self).values())})


def change_destination(self, status, transition):
    stream, known = self.body["StreamArn"], destinations(self)
    precision = next((self.body[name]["ApproximateCreationDateTimePrecision"] for name in
                      ("EnableKinesisStreamingConfiguration", "UpdateKinesisStreamingConfiguration") if self.body.get(name)), None)
    live = known.get(stream, {}).get("DestinationStatus") == "ACTIVE"
    if live == (transition == "ENABLING"):
        raise MockValidationException(f"Table is not in a valid state to be {transition.lower()}: Kinesis destination {stream}")
    one = known.setdefault(stream, {"StreamArn": stream, "ApproximateCreationDateTimePrecision": "MILLISECOND"})
    one["DestinationStatus"] = status
    if precision:
        one["ApproximateCreationDateTimePrecision"] = precision
    return ActionResult({"TableName": self.body["TableName"], "StreamArn": stream, "DestinationStatus": transition})


DynamoHandler.describe_kinesis_streaming_destination = describe_kinesis_streaming_destination
DynamoHandler.enable_kinesis_streaming_destination = lambda self: change_destination(self, "ACTIVE", "ENABLING")
DynamoHandler.disable_kinesis_streaming_destination = lambda self: change_destination(self, "DISABLED", "DISABLING")
DynamoHandler.update_kinesis_streaming_destination = lambda self: change_destination(self, "ACTIVE", "UPDATING")

# ListImports, which moto lacks (500). Drop when it has it.


def list_imports(self):
    wanted = self.body.get("TableArn")
    found = [one for one in self.dynamodb_backend.table_imports.values() if wanted in (None, one.table_arn)]
    return ActionResult({"ImportSummaryList": [
        {"ImportArn": one.arn, "ImportStatus": one.status, "TableArn": one.table_arn, "S3BucketSource": one.s3_source} for one in found]})


DynamoHandler.list_imports = list_imports

# A restore takes a source by ARN, needs point-in-time recovery, keeps the billing mode, and applies its overrides; moto
# does none of it. Drop when it does.

@around(DynamoHandler, "restore_table_from_backup")
def restore_table_from_backup(original, self):
    original(self)
    return restored(self, self.dynamodb_backend.get_backup(self.body["BackupArn"]).table)


@around(DynamoHandler, "restore_table_to_point_in_time")
def restore_table_to_point_in_time(original, self):
    source = self.body.get("SourceTableName") or self.body["SourceTableArn"].split("/")[-1]
    self.body["SourceTableName"] = source
    table = table_for(self.dynamodb_backend, source)
    if table.continuous_backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] != "ENABLED":
        raise JsonRESTError("PointInTimeRecoveryUnavailableException", f"Point in time recovery is not enabled for table '{source}'")
    original(self)
    return restored(self, table)


def restored(self, source):
    table = self.dynamodb_backend.get_table(self.body["TargetTableName"])
    table.billing_mode = self.body.get("BillingModeOverride") or source.billing_mode
    change_billing(table, table.billing_mode)
    if self.body.get("ProvisionedThroughputOverride"):
        table.throughput = self.body["ProvisionedThroughputOverride"]
    for mine, override in (("global_indexes", "GlobalSecondaryIndexOverride"), ("indexes", "LocalSecondaryIndexOverride")):
        if override in self.body:
            kept = {one["IndexName"] for one in self.body[override]}
            setattr(table, mine, [one for one in getattr(table, mine) if one.name in kept])
    table.attr = [one for one in table.attr if one["AttributeName"] in table.attribute_keys]
    note(table, {"OnDemandThroughput": self.body.get("OnDemandThroughputOverride") or {}})
    encrypt(table, self.body.get("SSESpecificationOverride"))
    return DynamoResult(table.describe())


# Continuous backups of a table that is not there yet. Drop together with CREATING of dynamo_tables.

@around(Backend, "update_continuous_backups")
def update_continuous_backups(original, self, name, wanted):
    if name in self.tables:
        try:
            table_for(self, name)
        except ResourceNotFoundException:
            raise JsonRESTError("ContinuousBackupsUnavailableException", "Backups are being enabled for the table: " + name) from None
    return original(self, name, wanted)


# A deregistered target takes its policies along; in moto they stay. Drop when moto deletes them.

@around(ApplicationAutoscalingBackend, "deregister_scalable_target")
def deregister_scalable_target(original, self, namespace, r_id, dimension):
    original(self, namespace, r_id, dimension)
    for key in [key for key, one in self.policies.items() if (one.resource_id, one.scalable_dimension) == (r_id, dimension)]:
        del self.policies[key]
