"""RDS snapshots of instances and clusters."""

import moto.rds.models as rds
from moto.rds.exceptions import DBClusterNotFoundError, DBInstanceNotFoundError, InvalidParameterCombination, RDSClientError
from moto.rds.models import FilterDef
from moto.rds.responses import RDSResponse

from emulator import around, clock, page

# A manual snapshot is "creating", a copy "copying", for so many seconds, with its progress. moto's are available at once
# and those of instances have no progress. Drop when moto has state transitions for snapshots.

KINDS = (rds.DBSnapshot, rds.DBClusterSnapshot)


def status(self):
    return "available" if clock.is_over(getattr(self, "lab_ready_at", 0)) else self.lab_word


def progress(self):
    return clock.percent(getattr(self, "lab_ready_at", 0))


def making(snapshot, word):
    if snapshot.snapshot_type == "manual":
        snapshot.lab_word, snapshot.lab_ready_at = word, clock.ready_at()
        snapshot.created -= clock.snapshot_age
        if hasattr(snapshot, "original_snapshot_create_time"):
            snapshot.original_snapshot_create_time -= clock.snapshot_age
    return snapshot


for kind in KINDS:
    kind.status = property(status, lambda self, value: None)
    kind.percent_progress = property(progress, lambda self, value: None)


# A snapshot shows the database that it was taken of, and is found by its ARN too. Drop when moto's SUPPORTED_FILTERS have
# the ARNs and its cluster snapshots DbClusterResourceId.

rds.DBClusterSnapshot.db_cluster_resource_id = property(lambda self: self.cluster.db_cluster_resource_id)
rds.DBSnapshot.SUPPORTED_FILTERS |= {"db-snapshot-id": FilterDef(["db_snapshot_arn", "db_snapshot_identifier"], "DB Snapshot Identifiers", case_insensitive=True)}
rds.DBClusterSnapshot.SUPPORTED_FILTERS |= {
    "db-cluster-snapshot-id": FilterDef(["db_cluster_snapshot_arn", "db_cluster_snapshot_identifier"], "DB Cluster Snapshot Identifiers", case_insensitive=True),
}


# A snapshot is taken of what is available only. A name is in lower case, or a later delete would not find it. Drop when
# moto answers InvalidDBInstanceState and InvalidDBClusterStateFault here.

@around(RDSResponse, "create_db_snapshot")
def create_db_snapshot(original, self):
    name = self.params["DBInstanceIdentifier"]
    database = self.backend.databases.get(name)
    if database is None:
        raise DBInstanceNotFoundError(name)
    if database.status not in ("available", "storage-optimization"):
        raise RDSClientError("InvalidDBInstanceState", f"Cannot create a snapshot because the database instance {name} is not currently in the available state.")
    self.params["DBSnapshotIdentifier"] = self.params["DBSnapshotIdentifier"].lower()
    return original(self)


@around(RDSResponse, "create_db_cluster_snapshot")
def create_db_cluster_snapshot(original, self):
    name = self.params["DBClusterIdentifier"]
    cluster = self.backend.clusters.get(name)
    if cluster is None:
        raise DBClusterNotFoundError(name, f"DBCluster {name} not found.")
    if cluster.status != "available":
        raise RDSClientError("InvalidDBClusterStateFault", f"Cannot create a snapshot because the database cluster {name} is not currently in the available state.")
    self.params["DBClusterSnapshotIdentifier"] = self.params["DBClusterSnapshotIdentifier"].lower()
    return original(self)


@around(rds.RDSBackend, "create_db_snapshot")
def made_of_an_instance(original, self, *args, **kwargs):
    return making(original(self, *args, **kwargs), "creating")


@around(rds.RDSBackend, "create_db_cluster_snapshot")
def made_of_a_cluster(original, self, *args, **kwargs):
    return making(original(self, *args, **kwargs), "creating")


# Copies. Between regions an encrypted snapshot needs a key of its own; a cluster's unencrypted one cannot be encrypted;
# a copy says of what it is one; what is not available cannot be copied. moto looks at none of that. Drop when it does.

def copied(source, target, request, here):
    if source.status != "available":
        raise RDSClientError("InvalidDBSnapshotState" if isinstance(source, rds.DBSnapshot) else "InvalidDBClusterSnapshotStateFault",
                             f"Cannot copy from a snapshot that is {source.status}.")
    is_abroad = source.region != here
    if is_abroad and source.storage_encrypted and not request.get("kms_key_id"):
        raise InvalidParameterCombination("The parameter KmsKeyId must be specified to copy an encrypted snapshot from another region.")
    if isinstance(source, rds.DBClusterSnapshot) and request.get("kms_key_id") and not source.storage_encrypted:
        raise InvalidParameterCombination("Cannot encrypt a copy of an unencrypted DB cluster snapshot.")
    return source, is_abroad, target.lower()


@around(rds.RDSBackend, "copy_db_snapshot")
def copy_db_snapshot(original, self, source_db_snapshot_identifier, target_db_snapshot_identifier, **kwargs):
    source = self.get_db_snapshot(source_db_snapshot_identifier)
    source, is_abroad, target = copied(source, target_db_snapshot_identifier, kwargs, self.region_name)
    copy = making(original(self, source_db_snapshot_identifier, target, **kwargs), "copying")
    if is_abroad:
        copy.source_region, copy.source_db_snapshot_identifier = source.region, source.arn
    return copy


@around(rds.RDSBackend, "copy_db_cluster_snapshot")
def copy_db_cluster_snapshot(original, self, source_db_cluster_snapshot_identifier, target_db_cluster_snapshot_identifier, **kwargs):
    source = self.get_db_cluster_snapshot(source_db_cluster_snapshot_identifier)
    source, _, target = copied(source, target_db_cluster_snapshot_identifier, kwargs, self.region_name)
    copy = making(original(self, source_db_cluster_snapshot_identifier, target, **kwargs), "copying")
    copy.source_db_cluster_snapshot_arn = source.arn
    return copy


# Only a manual snapshot that is available (or a copy under way) can be deleted. Drop when moto refuses the others.

def deletable(snapshot, code):
    if snapshot is not None and (snapshot.snapshot_type != "manual" or snapshot.status == "creating"):
        raise RDSClientError(code, f"The {snapshot.snapshot_type} snapshot {snapshot.resource_id} cannot be deleted: it is {snapshot.status}.")


@around(RDSResponse, "delete_db_snapshot")
def delete_db_snapshot(original, self):
    self.params["DBSnapshotIdentifier"] = name = self.params["DBSnapshotIdentifier"].lower()
    deletable(self.backend.database_snapshots.get(name), "InvalidDBSnapshotState")
    return original(self)


@around(RDSResponse, "delete_db_cluster_snapshot")
def delete_db_cluster_snapshot(original, self):
    self.params["DBClusterSnapshotIdentifier"] = name = self.params["DBClusterSnapshotIdentifier"].lower()
    deletable(self.backend.cluster_snapshots.get(name), "InvalidDBClusterSnapshotStateFault")
    return original(self)


# A hundred a page. Drop when moto pages snapshots.

@around(RDSResponse, "describe_db_snapshots")
def describe_db_snapshots(original, self):
    return page(self, original(self), "DBSnapshots")


@around(RDSResponse, "describe_db_cluster_snapshots")
def describe_db_cluster_snapshots(original, self):
    return page(self, original(self), "DBClusterSnapshots")
