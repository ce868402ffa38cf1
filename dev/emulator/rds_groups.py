"""RDS subnet groups and parameter groups."""

import copy

import moto.rds.models as rds
from moto.core.responses import ActionResult
from moto.rds.exceptions import DBParameterGroupNotFoundError, DBSubnetGroupNotFoundError, RDSClientError
from moto.rds.responses import RDSResponse

from emulator import around

# RDS subnet groups: a duplicate create is refused instead of replacing the group, a modified group does not vanish,
# and one in use cannot be deleted. Drop when moto does all three.

@around(rds.RDSBackend, "create_subnet_group")
def create_subnet_group(original, self, name, *args):
    if name in self.subnet_groups:
        raise RDSClientError("DBSubnetGroupAlreadyExists", f"The DB subnet group '{name}' already exists.")
    return original(self, name, *args)


@around(rds.RDSBackend, "modify_db_subnet_group")
def modify_db_subnet_group(original, self, name, *args):
    if name not in self.subnet_groups:
        raise DBSubnetGroupNotFoundError(name)
    group = original(self, name, *args)
    self.subnet_groups[name] = group
    return group


@around(rds.RDSBackend, "delete_subnet_group")
def delete_subnet_group(original, self, name):
    if any(getattr(database, "db_subnet_group", None) is self.subnet_groups.get(name, self) for database in self.databases.values()):
        raise RDSClientError("InvalidDBSubnetGroupStateFault", f"Cannot delete the subnet group '{name}' because at least one database instance is using it.")
    return original(self, name)


# RDS parameter groups. moto shows what was set and nothing more, cannot reset (500), is never pending-reboot, and
# lets a group in use be deleted, after which every describe of its instance is a 500. Drop when moto knows
# ApplyType, ResetDBParameterGroup, ParameterApplyStatus and InvalidDBParameterGroupState.

# A few real parameters, by the first word of the family; unknown ones are taken for dynamic.
STATIC = {
    "postgres": {"max_connections", "shared_buffers", "shared_preload_libraries", "rds.logical_replication", "max_wal_senders"},
    "mysql": {"performance_schema", "lower_case_table_names", "innodb_log_file_size", "skip_name_resolve"},
    "mariadb": {"performance_schema", "lower_case_table_names", "innodb_log_file_size", "skip_name_resolve"},
    "aurora-postgresql": {"max_connections", "shared_preload_libraries", "rds.logical_replication", "max_wal_senders"},
    "aurora-mysql": {"performance_schema", "lower_case_table_names", "binlog_format", "skip_name_resolve"},
}
DYNAMIC = {
    "postgres": {"work_mem", "log_min_duration_statement", "log_statement", "rds.force_ssl", "idle_in_transaction_session_timeout"},
    "mysql": {"max_connections", "slow_query_log", "long_query_time", "character_set_server", "require_secure_transport"},
    "mariadb": {"max_connections", "slow_query_log", "long_query_time", "character_set_server"},
    "aurora-postgresql": {"work_mem", "log_min_duration_statement", "log_statement", "rds.force_ssl"},
    "aurora-mysql": {"max_connections", "slow_query_log", "long_query_time", "time_zone", "require_secure_transport"},
}


def of_family(table, group):
    return next((names for engine, names in table.items() if group.family.startswith(engine)), set())


def parameters(group):
    static = of_family(STATIC, group)
    for name in sorted(static | of_family(DYNAMIC, group) | set(group.parameters)):
        row = {"ParameterName": name, "DataType": "string", "IsModifiable": True, "Source": "engine-default",
               "ApplyType": "static" if name in static else "dynamic", "ApplyMethod": "pending-reboot"}
        yield row | ({"Source": "user"} | group.parameters[name] if name in group.parameters else {})


def described(group, request):
    source = request.get("Source")
    return ActionResult({"Parameters": [row for row in parameters(group) if not source or row["Source"] == source]})


def reset(group, request):
    everything = list(group.parameters) if request.get("ResetAllParameters") else []
    for name in everything + [row["ParameterName"] for row in request.get("Parameters", [])]:
        group.parameters.pop(name, None)


def describe_db_parameters(self):
    return described(existing_group(self), self.params)


def reset_db_parameter_group(self):
    group = existing_group(self)
    reset(group, self.params)
    return ActionResult({"DBParameterGroupName": group.name})


def existing_group(response):
    name = response.params["DBParameterGroupName"]
    if name not in response.backend.db_parameter_groups:
        raise DBParameterGroupNotFoundError(name)
    return response.backend.db_parameter_groups[name]


RDSResponse.describe_db_parameters = describe_db_parameters
RDSResponse.reset_db_parameter_group = reset_db_parameter_group


@around(rds.RDSBackend, "describe_db_parameter_groups")
def describe_db_parameter_groups(original, self, kwargs):
    found = original(self, kwargs)
    if kwargs.get("db_parameter_group_name") and not found:
        raise DBParameterGroupNotFoundError(kwargs["db_parameter_group_name"])
    return found


@around(rds.RDSBackend, "delete_db_parameter_group")
def delete_db_parameter_group(original, self, name):
    if any(database.db_parameter_group_name == name for database in self.databases.values()):
        raise RDSClientError("InvalidDBParameterGroupState", "One or more database instances are still members of this parameter group")
    return original(self, name)


def static_settings(database):
    """What only a boot makes effective: the group in use and its static parameters."""
    return static_of(database.db_parameter_groups()[0])


def static_of(group):
    static = of_family(STATIC, group)
    return group.name, {name: row.get("ParameterValue") for name, row in group.parameters.items() if name in static}


def booted(database):
    database.lab_static_settings = static_settings(database)


def parameter_group_status(self):
    group = copy.copy(self.db_parameter_groups()[0])  # a copy: other instances of the group have a status of their own
    in_sync = getattr(self, "lab_static_settings", None) in (None, static_settings(self))
    group.ParameterApplyStatus = "in-sync" if in_sync else "pending-reboot"
    return [group]


rds.DBInstance.db_parameter_group_status_list = property(parameter_group_status)


def boots(method):
    @around(rds.RDSBackend, method)
    def boot(original, self, identifier):
        database = original(self, identifier)
        booted(database)
        return database


boots("reboot_db_instance")
boots("start_db_instance")
