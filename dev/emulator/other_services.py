"""DMS and ElastiCache: answers that aws-sdk-rust cannot parse, and states that never end."""

from datetime import datetime, timezone

import moto.dms.models as dms
import moto.elasticache.models as elasticache

from emulator import around

# DMS: epoch numbers, not ISO strings. Drop when moto sends JSON timestamps as numbers.

def epochs(value):
    if isinstance(value, dict):
        return {key: epochs(item) for key, item in value.items() if item is not None}
    if isinstance(value, str) and len(value) >= 19 and value[4] == "-" and value[10] == "T":
        try:
            return datetime.fromisoformat(value).replace(tzinfo=timezone.utc).timestamp()
        except ValueError:
            pass
    return value


@around(dms.FakeReplicationTask, "to_dict")
def task_to_dict(original, self):
    return epochs(original(self))


@around(dms.FakeReplicationInstance, "to_dict")
def instance_to_dict(original, self):
    return epochs(original(self))


# DMS: tasks and endpoints leave "creating". Drop when moto moves a described task to "ready", an endpoint to "active".

@around(dms.DatabaseMigrationServiceBackend, "describe_replication_tasks")
def describe_replication_tasks(original, self, *args, **kwargs):
    tasks = list(original(self, *args, **kwargs))
    for task in tasks:
        if task.status == "creating":
            task.ready()
    return tasks


@around(dms.Endpoint, "__init__")
def endpoint_init(original, self, *args, **kwargs):
    original(self, *args, **kwargs)
    self.status = "active"


# ElastiCache: what is deleted disappears once it was described as "deleting". Drop when moto forgets deleted groups.

def forget_deleted(store_name, method):
    @around(elasticache.ElastiCacheBackend, method)
    def describe(original, self, *args, **kwargs):
        answer = original(self, *args, **kwargs)
        store = getattr(self, store_name)
        for key in [key for key, thing in store.items() if deleting(thing)]:
            store.pop(key)
        return answer


def deleting(thing):
    return "deleting" in (getattr(thing, "status", None), getattr(thing, "cache_cluster_status", None))


forget_deleted("replication_groups", "describe_replication_groups")
forget_deleted("cache_clusters", "describe_cache_clusters")
