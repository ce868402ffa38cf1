"""RDS clusters: their members, custom endpoints, roles, and the Data API's switch."""

import moto.rds.models as rds
from moto.core.responses import ActionResult, EmptyResult
from moto.rds.exceptions import DBClusterNotFoundError, DBInstanceNotFoundError, RDSClientError
from moto.rds.responses import RDSResponse

from emulator import around
from emulator.rds_cluster_groups import cluster_booted
from emulator.rds_clusters import available, existing

# A member of class db.serverless needs the cluster's capacity, and what the cluster decides cannot be changed on a member.
# moto takes the first and answers the second with a 500. Drop when moto refuses both.

CLUSTERS_OWN = ("allocated_storage", "backup_retention_period", "copy_tags_to_snapshot", "deletion_protection", "engine_version",
                "kms_key_id", "manage_master_user_password", "master_user_password", "port", "preferred_backup_window",
                "storage_encrypted", "storage_type", "vpc_security_group_ids")


def refused_of_a_member(kwargs):
    given = next((name for name in CLUSTERS_OWN if kwargs.get(name) is not None), None)
    if given:
        raise RDSClientError("InvalidParameterCombination", f"The requested DB Instance will be a member of a DB Cluster. Set {given} for the DB Cluster.")


@around(rds.RDSBackend, "create_db_instance")
def create_db_instance(original, self, kwargs):
    name = kwargs.get("db_cluster_identifier")
    if name is None:
        return original(self, kwargs)
    refused_of_a_member({key: value for key, value in kwargs.items() if key != "engine_version"})
    cluster = existing(self, name)
    if cluster.status == "creating":
        raise RDSClientError("InvalidDBClusterStateFault", f"DB cluster {name} is not in available state.")
    if kwargs["db_instance_class"] == "db.serverless" and not cluster.serverless_v2_scaling_configuration:
        raise RDSClientError("InvalidDBClusterStateFault", "Set the Serverless v2 scaling configuration on the parent DB cluster before creating a Serverless v2 DB instance.")
    member = original(self, kwargs)
    cluster_booted(member)
    return member


@around(rds.RDSBackend, "modify_db_instance")
def modify_db_instance(original, self, identifier, kwargs):
    if isinstance(self.databases.get(identifier), rds.DBInstanceClustered):
        refused_of_a_member(kwargs)
    return original(self, identifier, kwargs)


@around(rds.RDSBackend, "reboot_db_instance")
def reboot_db_instance(original, self, identifier):
    database = original(self, identifier)
    if isinstance(database, rds.DBInstanceClustered):
        cluster_booted(database)
    return database


# Only the cluster has backups. moto takes a snapshot of each new member. Drop when it does not.
rds.DBInstanceClustered.save_automated_backup = lambda self: None


# EnableHttpEndpoint and DisableHttpEndpoint, which moto lacks (500). Drop when it has them.

def switched(value):
    def switch(self):
        arn = self.params["ResourceArn"]
        cluster = next((one for one in self.backend.clusters.values() if one.arn == arn), None)
        if cluster is None:
            raise RDSClientError("ResourceNotFoundFault", f"The resource {arn} is not found.")
        if cluster.status != "available":
            raise RDSClientError("InvalidResourceStateFault", f"The resource {arn} is not available.")
        cluster.enable_http_endpoint = value
        return ActionResult({"ResourceArn": arn, "HttpEndpointEnabled": value})
    return switch


RDSResponse.enable_http_endpoint = switched(True)
RDSResponse.disable_http_endpoint = switched(False)


# Roles: an empty feature is none, one feature has one role, and RemoveRoleFromDBCluster, which moto lacks (500).
# Drop when moto takes AddRoleToDBCluster without FeatureName and has its counterpart.

def add_role_to_db_cluster(self):
    name, role, feature = self.params["DBClusterIdentifier"], self.params["RoleArn"], self.params.get("FeatureName")
    cluster = available(self.backend, name)
    if any((one.role_arn, one.feature_name) == (role, feature) for one in cluster._associated_roles):
        raise RDSClientError("DBClusterRoleAlreadyExists", f"Role {role} is already associated with {name}.")
    cluster._associated_roles.append(rds.AssociatedRole(role_arn=role, feature_name=feature))
    return EmptyResult()


def remove_role_from_db_cluster(self):
    name, role, feature = self.params["DBClusterIdentifier"], self.params["RoleArn"], self.params.get("FeatureName")
    cluster = available(self.backend, name)
    kept = [one for one in cluster._associated_roles if (one.role_arn, one.feature_name) != (role, feature)]
    if len(kept) == len(cluster._associated_roles):
        raise RDSClientError("DBClusterRoleNotFound", f"Role {role} is not associated with {name}.")
    cluster._associated_roles = kept
    return EmptyResult()


RDSResponse.add_role_to_db_cluster = add_role_to_db_cluster
RDSResponse.remove_role_from_db_cluster = remove_role_from_db_cluster


# Custom endpoints, which moto lacks (500). Drop when it has DescribeDBClusterEndpoints.

MOST_ENDPOINTS = 5


def endpoints(backend):
    return vars(backend).setdefault("lab_endpoints", {})


def create_db_cluster_endpoint(self):
    name, cluster = self.params["DBClusterEndpointIdentifier"].lower(), available(self.backend, self.params["DBClusterIdentifier"])
    everything = endpoints(self.backend)
    if name in everything:
        raise RDSClientError("DBClusterEndpointAlreadyExistsFault", f"The endpoint {name} already exists.")
    if len([one for one in everything.values() if one["DBClusterIdentifier"] == cluster.db_cluster_identifier]) >= MOST_ENDPOINTS:
        raise RDSClientError("DBClusterEndpointQuotaExceededFault", "The cluster has five custom endpoints.")
    shown = {
        "DBClusterEndpointIdentifier": name, "DBClusterIdentifier": cluster.db_cluster_identifier, "EndpointType": "CUSTOM",
        "DBClusterEndpointResourceIdentifier": f"cluster-endpoint-{name.upper()}", "Status": "available",
        "DBClusterEndpointArn": cluster.arn.replace(f":cluster:{cluster.db_cluster_identifier}", f":cluster-endpoint:{name}"),
        "Endpoint": f"{name}.cluster-custom-{cluster.url_identifier}.{cluster.region}.rds.amazonaws.com",
    }
    everything[name] = shown | lists(self)
    return ActionResult(everything[name])


def lists(response):
    static, excluded = response.params.get("StaticMembers") or [], response.params.get("ExcludedMembers") or []
    if static and excluded:
        raise RDSClientError("InvalidParameterCombination", "StaticMembers and ExcludedMembers exclude each other.")
    for member in [*static, *excluded]:
        if member not in response.backend.databases:
            raise DBInstanceNotFoundError(member)
    return {"CustomEndpointType": response.params.get("EndpointType"), "StaticMembers": static, "ExcludedMembers": excluded}


def custom_endpoint(response):
    name = response.params["DBClusterEndpointIdentifier"].lower()
    if name not in endpoints(response.backend):
        raise RDSClientError("DBClusterEndpointNotFoundFault", f"The endpoint {name} is not found.")
    return endpoints(response.backend)[name]


def modify_db_cluster_endpoint(self):
    shown = custom_endpoint(self)
    shown |= {name: value for name, value in lists(self).items() if value is not None}
    return ActionResult(shown)


def delete_db_cluster_endpoint(self):
    shown = custom_endpoint(self)
    del endpoints(self.backend)[shown["DBClusterEndpointIdentifier"]]
    return ActionResult(shown | {"Status": "deleting"})


def describe_db_cluster_endpoints(self):
    of = self.params.get("DBClusterIdentifier")
    if of and of not in self.backend.clusters:
        raise DBClusterNotFoundError(of, f"DBCluster {of} not found.")
    clusters = [cluster for name, cluster in self.backend.clusters.items() if of in (None, name)]
    built_in = [
        {"DBClusterIdentifier": cluster.db_cluster_identifier, "Endpoint": address, "Status": "available", "EndpointType": kind}
        for cluster in clusters for kind, address in (("WRITER", cluster.endpoint), ("READER", cluster.reader_endpoint))
    ]
    custom = [one for one in endpoints(self.backend).values() if of in (None, one["DBClusterIdentifier"])]
    return ActionResult({"DBClusterEndpoints": built_in + custom})


for operation in (create_db_cluster_endpoint, modify_db_cluster_endpoint, delete_db_cluster_endpoint, describe_db_cluster_endpoints):
    setattr(RDSResponse, operation.__name__, operation)


# A deleted cluster takes its endpoints along.
@around(rds.RDSBackend, "delete_db_cluster")
def delete_db_cluster(original, self, cluster_identifier, **kwargs):
    cluster = original(self, cluster_identifier, **kwargs)
    for name in [name for name, one in endpoints(self).items() if one["DBClusterIdentifier"] == cluster_identifier]:
        del endpoints(self)[name]
    return cluster
