"""How long what is created takes to come into being."""

import random
import time

create_seconds = (0.0, 0.0)


def set_create_seconds(text):
    """`N`, or `LOW-HIGH`: each takes a time of its own between them."""
    global create_seconds
    low, _, high = text.partition("-")
    create_seconds = (float(low), float(high or low))


def ready_at():
    """When something that is created now is there."""
    return time.monotonic() + random.uniform(*create_seconds)


def is_over(moment):
    return time.monotonic() >= moment


def wall(moment):
    """A moment of this clock as seconds since 1970, which other processes understand."""
    return time.time() + moment - time.monotonic()
