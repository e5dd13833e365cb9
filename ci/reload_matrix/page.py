"""The matrix as one page of HTML: no script, nothing loaded from elsewhere. Beside it lie the pages of its rows."""

from html import escape
from pathlib import Path

from . import words
from .strip import strip

CSS = Path(__file__).with_name("page.css")

GRADES = {
    "lossless": "Nothing was lost, and nothing was closed under a request.",
    "conformant": "Only GETs met a connection that was being closed; a client may repeat them by itself "
    "(RFC 9112 9.3.1).",
    "lossy": "Requests were lost that a client may not simply repeat.",
    "inconclusive": "The run proves nothing: what did not hold is under the line.",
}

COLUMNS = (
    # heading, left-aligned
    ("Server and setting", True), ("Grade", True), ("Version", True), ("Cases", True), ("Reloads", False),
    ("Requests", False), ("Lost", False), ("Connections cut", False), ("Longest silence", False),
    ("p99 in a reload", False),
)


def render(results, circumstances, besides):
    """The page. `circumstances` are sentences about the machine and the load, `besides` files and what they are."""
    grades = {}
    for result in results:
        grade = result.reloads.grade if result.reloads else "none"
        grades[grade] = grades.get(grade, 0) + 1
    order = [*GRADES, "none"]
    tally = "".join(
        f"<li>{badge(grade)} {grades[grade]}</li>" for grade in order if grade in grades
    )
    head = "".join(f'<th scope="col"{" class=text" if left else ""}>{name}</th>' for name, left in COLUMNS)
    body = "\n".join(line(result) for result in results)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Servers under graceful reload</title>
<style>
{CSS.read_text(encoding="utf-8")}</style>
</head>
<body>
<h1>Servers under graceful reload</h1>
<p class="soft">Every server is reloaded under the same load, in the way its own documentation advises, and every
request is accounted for.</p>
<ul class="tally">{tally}</ul>
<div class="links"><a href="#reading">How to read it</a>{"".join(f'<a href="{f}">{text}</a>' for f, text in besides)}</div>
<table class="matrix">
<thead><tr>{head}</tr></thead>
<tbody>
{body}
</tbody>
</table>
<h2 id="reading">How to read it</h2>
<ul>
{"".join(f"<li>{badge(grade)} {text}</li>" for grade, text in GRADES.items())}
<li><b>Cases</b> are single rules of HTTP/1.1, of processes and of reloads, each tried alone, and of every other protocol
that the server speaks. <i>Known</i> ones fail and are listed with their reasons in the testee’s <code>known.toml</code>,
which describes the first setting of each server.</li>
<li><b>Lost</b> is every request without its right answer; those that a client may repeat by itself are named
beneath. The number leads to them, one by one, each with what both sides said.</li>
<li><b>Connections cut</b> ended under a request; beneath are those that the server closed between two requests
without a word: each of them could have cut one.</li>
<li><b>The strip</b> under each row is its run: answers in each tenth of a second, reloads shaded, losses in red beneath.
Where it falls to nothing, nobody was answered; outside the shades that says more of the machine than of the server.</li>
<li><b>Looks like RL-…</b> names a known pattern of losses, by its rule in <code>docs/reload.md</code>.</li>
<li><b>Broken promises</b> are named beneath. <i>Parked</i> connections are left in one state of the protocol and go on a
second after a reload; in the <i>freeze-frame</i> they wait in the accept queue while the workers stand still and the reload
comes. Neither depends on luck, and neither is tried on a server that serves one connection at a time to a worker.</li>
<li><b>Longest silence</b> is the longest time in which nobody got an answer, while requests were sent.</li>
<li><b>p99 in a reload</b> is how many times longer the slowest hundredth of paced requests waited while a reload
was under way.</li>
<li>Neither is shown where the driver itself was as late: then the wait may be the machine’s.</li>
<li>Servers that close every connection after one answer (gunicorn sync, unicorn, uWSGI’s http-socket) have no kept
connections to lose. They pay for that with a new connection for each request.</li>
</ul>
<h2>Circumstances</h2>
<ul>
{"".join(f"<li>{escape(text)}</li>" for text in circumstances)}
</ul>
</body>
</html>
"""


def badge(grade):
    return f'<span class="badge {grade}">{"not judged" if grade == "none" else grade}</span>'


def line(result):
    """The figures of a row, and beneath them what they are made of."""
    row, tally = result.row, result.reloads
    name = f"<strong>{escape(row.server)}</strong><span>{escape(row.setting)}</span>"
    cells = [
        f'<th scope="row">{name}</th>',
    ]
    version = cell("Version", escape(words.version(result.version)), kind="text version")
    cases = cell("Cases", cases_cell(result), kind="text")
    if tally is None:
        cells += [cell("Grade", badge("none"), kind="text grade"), version, cases]
        cells += [cell(heading, "–") for heading, _ in COLUMNS[4:]]
    else:
        broken = ' <span class="badge broken">broken promise</span>' if tally.failures else ""
        lost = tally.lost + tally.races
        page = result.reload_report.page
        cells += [
            cell("Grade", badge(tally.grade) + broken, kind="text grade"),
            version,
            cases,
            cell("Reloads", linked(page, "reloads", f"{tally.finished} of {tally.made}")),
            cell("Requests", linked(page, "fates", words.count(tally.requests))),
            cell(
                "Lost", linked(page if lost else None, "losses", words.count(lost)),
                f"{words.count(tally.races)} repeatable" if tally.races else "", lost,
            ),
            cell(
                "Connections cut", linked(page if tally.cut else None, "connections", words.count(tally.cut)),
                f"{words.count(tally.closed_idle)} closed idle" if tally.closed_idle else "", tally.cut,
            ),
            cell("Longest silence", *silence(tally)),
            cell("p99 in a reload", *p99(tally)),
        ]
    return f"""<tr class="figures" id="{row.id}">{"".join(cells)}</tr>
<tr class="more"><td colspan="{len(COLUMNS)}">{more(result)}</td></tr>"""


def linked(page, anchor, text):
    """The text, as a link into a page that lies beside this one, if there is one."""
    return f'<a href="{page.name}#{anchor}">{text}</a>' if page else text


def silence(tally):
    if tally.silence_seen_ms is None:
        return "none seen", f"above {words.milliseconds(max(2 * tally.late_ms, 100))}"
    return words.milliseconds(tally.silence_seen_ms), ""


def p99(tally):
    if tally.p99_inside_ms is None or tally.p99_outside_ms is None:
        return "–", ""
    if tally.p99_ratio is None:
        return "none seen", f"above {words.milliseconds(tally.late_ms)}"
    span = f"{words.milliseconds(tally.p99_outside_ms)} → {words.milliseconds(tally.p99_inside_ms)}"
    return words.ratio(tally.p99_ratio), span


def cell(label, text, beneath="", loud=False, kind=""):
    classes = " ".join(filter(None, [kind, "loud" if loud else "", "nothing" if text == "–" else ""]))
    attribute = f' class="{classes}"' if classes else ""
    small = f"<small>{beneath}</small>" if beneath else ""
    return f'<td{attribute} data-label="{label}">{text}{small}</td>'


def cases_cell(result):
    cases = result.cases
    if cases is None:
        if result.cases_elsewhere:
            return f'<a href="#{result.row.id_without_flags}">as above</a>'
        return "–"
    page = result.cases_report.page
    besides = (
        (cases.failed, "fail", "failed"), (cases.flaky, "flaky", "flaky"), (cases.known, "known", "known"),
        (cases.errors, "error", "not judged"), (cases.inconclusive, "inconclusive", "inconclusive"),
    )
    lines = "".join(
        f"<small>{linked(page, anchor, f'{count} {what}')}</small>" for count, anchor, what in besides if count
    )
    return f"{linked(page, 'all', f'{cases.passed} passed')}{lines}"


def more(result):
    """What a row is made of: its run as a strip, the verdict in words, and where the rest is."""
    parts = [folded(problem, f"<pre>{escape(why)}</pre>") for problem, why in result.problems]
    links = []
    if result.reloads:
        page = result.reload_report.page
        parts.insert(0, strip(result.reload_report.data))
        parts.append(f'<p class="verdict">{escape(result.reloads.sentence)}</p>{notes(result.reloads)}')
        links.append(linked(page, "timeline", "The reloads, with every loss" if page else ""))
    if result.cases:
        page = result.cases_report.page
        links.append(linked(page, "all", "The cases, with what was said" if page else ""))
        if result.cases.stale:
            entries = [
                f'<li><code>{escape(entry["id"])}</code>: {escape(entry["what"])}</li>' for entry in result.cases.stale
            ]
            parts.append(folded(f"In known.toml, and passed: {len(entries)}", f'<ul>{"".join(entries)}</ul>'))
    setting = folded("How it is set up", f"<p>{escape(result.row.advice)}</p>")
    return f'{"".join(parts)}<div class="links">{"".join(links)}{setting}</div>'


def notes(tally):
    """What else a reload showed, a line each."""
    lines = [*tally.failures, *(f'{check["name"]}: {check["found"]}' for check in tally.unmet)]
    for rule, text, count in tally.patterns:
        lines.append(f"looks like {rule}{f', {count} times, the first' if 1 < count else ''}: {text}")
    return f'<ul class="notes">{"".join(f"<li>{escape(text)}</li>" for text in lines)}</ul>' if lines else ""


def folded(title, inside):
    return f'<details><summary>{escape(title)}</summary><div class="inside">{inside}</div></details>'
