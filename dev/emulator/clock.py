"""How long what is created takes to come into being."""

import time

create_seconds = 0.0


def set_create_seconds(seconds):
    global create_seconds
    create_seconds = seconds


def ready_at():
    """When something that is created now is there."""
    return time.monotonic() + create_seconds


def is_over(moment):
    return time.monotonic() >= moment


def percent(moment):
    """How far something is that will be there at that moment."""
    left = moment - time.monotonic()
    return 100 if left <= 0 or not create_seconds else max(0, 99 - int(99 * left / create_seconds))
