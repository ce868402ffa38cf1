"""How long what is created takes to come into being, and how old a snapshot is when it is made."""

import time
from datetime import timedelta

create_seconds = 0.0
snapshot_age = timedelta()


def set_create_seconds(seconds):
    global create_seconds
    create_seconds = seconds


def set_snapshot_age(seconds):
    """Nobody waits for a time to live of an hour: a test makes the snapshot an hour old."""
    global snapshot_age
    snapshot_age = timedelta(seconds=seconds)


def ready_at():
    """When something that is created now is there."""
    return time.monotonic() + create_seconds


def is_over(moment):
    return time.monotonic() >= moment


def percent(moment):
    """How far something is that will be there at that moment."""
    left = moment - time.monotonic()
    return 100 if left <= 0 or not create_seconds else max(0, 99 - int(99 * left / create_seconds))
