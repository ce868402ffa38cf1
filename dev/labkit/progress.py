"""One line that says what a long step is doing: redrawn on a terminal, printed now and then into a log."""

import shutil
import sys
import time

QUIET_SECONDS = 20  # in a log: often enough to see life, seldom enough to read


class Progress:
    def __init__(self, label, out=sys.stderr):
        self.label, self.out = label, out
        self.started = self.printed = time.monotonic()
        self.terminal = out.isatty()

    def tick(self, detail):
        """Shows `detail`; cheap enough to call in any loop."""
        if self.terminal:
            width = shutil.get_terminal_size().columns - 1
            self.out.write("\r\033[K" + self._line(detail)[:width])
            self.out.flush()
        elif time.monotonic() - self.printed >= QUIET_SECONDS:
            self.printed = time.monotonic()
            self._print(self._line(detail))

    def event(self, text):
        """Something worth a line in a log; a terminal sees it in the redrawn line."""
        if not self.terminal:
            self.printed = time.monotonic()
            self._print(f"  {text}")

    def done(self, detail):
        """Leaves a last line behind."""
        if self.terminal:
            self.out.write("\r\033[K")
        self._print(self._line(detail))

    def _line(self, detail):
        seconds = int(time.monotonic() - self.started)
        # The time comes before the detail: a narrow terminal cuts off the end.
        return f"{self.label} ({seconds // 60}:{seconds % 60:02}): {detail}"

    def _print(self, line):
        print(line, file=self.out, flush=True)
