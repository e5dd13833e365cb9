"""The figures of a line, out of the two reports."""

from dataclasses import dataclass

KEPT = {"ok, current release", "ok, older release", "ok, close announced"}
OURS = {"not sent", "our fault", "client fault", "abandoned"}


@dataclass
class Cases:
    """Verdicts of `workerspec run`."""

    passed: int
    failed: int
    known: int
    unjudged: int  # error and inconclusive
    skipped: int
    warned: int
    stale: list  # known.toml lists it, and it passes


@dataclass
class Reloads:
    """The account of `workerspec reload`."""

    grade: str
    sentence: str
    failures: list
    unmet: list  # self-checks that did not hold
    made: int
    finished: int
    requests: int
    lost: int
    races: int  # lost, but a client may repeat them
    cut: int  # connections cut under a request
    closed_idle: int  # closed or reset between requests, unannounced
    silence_ms: float  # the longest time without an answer
    p99_outside_ms: float | None
    p99_inside_ms: float | None

    @property
    def p99_ratio(self):
        """How many times p99 is in a reload what it is outside."""
        if not self.p99_outside_ms or self.p99_inside_ms is None:
            return None
        return self.p99_inside_ms / self.p99_outside_ms


def cases(data):
    """Counts the cases of a report."""
    count = {}
    for case in data["cases"]:
        count[case["verdict"]] = count.get(case["verdict"], 0) + 1
    return Cases(
        passed=count.get("pass", 0),
        failed=count.get("fail", 0),
        known=count.get("known", 0),
        unjudged=count.get("error", 0) + count.get("inconclusive", 0),
        skipped=count.get("skip", 0),
        warned=count.get("warn", 0),
        stale=data["stale"],
    )


def reloads(data):
    """Adds up the account of a report."""
    lost = races = 0
    for row in data["requests"]["fates"]:
        for fate, count in row["fates"].items():
            if fate in KEPT or fate in OURS:
                continue
            # RFC 9112 9.3.1: a client may repeat what is idempotent.
            if fate == "keep-alive race" and row["method"] == "GET":
                races += count
            else:
                lost += count
    ends = {}
    for population in data["connections"]["ends"].values():
        for end, count in population.items():
            ends[end] = ends.get(end, 0) + count
    lost += ends.get("sent something unasked", 0)
    # Paced clients send at moments that the server can't delay, so a pause shows in what they wait.
    paced = {row["inside_reload"]: row["p99_ms"] for row in data["latency"] if row["population"] == "paced"}
    verdict = data["verdict"]
    return Reloads(
        grade=verdict["grade"],
        sentence=verdict["sentence"],
        failures=verdict["failures"],
        unmet=[check for check in verdict["checks"] if not check["holds"]],
        made=len(data["reloads"]),
        finished=verdict["reloads"],
        requests=data["requests"]["sent"],
        lost=lost,
        races=races,
        cut=ends.get("cut under a request", 0),
        closed_idle=ends.get("closed idle, unannounced", 0) + ends.get("reset idle", 0),
        silence_ms=data["longest_gap"]["longest_seconds"] * 1000,
        p99_outside_ms=paced.get(False),
        p99_inside_ms=paced.get(True),
    )
