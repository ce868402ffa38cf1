"""Resource Groups Tagging API: moto shows DB instances, clusters, their snapshots and DynamoDB tables, and no groups. Drop
when GetResources shows parameter groups and subnet groups."""

import moto.rds.models as rds
from moto.core.resource_tagging import TaggedResource

from emulator import around


@around(rds.RDSBackend, "iter_tagged_resources")
def iter_tagged_resources(original, self):
    yield from original(self)
    groups = {"rds:pg": self.db_parameter_groups, "rds:cluster-pg": self.db_cluster_parameter_groups, "rds:subgrp": self.subnet_groups}
    for resource_type, named in groups.items():
        for group in named.values():
            tags = {tag["Key"]: tag["Value"] for tag in group.get_tags()}
            yield TaggedResource(arn=group.arn, tags=tags, resource_type=resource_type)
