"""How long what is created takes to come into being, and how old a snapshot is when it is made."""

import random
import time
from datetime import timedelta

create_seconds = (0.0, 0.0)
snapshot_age = timedelta()


def set_create_seconds(text):
    """`N`, or `LOW-HIGH`: each takes a time of its own between them."""
    global create_seconds
    low, _, high = text.partition("-")
    create_seconds = (float(low), float(high or low))


def set_snapshot_age(seconds):
    """Nobody waits for a time to live of an hour: a test makes the snapshot an hour old."""
    global snapshot_age
    snapshot_age = timedelta(seconds=float(seconds))


def ready_at():
    """When something that is created now is there."""
    return time.monotonic() + random.uniform(*create_seconds)


def is_over(moment):
    return time.monotonic() >= moment


def wall(moment):
    """A moment of this clock as seconds since 1970, which other processes understand."""
    return time.time() + moment - time.monotonic()


def percent(moment):
    """How far something is that will be there at that moment."""
    left = moment - time.monotonic()
    return 100 if left <= 0 or not create_seconds[1] else max(0, 99 - int(99 * left / create_seconds[1]))
