"""What one object costs, with nothing else beside it."""

from labkit.api import instance
from labkit.bench_run import KIND
from labkit.control_plane import kubectl

QUIET_SECONDS = 15  # what still comes after an object is Ready belongs to it
HOW = "counted by the emulator and the audit log"


def without_objects(run, seconds):
    run.idle(seconds, "no object")
    run.figures.add("memory without objects, MiB", run.meters.memory(), 20, f"VmRSS after {seconds:.0f} s")


def one_object(run):
    for policy, bar in (("Retain", 0), ("Delete", 5)):
        name = f"one-{policy.lower()}"
        run.meters.count()
        run.api.create([instance(name, policy)])
        run.until(f"one object, {policy}", run.all_ready(1))
        aws, kubernetes = run.meters.count(QUIET_SECONDS)
        run.figures.add(f"AWS calls of a create ({policy})", sum(aws.values()), 4, HOW, aws)
        run.figures.add(f"API-server writes from apply to Ready ({policy})", sum(kubernetes.values()), 7, HOW, kubernetes)
        kubectl(run.meters.facts["kubeconfig"], "annotate", f"{KIND}/{name}", f"awsdb.dev/reconcile=look-{policy.lower()}")
        _, kubernetes = run.meters.count(QUIET_SECONDS)
        run.figures.add(f"API-server writes of a reconcile without news ({policy})", sum(kubernetes.values()), 0, HOW, kubernetes)
        run.api.delete([name])
        run.until(f"delete, {policy}", lambda: run.meters.watched(KIND) == 0)
        _, kubernetes = run.meters.count(QUIET_SECONDS)
        run.figures.add(f"API-server writes of a delete ({policy})", sum(kubernetes.values()), bar, HOW, kubernetes)
