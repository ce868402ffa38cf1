"""RDS cluster parameter groups."""

import moto.rds.models as rds
from moto.core.responses import ActionResult
from moto.rds.exceptions import DBClusterParameterGroupNotFoundError, RDSClientError
from moto.rds.responses import RDSResponse

from emulator import around
from emulator.rds_groups import described, reset, static_of
from emulator.rds_settings import family_of

# Cluster parameter groups. moto shows what was set and nothing more, cannot reset (500), calls every default group
# "default.aurora8.0", takes unknown groups, is never pending-reboot, and deletes a group in use. Drop when moto knows
# ApplyType, ResetDBClusterParameterGroup, DBClusterParameterGroupStatus and InvalidDBParameterGroupState here.

rds.DBClusterParameterGroup.family = property(lambda self: self.db_parameter_group_family)


def default_cluster_group(cluster, version=None):
    return f"default.{family_of(cluster.engine, version or cluster.engine_version)}"


def checked_group(backend, name):
    if not name.startswith("default.") and name not in backend.db_cluster_parameter_groups:
        raise RDSClientError("DBClusterParameterGroupNotFound", f"DBClusterParameterGroup not found: {name}")


def existing_group(response):
    name = response.params["DBClusterParameterGroupName"]
    if name not in response.backend.db_cluster_parameter_groups:
        raise DBClusterParameterGroupNotFoundError(name)
    return response.backend.db_cluster_parameter_groups[name]


def describe_db_cluster_parameters(self):
    return described(existing_group(self), self.params)


def reset_db_cluster_parameter_group(self):
    group = existing_group(self)
    reset(group, self.params)
    return ActionResult({"DBClusterParameterGroupName": group.name})


RDSResponse.describe_db_cluster_parameters = describe_db_cluster_parameters
RDSResponse.reset_db_cluster_parameter_group = reset_db_cluster_parameter_group


@around(rds.RDSBackend, "delete_db_cluster_parameter_group")
def delete_db_cluster_parameter_group(original, self, db_cluster_parameter_group_name):
    if any(cluster.parameter_group == db_cluster_parameter_group_name for cluster in self.clusters.values()):
        raise RDSClientError("InvalidDBParameterGroupState", "One or more database clusters are still members of this parameter group")
    return original(self, db_cluster_parameter_group_name)


def static_settings(cluster):
    """What only a boot of a member makes effective: the cluster's group and its static parameters."""
    group = cluster.backend.db_cluster_parameter_groups.get(cluster.parameter_group)
    return static_of(group) if group else (cluster.parameter_group, {})


def cluster_booted(member):
    member.lab_cluster_settings = static_settings(member.cluster)


def members(self):
    return [{
        "DBInstanceIdentifier": member.db_instance_identifier,
        "IsClusterWriter": member.is_cluster_writer,
        "DBClusterParameterGroupStatus": group_status(self, member),
        "PromotionTier": member.promotion_tier,
    } for member in self.members]


def group_status(cluster, member):
    in_sync = getattr(member, "lab_cluster_settings", None) in (None, static_settings(cluster))
    return "in-sync" if in_sync else "pending-reboot"


rds.DBCluster.db_cluster_members = property(members)
