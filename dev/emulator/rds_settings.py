"""RDS instances: settings that moto forgets, and so would have an operator send for ever."""

import json
import secrets

import moto.rds.models as rds
from moto.core.responses import EmptyResult
from moto.rds.exceptions import DBInstanceNotFoundError, RDSClientError
from moto.rds.responses import RDSResponse

from emulator import around

# "16" becomes a full version, and the default parameter group's family follows from it. moto keeps "16", calls the
# group "default.postgres", and takes a missing version for 9.3.3. Drop when moto resolves engine versions.

VERSIONS = {
    "postgres": ("17.4", "16.8", "15.12", "14.17", "13.20"),
    "mysql": ("8.4.4", "8.0.41", "5.7.44"),
    "mariadb": ("11.4.5", "10.11.11", "10.6.21"),
    "oracle": ("19.0.0.0.ru-2025-01.rur-2025-01.r1",),
    "sqlserver": ("16.00.4175.1.v1", "15.00.4420.2.v1"),
    "aurora-postgresql": ("16.6", "17.4", "16.4", "15.10", "15.4", "14.15", "13.18"),
    "aurora-mysql": ("8.0.mysql_aurora.3.08.1", "8.0.mysql_aurora.3.08.0", "8.0.mysql_aurora.3.04.3", "5.7.mysql_aurora.2.12.4"),
}
FAMILY_PARTS = {"mysql": 2, "mariadb": 2, "sqlserver": 2, "aurora-mysql": 2}  # how much of the version names the family; otherwise 1


def of_engine(table, engine, otherwise):
    """An engine has a row of its own (aurora-mysql) or shares one (oracle-ee, oracle-se2)."""
    return table.get(engine or "", table.get((engine or "").split("-")[0], otherwise))


def full_version(engine, asked):
    known = of_engine(VERSIONS, engine, ())
    return next((version for version in known if not asked or f"{version}.".startswith(f"{asked}.")), asked)


def family_of(engine, version):
    parts = version.split(".")[:of_engine(FAMILY_PARTS, engine, 1)]
    number = ".".join(part.lstrip("0") or "0" for part in parts)
    return engine + ("-" if "-" in engine and not engine.startswith("aurora") else "") + number


def default_group(self):
    family = family_of(self.engine, self.engine_version)
    return family, f"default.{family}"


rds.DBInstance.default_db_parameter_group_details = default_group


@around(rds.RDSBackend, "modify_db_instance")
def modify_db_instance(original, self, identifier, kwargs):
    if kwargs.get("engine_version") and identifier in self.databases:
        kwargs["engine_version"] = full_version(self.databases[identifier].engine, kwargs["engine_version"])
    database = original(self, identifier, kwargs)
    if kwargs.get("storage_throughput"):
        # moto applies it before the storage type that it depends on, and then drops it.
        database.storage_throughput = kwargs["storage_throughput"]
    return database


# What a create asked for is in the answer. moto's constructor ignores every name that it does not know.
# Drop when moto keeps NetworkType, PerformanceInsights*, ProcessorFeatures and the like.

def keep_settings(database, kwargs):
    for name, value in kwargs.items():
        # The class's own names may be write-only properties, which must not even be read.
        if name not in vars(database) and not hasattr_of_class(database, name):
            setattr(database, name, value)


def hasattr_of_class(database, name):
    return any(name in vars(cls) for cls in type(database).__mro__)


# Two settings whose name in the request is not the one in the answer. Drop when moto maps them.
rds.DBInstance.performance_insights_enabled = property(lambda self: bool(getattr(self, "enable_performance_insights", False)))
rds.DBInstance.db_port_number = property(lambda self: self.port, lambda self, value: setattr(self, "port", value))


# Log exports: enabling twice does not list a type twice, and disabling one that is off is no 500.
# Drop when moto treats EnabledCloudwatchLogsExports as a set.

@around(rds.DBInstance, "update")
def update(original, self, **kwargs):
    change = kwargs.pop("cloudwatch_logs_export_configuration", None) or {}
    original(self, **kwargs)
    enabled = set(self.enabled_cloudwatch_logs_exports) | set(change.get("EnableLogTypes") or [])
    self.enabled_cloudwatch_logs_exports = sorted(enabled - set(change.get("DisableLogTypes") or []))


# A password managed by AWS belongs to the instance's user, is not the same everywhere, and is there after a rotation.
# Drop when moto's MasterUserSecret uses MasterUsername and its rotation leaves an AWSCURRENT version.

def managed_secret(self):
    return json.dumps({"username": self.resource.master_username, "password": secrets.token_urlsafe(18)})


def rotate_secret(self):
    self._status = "rotating"
    self.secretsmanager.put_secret_value(self.secret.arn, managed_secret(self), None, None, None)


rds.MasterUserSecret._generate_secret_string = managed_secret
rds.MasterUserSecret.rotate_secret = rotate_secret


# RemoveRoleFromDBInstance, which moto lacks (500). Drop when it has it.

def remove_role_from_db_instance(self):
    name, role = self.params["DBInstanceIdentifier"], self.params["RoleArn"]
    if name not in self.backend.databases:
        raise DBInstanceNotFoundError(name)
    roles = self.backend.databases[name]._associated_roles
    kept = [one for one in roles if (one.role_arn, one.feature_name) != (role, self.params.get("FeatureName"))]
    if len(kept) == len(roles):
        raise RDSClientError("DBInstanceRoleNotFound", f"Role {role} is not associated with {name}.")
    roles[:] = kept
    return EmptyResult()


RDSResponse.remove_role_from_db_instance = remove_role_from_db_instance
