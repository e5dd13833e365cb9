"""The matrix as a Markdown table, with links to the pages of its rows."""

from . import words

HEAD = (
    "Server", "Setting", "Version", "Cases", "Grade", "Reloads", "Requests", "Lost", "Of them repeatable",
    "Connections cut", "Longest silence", "p99 in reload",
)


def table(results):
    """One line for each row, in the order of the rows."""
    lines = ["| " + " | ".join(HEAD) + " |", "|" + " --- |" * 5 + " ---: |" * 7]
    for result in results:
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells(result)) + " |")
    return "\n".join(lines) + "\n"


def cells(result):
    row, tally = result.row, result.reloads
    start = [row.server, row.setting, words.version(result.version), share_of_cases(result)]
    if tally is None:
        return [*start, "not judged", *["–"] * 7]
    grade = tally.grade + (", broken promise" if tally.failures else "")
    lost = tally.lost + tally.races
    page = result.reload_report.page
    return [
        *start, linked(page, "timeline", grade), f"{tally.finished} of {tally.made}", words.count(tally.requests),
        linked(page if lost else None, "losses", words.count(lost)), words.count(tally.races),
        linked(page if tally.cut else None, "connections", words.count(tally.cut)),
        words.milliseconds(tally.silence_seen_ms),
        words.ratio(tally.p99_ratio),
    ]


def share_of_cases(result):
    """Passed, failed and known in a few words."""
    cases = result.cases
    if cases is None:
        return "as above" if result.cases_elsewhere else "–"
    words_of = [f"{cases.passed} passed", f"{cases.failed} failed", f"{cases.known} known"]
    if cases.flaky:
        words_of.append(f"{cases.flaky} flaky")
    if cases.unjudged:
        words_of.append(f"{cases.unjudged} not judged")
    return linked(result.cases_report.page, "all", ", ".join(words_of))


def linked(page, anchor, text):
    return f"[{text}]({page.name}#{anchor})" if page else text
