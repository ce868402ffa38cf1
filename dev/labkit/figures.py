"""Figures against their bars: the table that a bench prints, and keeps."""

import datetime
import math
import subprocess

from labkit.demo_steps import table
from labkit.install import ROOT

RESULTS = ROOT / "benches" / "results"
HEAD = ("FIGURE", "MEASURED", "BAR", "", "HOW, AND OF WHAT")


class Figures:
    def __init__(self):
        self.rows = []

    def add(self, what, value, bar=None, how="", detail=None):
        """`bar` is the most that is allowed; a figure without one is only told."""
        verdict = "" if bar is None else "ok" if value <= bar else "OVER"
        parts = ", ".join(f"{name} {number}" for name, number in sorted((detail or {}).items()))
        self.rows.append((what, str(value), "-" if bar is None else f"<= {bar}", verdict, ": ".join(filter(None, (how, parts)))))
        print("  " + "  ".join(filter(None, self.rows[-1])), flush=True)

    def is_over(self):
        return any(row[3] == "OVER" for row in self.rows)

    def report(self, name, circumstances):
        """Prints the table and writes it to benches/results/<name>-<date>.txt."""
        print(f"\n{circumstances}")
        table(HEAD, self.rows)
        widths = [max(len(row[column]) for row in [HEAD, *self.rows]) for column in range(len(HEAD))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in [HEAD, *self.rows]]
        RESULTS.mkdir(parents=True, exist_ok=True)
        path = RESULTS / f"{name}-{datetime.date.today()}.txt"
        path.write_text("\n".join([f"# {circumstances}", *lines]) + "\n")
        print(f"written to {path.relative_to(ROOT)}")


def commit():
    answer = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
    return answer.stdout.strip() or "unknown"


def quantile(values, share):
    """The nearest rank: a value that was measured."""
    ordered = sorted(values)
    return round(ordered[max(0, math.ceil(share * len(ordered)) - 1)], 2)
