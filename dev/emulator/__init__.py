"""Mends for moto 5.2.5, applied in memory by importing these modules; moto_launcher.py says why.

Each patch says what moto does without it and when it can go.
"""


def around(owner, name):
    """Replaces owner.name by the decorated function, which gets the original as its first argument."""
    def replace(patch):
        original = getattr(owner, name)
        setattr(owner, name, lambda self, *args, **kwargs: patch(original, self, *args, **kwargs))
        return patch
    return replace


def page(self, answer, key):
    """A hundred rows of an answer of RDS, with the Marker of the next ones."""
    rows, start, most = answer.result[key], int(self.params.get("Marker") or 0), self.params.get("MaxRecords") or 100
    more = {"Marker": str(start + most)} if len(rows) > start + most else {}
    return type(answer)({key: rows[start:start + most]} | more)
