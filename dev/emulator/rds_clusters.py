"""RDS clusters."""

import moto.rds.models as rds
from moto.rds.exceptions import DBClusterNotFoundError, RDSClientError

from emulator import around

# A duplicate create is refused instead of replacing the cluster, and modifying a missing one is no 500.
# Drop when moto answers DBClusterAlreadyExistsFault and DBClusterNotFoundFault itself.


@around(rds.RDSBackend, "create_db_cluster")
def create_db_cluster(original, self, kwargs):
    if kwargs["db_cluster_identifier"] in self.clusters:
        raise RDSClientError("DBClusterAlreadyExistsFault", "DB Cluster already exists")
    return original(self, kwargs)


@around(rds.RDSBackend, "modify_db_cluster")
def modify_db_cluster(original, self, kwargs):
    if kwargs["db_cluster_identifier"] not in self.clusters:
        raise DBClusterNotFoundError(kwargs["db_cluster_identifier"])
    return original(self, kwargs)
