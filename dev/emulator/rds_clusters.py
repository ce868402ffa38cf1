"""RDS clusters: how they come into being, change, and go."""

import copy

import moto.rds.models as rds
from moto.core.responses import ActionResult
from moto.rds.exceptions import DBClusterNotFoundError, InvalidParameterCombination, RDSClientError
from moto.rds.models import FilterDef
from moto.rds.responses import RDSResponse

from emulator import around, clock, page
from emulator.rds_cluster_groups import cluster_booted, checked_group, default_cluster_group
from emulator.rds_settings import full_version, keep_settings

# A cluster is "creating", "modifying", "starting", "stopping" or "failing-over" for so many seconds, and available at once
# without any. moto answers "creating" to the first question and "available" to the second. Drop when moto has state
# transitions for clusters.

def status(self):
    word, moment = getattr(self, "lab_busy", ("", 0))
    if word and not clock.is_over(moment):
        return word
    return "available" if self._status == "creating" else self._status


def busy(cluster, word):
    cluster.lab_busy = (word, clock.ready_at())


rds.DBCluster.status = property(status, lambda self, value: setattr(self, "_status", value))


def existing(backend, name):
    if name not in backend.clusters:
        raise DBClusterNotFoundError(name, f"DBCluster {name} not found.")
    return backend.clusters[name]


def available(backend, name):
    cluster = existing(backend, name)
    if cluster.status != "available":
        raise RDSClientError("InvalidDBClusterStateFault", f"DB cluster {name} is not in available state: {cluster.status}.")
    return cluster


# A duplicate create is refused instead of replacing the cluster; versions, default groups, storage types and keys are
# Aurora's; settings are kept. Drop when moto answers DBClusterAlreadyExistsFault, resolves engine versions, and shows
# Performance Insights, backtracking, insights mode, write forwarding and the Data API's switch of provisioned clusters.

@around(rds.RDSBackend, "create_db_cluster")
def create_db_cluster(original, self, kwargs):
    name = kwargs["db_cluster_identifier"]
    if name in self.clusters:
        raise RDSClientError("DBClusterAlreadyExistsFault", f"DB Cluster already exists: {name}")
    kwargs["engine_version"] = full_version(kwargs.get("engine"), kwargs.get("engine_version"))
    if kwargs.get("db_cluster_parameter_group_name"):
        checked_group(self, kwargs["db_cluster_parameter_group_name"])
    cluster = original(self, kwargs)
    keep_settings(cluster, kwargs)
    if cluster.engine.startswith("aurora"):
        as_aurora(cluster, kwargs)
    busy(cluster, "creating")
    return cluster


def as_aurora(cluster, kwargs):
    if not kwargs.get("db_cluster_parameter_group_name"):
        cluster.parameter_group = default_cluster_group(cluster)
    cluster.storage_type = "aurora-iopt1" if kwargs.get("storage_type") == "aurora-iopt1" else None
    if not kwargs.get("kms_key_id"):
        key = f"arn:aws:kms:{cluster.region}:{cluster.account_id}:key/00000000-0000-4000-8000-000000000000"
        cluster.kms_key_id = key if cluster.storage_encrypted else None


rds.DBCluster.default_allocated_storage = staticmethod(lambda engine, storage_type: 1 if engine.startswith("aurora") else 20)
rds.DBCluster.enable_http_endpoint = property(
    lambda self: self._enable_http_endpoint, lambda self, value: setattr(self, "_enable_http_endpoint", bool(value)))
rds.DBCluster.performance_insights_enabled = property(lambda self: bool(getattr(self, "enable_performance_insights", False)))
rds.DBCluster.database_insights_mode = property(
    lambda self: getattr(self, "lab_insights_mode", "standard"), lambda self, value: setattr(self, "lab_insights_mode", value))
rds.DBCluster.local_write_forwarding_status = property(
    lambda self: "enabled" if getattr(self, "enable_local_write_forwarding", False) else "disabled")


@around(rds.DBCluster, "save_automated_backup")
def save_automated_backup(original, self):
    # Named by the minute: a cluster that is made again within it is no conflict.
    try:
        original(self)
    except rds.DBClusterSnapshotAlreadyExistsError:
        pass


# The capacity is the whole pair, and secondsUntilAutoPause is shown while the least is 0 only. moto shows what was sent.
# Drop when moto has defaults and rules of its own for ServerlessV2ScalingConfiguration.

def capacity(self):
    given = getattr(self, "lab_capacity", None)
    if not given:
        return None
    shown = {"MinCapacity": float(given["MinCapacity"]), "MaxCapacity": float(given["MaxCapacity"])}
    return shown | ({"SecondsUntilAutoPause": given["SecondsUntilAutoPause"]} if shown["MinCapacity"] == 0 else {})


def set_capacity(self, given):
    if not given:
        return
    least, most = given.get("MinCapacity"), given.get("MaxCapacity")
    if least is None or most is None:
        raise RDSClientError("InvalidParameterValue", "MinCapacity and MaxCapacity must both be specified in the Serverless v2 scaling configuration.")
    if least > most or (least * 2) % 1 or (most * 2) % 1 or not 0 <= least <= 256 or not 1 <= most <= 256:
        raise RDSClientError("InvalidParameterValue", f"The Serverless v2 scaling configuration {least}-{most} is not valid.")
    pause = given.get("SecondsUntilAutoPause")
    if pause and least != 0:
        raise RDSClientError("InvalidParameterCombination", "SecondsUntilAutoPause can only be specified when MinCapacity is 0.")
    self.lab_capacity = {"MinCapacity": least, "MaxCapacity": most, "SecondsUntilAutoPause": pause or 300}


rds.DBCluster.serverless_v2_scaling_configuration = property(capacity, set_capacity)
rds.DBCluster.serverless_v2_platform_version = property(lambda self: "3" if capacity(self) else None)


# A cluster that is not available refuses to be modified; the log exports are a difference; version and IAM authentication
# wait for the window unless ApplyImmediately, and are shown as pending until then; the Data API has calls of its own.
# moto applies everything at once, loses the log exports and the IAM switch, and answers a missing cluster with a 500.
# Drop when moto has PendingModifiedValues for clusters.

HELD = {"engine_version": "EngineVersion", "enable_iam_database_authentication": "IAMDatabaseAuthenticationEnabled"}
# Flags and what other code applies: none of them is a setting of the cluster.
NO_SETTINGS = {"apply_immediately", "allow_major_version_upgrade", "enable_http_endpoint", "db_instance_parameter_group_name",
               "cloudwatch_logs_export_configuration", *HELD}


@around(rds.RDSBackend, "modify_db_cluster")
def modify_db_cluster(original, self, kwargs):
    name = kwargs["db_cluster_identifier"]
    cluster = available(self, name)
    held = wanted_later(cluster, kwargs)
    if kwargs.get("db_cluster_parameter_group_name"):
        checked_group(self, kwargs["db_cluster_parameter_group_name"])
    export_logs(cluster, kwargs.get("cloudwatch_logs_export_configuration") or {})
    try:
        original(self, {key: value for key, value in kwargs.items() if key not in NO_SETTINGS})
    finally:
        self.clusters[name] = cluster  # moto takes it out first, and loses it when a value is refused
    cluster.lab_held = getattr(cluster, "lab_held", {}) | held
    if kwargs.get("apply_immediately"):
        apply_held(cluster, kwargs.get("db_instance_parameter_group_name"))
    busy(cluster, "modifying")
    return cluster


def wanted_later(cluster, kwargs):
    held = {key: kwargs[key] for key in HELD if kwargs.get(key) is not None}
    if "engine_version" in held:
        held["engine_version"] = full_version(cluster.engine, held["engine_version"])
        checked_upgrade(cluster, held["engine_version"], kwargs)
    return held


def checked_upgrade(cluster, version, kwargs):
    if number(version) < number(cluster.engine_version):
        raise InvalidParameterCombination(f"Cannot upgrade {cluster.engine} from {cluster.engine_version} to {version}")
    is_major = default_cluster_group(cluster, version) != default_cluster_group(cluster)
    if is_major and not kwargs.get("allow_major_version_upgrade"):
        raise InvalidParameterCombination("The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version.")
    if not is_major and kwargs.get("db_instance_parameter_group_name"):
        raise InvalidParameterCombination("The db-instance-parameter-group-name can only be specified for a major version upgrade.")
    if is_major and kwargs.get("vpc_security_group_ids"):
        raise InvalidParameterCombination("Cannot change VPC security group while doing a major version upgrade.")


def number(version):
    return [int(part) for part in version.replace("mysql_aurora.", "").split(".") if part.isdigit()]


def export_logs(cluster, change):
    kept = set(cluster.enabled_cloudwatch_logs_exports) | set(change.get("EnableLogTypes") or [])
    cluster.enabled_cloudwatch_logs_exports = sorted(kept - set(change.get("DisableLogTypes") or []))


def apply_held(cluster, members_group=None):
    held, cluster.lab_held = getattr(cluster, "lab_held", {}), {}
    if "enable_iam_database_authentication" in held:
        cluster.iam_auth = held["enable_iam_database_authentication"]
    if "engine_version" not in held:
        return
    was_default = cluster.parameter_group.startswith("default.")
    cluster.engine_version = held["engine_version"]
    if was_default:
        cluster.parameter_group = default_cluster_group(cluster)
    for member in cluster.members:
        member.db_parameter_group_name = members_group or member.db_parameter_group_name
        cluster_booted(member)


def pending(self):
    held = getattr(self, "lab_held", {})
    return {HELD[key]: value for key, value in held.items()} or None


rds.DBCluster.pending_modified_values = property(pending)


# A restored cluster has the tags and the protection of its own request. moto copies the source's, owner tag included,
# cannot restore one with a managed password (500), by resource id, by a snapshot's ARN, or of an instance's snapshot, and
# forgets a cluster with its backups. Drop when moto does all of that.

INHERITED = ("engine", "engine_version", "master_username", "database_name", "storage_encrypted", "kms_key_id", "port",
             "backup_retention_period", "preferred_backup_window", "copy_tags_to_snapshot", "character_set_name")


@around(rds.RDSBackend, "restore_db_cluster_from_snapshot")
def restore_db_cluster_from_snapshot(_original, self, name, overrides):
    of_instance = name.startswith("arn:") and ":snapshot:" in name
    snapshot = self.get_db_snapshot(name) if of_instance else self.get_db_cluster_snapshot(name)
    if snapshot.status != "available":
        raise RDSClientError("InvalidDBClusterSnapshotStateFault", f"The snapshot {name} is not available.")
    source = snapshot.database if of_instance else snapshot.cluster
    return restored(self, source, overrides, {"engine": f"aurora-{'postgresql' if source.engine == 'postgres' else 'mysql'}",
                                              "engine_version": None, "kms_key_id": None} if of_instance else {})


@around(rds.RDSBackend, "restore_db_cluster_to_point_in_time")
def restore_db_cluster_to_point_in_time(_original, self, db_cluster_identifier, source_db_cluster_identifier=None,
                                        source_db_cluster_resource_id=None, restore_type="full-copy", restore_to_time=None,
                                        use_latest_restorable_time=False, **overrides):
    if bool(restore_to_time) == bool(use_latest_restorable_time):
        raise InvalidParameterCombination("Specify either RestoreToTime or UseLatestRestorableTime.")
    if restore_to_time and restore_type == "copy-on-write":
        raise InvalidParameterCombination("RestoreToTime cannot be specified when RestoreType is copy-on-write")
    if source_db_cluster_resource_id:
        source = by_resource_id(self, source_db_cluster_resource_id)
    else:
        source = existing(self, source_db_cluster_identifier)
    return restored(self, source, overrides | {"db_cluster_identifier": db_cluster_identifier}, {})


def restored(backend, source, request, changed):
    inherited = {key: getattr(source, key, None) for key in INHERITED} | changed
    given = {key: value for key, value in request.items() if value is not None}
    return backend.create_db_cluster(
        {key: value for key, value in (inherited | given).items() if value is not None} | {"master_user_password": "of-the-source"})


def by_resource_id(backend, wanted):
    everything = [*backend.clusters.values(), *kept_backups(backend).values()]
    found = next((cluster for cluster in everything if cluster.db_cluster_resource_id == wanted), None)
    if found is None:
        raise DBClusterNotFoundError(wanted, f"DBCluster {wanted} not found.")
    return found


def kept_backups(backend):
    """Deleted clusters whose automated backups were kept, by resource id."""
    return vars(backend).setdefault("lab_kept_backups", {})


def describe_db_cluster_automated_backups(self):
    wanted = self.params.get("DbClusterResourceId")
    rows = [(cluster, "active") for cluster in self.backend.clusters.values()]
    rows += [(cluster, "retained") for cluster in kept_backups(self.backend).values()]
    found = [backup(cluster, state) for cluster, state in rows if wanted in (None, cluster.db_cluster_resource_id)]
    if wanted and not found:
        raise RDSClientError("DBClusterAutomatedBackupNotFoundFault", f"Automated backup {wanted} not found.")
    return ActionResult({"DBClusterAutomatedBackups": found})


def backup(cluster, state):
    shown = {"Status": state, "DBClusterAutomatedBackupsArn": cluster.arn.replace(":cluster:", ":cluster-auto-backup:"), "Region": cluster.region}
    for name in ("db_cluster_identifier", "db_cluster_resource_id", "db_cluster_arn", "engine", "engine_version", "engine_mode",
                 "storage_encrypted", "kms_key_id", "backup_retention_period", "tag_list"):
        shown[MEMBERS[name]] = getattr(cluster, name)
    return shown


MEMBERS = {
    "db_cluster_identifier": "DBClusterIdentifier", "db_cluster_resource_id": "DbClusterResourceId", "db_cluster_arn": "DBClusterArn",
    "engine": "Engine", "engine_version": "EngineVersion", "engine_mode": "EngineMode", "storage_encrypted": "StorageEncrypted",
    "kms_key_id": "KmsKeyId", "backup_retention_period": "BackupRetentionPeriod", "tag_list": "TagList",
}
RDSResponse.describe_db_cluster_automated_backups = describe_db_cluster_automated_backups


# A delete carries exactly one of final snapshot and skip; a cluster with members stays. moto destroys silently with
# neither, and keeps or forgets automated backups whatever was asked. Drop when moto answers InvalidParameterCombination.

@around(RDSResponse, "delete_db_cluster")
def delete_db_cluster(original, self):
    name, backend = self.params.get("DBClusterIdentifier"), self.backend
    skip, final = bool(self.params.get("SkipFinalSnapshot")), self.params.get("FinalDBSnapshotIdentifier")
    cluster = existing(backend, name)
    if cluster.members:
        raise RDSClientError("InvalidDBClusterStateFault", "Cluster cannot be deleted, it still contains DB instances in non-deleting state.")
    if skip == bool(final):
        raise InvalidParameterCombination("Specify either FinalDBSnapshotIdentifier or SkipFinalSnapshot.")
    available(backend, name)
    answer = original(self)
    if self.params.get("DeleteAutomatedBackups") is False:
        kept_backups(backend)[cluster.db_cluster_resource_id] = copy.copy(cluster)
        return answer
    automated = [one for one, snapshot in backend.cluster_snapshots.items()
                 if snapshot.snapshot_type == "automated" and snapshot.db_cluster_identifier == name]
    for one in automated:
        del backend.cluster_snapshots[one]
    return answer


# Members stop and start with their cluster. moto copies its whole state twice to answer, and leaves the members running.
# Drop when moto stops members.

@around(rds.RDSBackend, "stop_db_cluster")
def stop_db_cluster(_original, self, cluster_identifier):
    return turned(available(self, cluster_identifier), "stopping", "stopped")


@around(rds.RDSBackend, "start_db_cluster")
def start_db_cluster(_original, self, cluster_identifier):
    if existing(self, cluster_identifier).status != "stopped":
        raise RDSClientError("InvalidDBClusterStateFault", f"DbCluster {cluster_identifier} is not stopped.")
    return turned(self.clusters[cluster_identifier], "starting", "available")


def turned(cluster, meanwhile, word):
    cluster.status = word
    busy(cluster, meanwhile)
    for member in cluster.members:
        member.status = word
        cluster_booted(member)
    return cluster


@around(rds.RDSBackend, "failover_db_cluster")
def failover_db_cluster(original, self, db_cluster_identifier, **kwargs):
    available(self, db_cluster_identifier)
    cluster = original(self, db_cluster_identifier, **kwargs)
    busy(cluster, "failing-over")
    return cluster


# Clusters are found by resource id, a hundred a page. Drop when moto knows db-cluster-resource-id and pages clusters.

rds.DBCluster.SUPPORTED_FILTERS |= {"db-cluster-resource-id": FilterDef(["db_cluster_resource_id"], "DB Cluster Resource Ids")}


@around(RDSResponse, "describe_db_clusters")
def describe_db_clusters(original, self):
    return page(self, original(self), "DBClusters")
