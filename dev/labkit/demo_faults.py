"""What the demo shows of an AWS that is not well; see demo_steps."""

import re
import time

from labkit.demo_steps import check, title
from labkit.faults import clear_rules, set_rules
from labkit.watch import condition, name

THROTTLED_SECONDS = 4
ALLOWED = 'awsdb_aws_calls_allowed{service="rds",family="read"}'


def show_throttling(demo):
    title(f"AWS throttles all RDS reads for {THROTTLED_SECONDS} s")
    verdicts, before = ready_since(demo), allowed(demo)
    set_rules(demo.facts, {"name": "throttle", "match": {"service": "rds", "operation": "Describe*"}, "seconds": THROTTLED_SECONDS,
                           "do": {"throttle": {}}})
    ends, slowest = time.monotonic() + THROTTLED_SECONDS, [before]

    def is_over(_):
        slowest.append(allowed(demo))
        return time.monotonic() > ends

    try:
        demo.follow("throttled", is_over)
    finally:
        clear_rules(demo.facts)
    check(min(slowest) < before, f"the operator did not slow down: {before} calls per second before, {min(slowest)} at least")
    print(f"{ALLOWED}: {before:g} before, {min(slowest):g} at the slowest")
    answered = good_reads(demo)
    demo.follow("recovery", lambda _: good_reads(demo) > answered)
    check(ready_since(demo) == verdicts, "a throttle changed what Ready says")
    print(f"{ALLOWED}: {allowed(demo):g} and rising; what Ready says of {len(verdicts)} databases never changed")


def ready_since(demo):
    return {name(thing): (condition(thing, "Ready")["status"], condition(thing, "Ready").get("lastTransitionTime"))
            for thing in demo.watch.objects.values()}


def allowed(demo):
    return metric(demo, ALLOWED)


def good_reads(demo):
    return metric(demo, 'awsdb_aws_calls_total{service="rds",operation="DescribeDBInstances",result="ok"}')


def metric(demo, series):
    found = re.search(rf"^{re.escape(series)} (\S+)$", demo.operator.get("/metrics") or "", re.M)
    check(found, f"the operator's metrics lack {series}")
    return float(found[1])
