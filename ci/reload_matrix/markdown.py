"""The matrix as a Markdown table."""

from . import words

HEAD = (
    "Server", "Setting", "Version", "Cases", "Grade", "Reloads", "Requests", "Lost", "Of them repeatable",
    "Connections cut", "Longest silence", "p99 in reload",
)


def table(results):
    """One line for each row, in the order of the rows."""
    lines = ["| " + " | ".join(HEAD) + " |", "|" + " --- |" * 4 + " --- |" + " ---: |" * 7]
    for result in results:
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells(result)) + " |")
    return "\n".join(lines) + "\n"


def cells(result):
    row, tally = result.row, result.reloads
    start = [row.server, row.setting, words.version(result.version), words.share_of_cases(result.cases)]
    if tally is None:
        return [*start, "not judged", *["–"] * 7]
    grade = tally.grade + (", broken promise" if tally.failures else "")
    return [
        *start, grade, f"{tally.finished} of {tally.made}", words.count(tally.requests),
        words.count(tally.lost + tally.races), words.count(tally.races), words.count(tally.cut),
        words.milliseconds(tally.silence_seen_ms),
        words.ratio(tally.p99_ratio),
    ]
