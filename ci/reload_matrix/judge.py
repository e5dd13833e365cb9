"""Runs workerspec on a row, each time within a limit, and keeps what it says."""

import json
import signal
import subprocess
import time
from dataclasses import dataclass

# workerspec ends by itself and in order when it is interrupted; after that much more it is killed.
LAST_WORDS = 30


@dataclass
class Report:
    """What a command of workerspec gave."""

    data: dict | None  # its JSON
    status: int | None  # its exit code; None if it did not end in time
    words: str  # the end of its standard error
    seconds: float

    @property
    def judged(self):
        """Whether the server was judged at all."""
        return self.data is not None and self.status is not None

    @property
    def why(self):
        """Why not."""
        if self.status is None:
            return f"not over after {self.seconds:.0f} s"
        return self.words.strip() or f"exit code {self.status}"


def call(command, limit, environment, folder):
    """Runs a command of workerspec that writes JSON to standard output."""
    begun = time.monotonic()
    process = subprocess.Popen(
        ["nice", "-n", "5", *command],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, errors="replace", env=environment, cwd=folder,
    )
    status = None
    try:
        output, words = process.communicate(timeout=limit)
        status = process.returncode
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        try:
            output, words = process.communicate(timeout=LAST_WORDS)
        except subprocess.TimeoutExpired:
            # The keeper of the testee ends everything when its runner is gone.
            process.kill()
            output, words = process.communicate()
    except BaseException:
        process.send_signal(signal.SIGINT)
        process.wait()
        raise
    try:
        data = json.loads(output)
    except json.JSONDecodeError:
        data = None
    return Report(data, status, words[-4000:], time.monotonic() - begun)


def save(report, path):
    """Writes a report, so that the page can be drawn again without a run."""
    path.write_text(json.dumps(report.__dict__, indent=1) + "\n", encoding="utf-8")


def load(path):
    """A saved report; None if there is none."""
    if not path.exists():
        return None
    return Report(**json.loads(path.read_text(encoding="utf-8")))
