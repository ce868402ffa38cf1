"""What the parts of the bench share: the operator under test, its meters, and waiting for it."""

import time

from labkit.aws import lab_request
from labkit.processes import LabError
from labkit.progress import Progress

KIND = "RdsInstance"
WAIT_SECONDS = 900
WINDOW_SECONDS = 60  # --sweep
SETTLE_SECONDS = 100  # what has just changed is looked at on the short clock for a minute
START_SECONDS = 30
LIST_SECONDS = 120  # ten thousand objects are listed before it is ready


class Run:
    def __init__(self, program, meters, api, figures):
        self.program, self.meters, self.api, self.figures = program, meters, api, figures

    def until(self, label, done, seconds=WAIT_SECONDS, every=0.2):
        """Waits until done() holds; says how long that took."""
        progress, began = Progress(label), time.monotonic()
        while not done():
            self.program.check()
            if time.monotonic() - began > seconds:
                raise LabError(f"{label}: not reached in {seconds} s; the operator's last words:\n{self.program.log_tail()}")
            time.sleep(every)
            progress.tick(f"{self.meters.ready(KIND)} of {self.meters.watched(KIND)} instances ready")
        progress.done("done")
        return time.monotonic() - began

    def all_ready(self, number, kind=KIND):
        return lambda: self.meters.ready(kind) == self.meters.watched(kind) == number

    def idle(self, seconds, label):
        progress, end = Progress(f"idle, {label}"), time.monotonic() + seconds
        while time.monotonic() < end:
            self.program.check()
            time.sleep(0.5)
            progress.tick(f"of {seconds:.0f} s")

    def at_rest(self, seconds, label):
        """What goes on in so many seconds without news: AWS calls, API-server writes, share of a core."""
        self.idle(SETTLE_SECONDS, f"{label} settle")
        self.meters.count()
        used = self.meters.processor()
        self.idle(seconds, label)
        share = (self.meters.processor() - used) / seconds
        return *self.meters.count(), round(100 * share, 1)

    def restart(self, number):
        """Starts it anew; seconds until all objects are watched, and until each had a round."""
        self.program.processes.stop("operator")
        self.meters.count()
        began = time.monotonic()
        self.program.start(LIST_SECONDS)
        self.until("all watched", lambda: self.meters.watched(KIND) == number, every=0.05)
        watched = time.monotonic() - began
        self.until("all looked at", lambda: self.meters.rounds() >= number, every=0.05)
        return round(watched, 1), round(time.monotonic() - began, 1)

    def edit(self, names, value, pause):
        """Edits one object after the other; {name: seconds until AWS was called}."""
        asked = {}
        lab_request(self.meters.facts["aws"]["reset"], "POST")
        for name in names:
            asked[name] = time.time()
            self.api.patch(name, {"backupRetentionPeriod": value})
            time.sleep(pause)
        sent = {}

        def all_sent():
            for identifier, at in self.meters.moments("ModifyDBInstance"):
                sent.setdefault(identifier.removeprefix("default-"), at)
            return asked.keys() <= sent.keys()
        self.until(f"{len(asked)} edits have reached AWS", all_sent)
        return {name: sent[name] - at for name, at in asked.items()}
