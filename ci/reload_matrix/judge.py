"""Runs workerspec on a row, each time within a limit, and keeps what it says."""

import json
import signal
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path

# workerspec ends by itself and in order when it is interrupted; after that much more it is killed.
LAST_WORDS = 30


@dataclass(frozen=True)
class Ending:
    """How a command of workerspec ended."""

    status: int | None  # its exit code; None if it did not end in time
    words: str  # the end of its standard error
    seconds: float


@dataclass(frozen=True)
class Report:
    """What a command of workerspec gave: its JSON in one file, its page in another, its ending in a third."""

    data: dict | None
    ending: Ending
    page: Path | None  # the page, where one was written

    @property
    def judged(self):
        """Whether the server was judged at all."""
        return self.data is not None and self.ending.status is not None

    @property
    def why(self):
        """Why not."""
        if self.ending.status is None:
            return f"not over after {self.ending.seconds:.0f} s"
        return self.ending.words.strip() or f"exit code {self.ending.status}"


def judge(command, stem, limit, environment, folder):
    """Runs a command of workerspec that writes `stem`.json and `stem`.html, and keeps its ending beside them."""
    for path in files(stem):
        path.unlink(missing_ok=True)
    data, page, end = files(stem)
    ending = run([*command, "--json", str(data), "--html", str(page)], limit, environment, folder)
    end.write_text(json.dumps(asdict(ending), indent=1) + "\n", encoding="utf-8")
    return load(stem)


def load(stem):
    """What a run left; None if there was none."""
    data, page, end = files(stem)
    if not end.exists():
        return None
    ending = Ending(**json.loads(end.read_text(encoding="utf-8")))
    try:
        found = json.loads(data.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        found = None
    return Report(found, ending, page if page.exists() and page.stat().st_size else None)


def files(stem):
    """The report, its page, and how the command ended."""
    return tuple(stem.with_name(stem.name + end) for end in (".json", ".html", ".end.json"))


def run(command, limit, environment, folder):
    """Runs a command, interrupts it at the limit, and tells how it ended."""
    begun = time.monotonic()
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        text=True, errors="replace", env=environment, cwd=folder,
    )
    status = None
    try:
        _, words = process.communicate(timeout=limit)
        status = process.returncode
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        try:
            _, words = process.communicate(timeout=LAST_WORDS)
        except subprocess.TimeoutExpired:
            # The keeper of the testee ends everything when its runner is gone.
            process.kill()
            _, words = process.communicate()
    except BaseException:
        process.send_signal(signal.SIGINT)
        process.wait()
        raise
    return Ending(status, words[-4000:], time.monotonic() - begun)
