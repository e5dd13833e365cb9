"""The figures of a line, out of the two reports."""

from dataclasses import dataclass

@dataclass
class Cases:
    """Verdicts of `workerspec run`."""

    passed: int
    failed: int
    flaky: int  # failed, and passed when tried again
    known: int
    errors: int
    inconclusive: int
    skipped: int
    warned: int
    stale: list  # known.toml lists it, and it passes

    @property
    def unjudged(self):
        return self.errors + self.inconclusive


@dataclass
class Reloads:
    """The account of `workerspec reload`."""

    grade: str
    sentence: str
    failures: list  # broken promises; what was parked or queued and is lost among them
    unmet: list  # self-checks that did not hold
    patterns: list  # known patterns that its losses look like
    made: int
    finished: int
    requests: int
    lost: int
    races: int  # lost, but a client may repeat them (RFC 9112 9.3.1)
    cut: int  # connections cut under a request
    closed_idle: int  # closed or reset between requests, unannounced
    silence_ms: float  # the longest time without an answer while requests were sent
    late_ms: float  # how late the driver was at worst: waits below that are its own
    p99_outside_ms: float | None
    p99_inside_ms: float | None

    @property
    def silence_seen_ms(self):
        """The silence, where it is the server's: longer than a slice of the timeline and than the driver's delays."""
        return self.silence_ms if max(2 * self.late_ms, 100) < self.silence_ms else None

    @property
    def p99_ratio(self):
        """How many times p99 is in a reload what it is outside; None where the driver itself was as late."""
        if not self.p99_outside_ms or self.p99_inside_ms is None or self.p99_inside_ms <= self.late_ms:
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
        flaky=count.get("flaky", 0),
        known=count.get("known", 0),
        errors=count.get("error", 0),
        inconclusive=count.get("inconclusive", 0),
        skipped=count.get("skip", 0),
        warned=count.get("warn", 0),
        stale=data["stale"],
    )


def reloads(data):
    """Adds up the account of a report."""
    ends = {}
    for population in data["connections"]["ends"].values():
        for end, count in population.items():
            ends[end] = ends.get(end, 0) + count
    # Paced clients send at moments that the server can't delay, so a pause shows in what they wait.
    paced = {row["inside_reload"]: row["p99_ms"] for row in data["latency"] if row["population"] == "paced"}
    verdict = data["verdict"]
    return Reloads(
        grade=verdict["grade"],
        sentence=verdict["sentence"],
        failures=verdict["failures"],
        unmet=[check for check in verdict["checks"] if not check["holds"]],
        patterns=patterns(data["diagnosis"]),
        made=len(data["reloads"]),
        finished=verdict["reloads"],
        requests=data["requests"]["sent"],
        lost=verdict["lost"],
        races=verdict["races"],
        cut=ends.get("cut under a request", 0),
        closed_idle=ends.get("closed idle, unannounced", 0) + ends.get("reset idle", 0),
        silence_ms=silence(data) * 1000,
        late_ms=data["load"]["driver_lateness_ms"],
        p99_outside_ms=paced.get(False),
        p99_inside_ms=paced.get(True),
    )


def patterns(diagnosis):
    """Rule, text and count of each pattern; the text is the first's, as the others differ in numbers."""
    found = {}
    for seen in diagnosis:
        rule, text = seen["rule"], seen["text"]
        _, first, count = found.get(rule, (rule, text, 0))
        found[rule] = (rule, first, count + 1)
    return list(found.values())


def silence(data):
    """Seconds of the longest time without an answer before the load ended.

    The report counts on while the driver waits for the last connections to close, when nobody asks for anything.
    """
    gap, last = data["longest_gap"], data["reloads"][-1]["over"] if data["reloads"] else 0
    if gap["from_seconds"] <= last + TAIL / 2:
        return gap["longest_seconds"]
    # From the tenths of seconds: the longest run without an answer.
    longest = run = 0
    for tenth, seen in enumerate(data["timeline"]):
        if (last + TAIL) * 10 <= tenth:
            break
        run = 0 if seen["answered"] else run + 1
        longest = max(longest, run)
    return longest / 10


# Seconds of load after the last reload.
TAIL = 0.5
