"""RDS instances: how they come into being, change state, and go."""

import secrets
import string
from datetime import datetime, timezone

import moto.rds.models as rds
from moto.rds.exceptions import DBInstanceAlreadyExists, DBInstanceNotFoundError, InvalidParameterCombination, RDSClientError
from moto.rds.responses import RDSResponse

from emulator import around, clock, lab
from emulator.rds_groups import booted
from emulator.rds_settings import full_version, keep_settings

# Each instance has its own DbiResourceId, and is "creating" without an endpoint for so many seconds.
# Drop when moto has state transitions for RDS and random resource ids.

@around(rds.DBInstance, "__init__")
def instance_init(original, self, *args, **kwargs):
    original(self, *args, **kwargs)
    self.dbi_resource_id = resource_id()


def resource_id():
    return "db-" + "".join(secrets.choice(string.ascii_uppercase + "234567") for _ in range(26))


def born(database):
    database.lab_ready_at = clock.ready_at()
    lab.happened("available", database.db_instance_identifier, clock.wall(database.lab_ready_at))
    booted(database)


def status(self):
    waiting = self.lab_status == "available" and not clock.is_over(getattr(self, "lab_ready_at", 0))
    return "creating" if waiting else self.lab_status


rds.DBInstance.status = property(status, lambda self, value: setattr(self, "lab_status", value))
endpoint_once_available = rds.DBInstance.endpoint.fget
rds.DBInstance.endpoint = property(lambda self: None if self.status == "creating" else endpoint_once_available(self))


@around(rds.RDSBackend, "create_db_instance")
def create_db_instance(original, self, kwargs):
    kwargs["engine_version"] = full_version(kwargs.get("engine"), kwargs.get("engine_version"))
    database = original(self, kwargs)
    keep_settings(database, kwargs)
    born(database)
    return database


# An instance that is not available refuses to be modified or rebooted. Drop together with "creating" above.

def refused_unless_available(method, what):
    @around(rds.RDSBackend, method)
    def checked(original, self, identifier, *args):
        database = self.databases.get(identifier)
        if database is not None and database.status != "available":
            raise RDSClientError("InvalidDBInstanceState", f"Instance {identifier} cannot be {what} because it is not in available state.")
        return original(self, identifier, *args)


refused_unless_available("modify_db_instance", "modified")
refused_unless_available("reboot_db_instance", "rebooted")


# A restored instance has the tags and the protection of its own request. moto copies the source's, owner tag included,
# and restores the account's first instance when the source is named by its resource id. Drop when moto does neither.

@around(rds.RDSBackend, "restore_db_instance_from_db_snapshot")
def restore_from_snapshot(original, self, snapshot, overrides):
    return of_its_own(original(self, snapshot, overrides), overrides)


@around(rds.RDSBackend, "restore_db_instance_to_point_in_time")
def restore_to_point_in_time(original, self, source, target, overrides):
    source = source or by_resource_id(self, overrides.get("source_dbi_resource_id"))
    restored = of_its_own(original(self, source, target, overrides), overrides)
    # moto builds it with the request's members, the source's name among them, and then shows it as a replica.
    restored.source_db_instance_identifier = None
    return restored


def by_resource_id(backend, wanted):
    for name, database in backend.databases.items():
        if wanted and database.dbi_resource_id == wanted:
            return name
    raise DBInstanceNotFoundError(wanted or "named by neither identifier nor resource id")


def of_its_own(database, request):
    database.tags = request.get("tags") or []
    database.deletion_protection = bool(request.get("deletion_protection"))
    return database


# A replica is created once and is a thing of its own. moto replaces an instance of the same name, and a replica shares
# its source's resource id, times, tags, roles and protection. Drop when moto answers DBInstanceAlreadyExists and builds
# replicas instead of copying the source.

@around(rds.RDSBackend, "create_db_instance_read_replica")
def create_read_replica(original, self, kwargs):
    if kwargs["db_instance_identifier"] in self.databases:
        raise DBInstanceAlreadyExists()
    replica = of_its_own(original(self, kwargs), kwargs)
    replica.dbi_resource_id = resource_id()
    replica.instance_create_time = replica.created = datetime.now(timezone.utc).replace(tzinfo=None)
    replica.enabled_cloudwatch_logs_exports = list(kwargs.get("enable_cloudwatch_logs_exports") or [])
    replica._associated_roles = []
    born(replica)
    return replica


# A promoted replica stops being one; promoting something else is refused, and a missing one is no 500.
# Drop when moto clears ReadReplicaSourceDBInstanceIdentifier.

@around(rds.RDSBackend, "promote_read_replica")
def promote_read_replica(original, self, kwargs):
    name = kwargs["db_instance_identifier"]
    replica = self.databases.get(name)
    if replica is None:
        raise DBInstanceNotFoundError(name)
    if not replica.is_replica:
        raise RDSClientError("InvalidDBInstanceState", f"DB Instance {name} is not a read replica.")
    source = replica.source_db_instance_identifier
    promoted = original(self, kwargs)
    self.find_db_from_id(source).remove_replica(promoted)
    promoted.source_db_instance_identifier = None
    return promoted


# A delete carries exactly one of final snapshot and skip. moto destroys silently with neither.
# Drop when moto answers InvalidParameterCombination to a bare DeleteDBInstance.

@around(RDSResponse, "delete_db_instance")
def delete_db_instance(original, self):
    skip, final = bool(self.params.get("SkipFinalSnapshot")), self.params.get("FinalDBSnapshotIdentifier")
    database = self.backend.databases.get(self.params.get("DBInstanceIdentifier"))
    if not skip and not final:
        raise InvalidParameterCombination("FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.")
    if skip and final:
        raise InvalidParameterCombination("FinalDBSnapshotIdentifier can not be specified when SkipFinalSnapshot is specified.")
    if final and database is not None and database.is_replica:
        raise InvalidParameterCombination("FinalDBSnapshotIdentifier can not be specified when deleting a replica instance")
    return original(self)
