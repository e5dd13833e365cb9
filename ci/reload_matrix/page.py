"""The matrix as one page of HTML: no script, nothing loaded from elsewhere."""

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


def render(results, circumstances):
    """The page. `circumstances` are sentences about the machine and the load."""
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
<table class="matrix">
<thead><tr>{head}</tr></thead>
<tbody>
{body}
</tbody>
</table>
<h2>How to read it</h2>
<ul>
{"".join(f"<li>{badge(grade)} {text}</li>" for grade, text in GRADES.items())}
<li><b>Cases</b> are single rules of HTTP/1.1, of processes and of reloads, each tried alone. <i>Known</i> ones fail
and are listed with their reasons in the testee’s <code>known.toml</code>, which describes the first setting of each
server.</li>
<li><b>Lost</b> is every request without its right answer; those that a client may repeat by itself are named
beneath.</li>
<li><b>Connections cut</b> ended under a request; beneath are those that the server closed between two requests
without a word: each of them could have cut one.</li>
<li><b>The strip</b> under each row is its run: answers in each tenth of a second, reloads shaded, losses in red beneath.
Where it falls to nothing, nobody was answered; outside the shades that says more of the machine than of the server.</li>
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
        cells += [
            cell("Grade", badge(tally.grade) + broken, kind="text grade"),
            version,
            cases,
            cell("Reloads", f"{tally.finished} of {tally.made}"),
            cell("Requests", words.count(tally.requests)),
            cell("Lost", words.count(lost), f"{words.count(tally.races)} repeatable" if tally.races else "", lost),
            cell(
                "Connections cut", words.count(tally.cut),
                f"{words.count(tally.closed_idle)} closed idle" if tally.closed_idle else "", tally.cut,
            ),
            cell("Longest silence", *silence(tally)),
            cell("p99 in a reload", *p99(tally)),
        ]
    drawn = strip(result.reload_report.data) if tally else ""
    return f"""<tr class="figures" id="{row.id}">{"".join(cells)}</tr>
<tr class="more"><td colspan="{len(COLUMNS)}">{drawn}<div class="folds">{details(result)}</div></td></tr>"""


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
        return "as above" if result.cases_elsewhere else "–"
    besides = {"failed": cases.failed, "known": cases.known, "not judged": cases.unjudged}
    lines = "".join(f"<small>{count} {what}</small>" for what, count in besides.items() if count)
    return f"{cases.passed} passed{lines}"


def details(result):
    """Verdict, losses and failed cases of a row, folded."""
    parts = [folded(problem, f"<pre>{escape(why)}</pre>") for problem, why in result.problems]
    if result.reloads:
        losses = result.reload_report.data["losses"]
        total = result.reloads.lost + result.reloads.races
        title = "Nothing lost; the reloads" if total == 0 else f"{words.count(total)} lost, one by one"
        if result.reloads.grade == "inconclusive":
            title = f"{words.count(total)} lost, and why that proves nothing"
        parts.append(folded(title, verdict(result.reloads) + loss_table(losses, total) + reload_table(result)))
    if result.cases:
        data = result.cases_report.data
        wrong = [case for case in data["cases"] if case["verdict"] in ("fail", "error", "inconclusive")]
        if wrong:
            parts.append(folded(f"Cases failed or not judged: {len(wrong)}", "".join(map(case_part, wrong))))
        known = [case for case in data["cases"] if case["verdict"] == "known"]
        if known:
            parts.append(folded(f"Known failures: {len(known)}", "".join(map(case_part, known))))
        if data["stale"]:
            entries = [
                f'<li><code>{escape(entry["id"])}</code>: {escape(entry["what"])}</li>' for entry in data["stale"]
            ]
            title = f"In known.toml, and passed: {len(entries)}"
            parts.append(folded(title, f'<ul>{"".join(entries)}</ul>'))
    return "".join(parts)


def folded(title, inside):
    return f'<details><summary>{escape(title)}</summary><div class="inside">{inside}</div></details>'


def verdict(tally):
    notes = [*tally.failures, *(f'{check["name"]}: {check["found"]}' for check in tally.unmet)]
    listed = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f"<p>{escape(tally.sentence)}</p>" + (f"<ul>{listed}</ul>" if listed else "")


def loss_table(losses, total):
    if not losses:
        return ""
    rows = []
    for loss in losses:
        since = loss["since_written_ms"]
        fate = loss["fate"].replace("-", " ") + (" (repeatable)" if loss["repeatable"] else "")
        rows.append(
            "<tr>"
            f'<td>{loss["at"]:.4f} s</td><td class="text">{escape(loss["phase"])}</td>'
            f'<td class="text">{escape(fate)}</td>'
            f'<td class="text">{escape(loss["detail"])}</td><td class="text">{loss["method"]}</td>'
            f'<td class="text">{loss["connection"]} ({loss["population"]})</td><td>{loss["ordinal"]}</td>'
            f'<td>{loss["sent"]}</td><td>{loss["received"]}</td>'
            f'<td>{"–" if since is None else f"{since:.2f} ms"}</td><td>{loss["last_pid"] or "–"}</td></tr>'
        )
    heads = (
        "<th>at</th><th class=text>phase</th><th class=text>fate</th><th class=text>how it ended</th>"
        "<th class=text>method</th><th class=text>connection</th><th>its request</th><th>octets sent</th>"
        "<th>received</th><th>after</th><th>last answered by</th>"
    )
    more = "" if total <= len(losses) else f'<p class="soft">The first {len(losses)} of {words.count(total)}.</p>'
    return f"<h3>Losses</h3>{more}{scroll(heads, rows)}"


def reload_table(result):
    def after(reload, moment):
        value, begin = reload[moment], reload["trigger_before"]
        return "–" if value is None or begin is None else f"{(value - begin) * 1000:.0f} ms"

    rows = [
        "<tr>"
        f'<td class="text">{reload["release"]}</td><td>{reload["planned"]:.2f} s</td>'
        f'<td>{after(reload, "first_new")}</td><td>{after(reload, "last_old")}</td>'
        f'<td>{after(reload, "old_gone")}</td>'
        f'<td class="text">{"yes" if reload["finished"] else "no"}</td><td>{reload["in_flight"]}</td>'
        f'<td>{reload["lost"]}</td></tr>'
        for reload in result.reload_report.data["reloads"]
    ]
    heads = (
        "<th class=text>release</th><th>asked for at</th><th>first new answer</th><th>last old answer</th>"
        "<th>old workers gone</th><th class=text>over in time</th><th>requests under way</th><th>lost</th>"
    )
    return f"<h3>Reloads</h3>{scroll(heads, rows)}"


def scroll(heads, rows):
    return (
        f'<div class="scroll" tabindex="0"><table class="plain"><thead><tr>{heads}</tr></thead>'
        f'<tbody>{"".join(rows)}</tbody></table></div>'
    )


def case_part(case):
    """One case: claim, what came, and what both sides said."""
    known = case["verdict"] == "known"
    reason = f'<p><b>Known:</b> {escape(case["known"])}</p>' if known else ""
    transcripts = "".join(f"<pre>{escape(text)}</pre>" for text in case.get("transcripts", [])[:MAX_TRANSCRIPTS])
    hidden = len(case.get("transcripts", [])) - MAX_TRANSCRIPTS
    more = f'<p class="soft">{hidden} more transcripts of the same case are in its report.</p>' if 0 < hidden else ""
    inside = (
        f'<p>{escape(case["claim"])} <span class="soft">{escape(case["source"])}</span></p>{reason}'
        f'<p><b>Acceptable:</b> {escape("; ".join(case["acceptable"]))}<br><b>Came:</b> {escape(case["came"])}</p>'
        f"{transcripts}{more}"
    )
    return folded(f'{case["id"]} ({case["level"]}): {case["verdict"]}', inside)


MAX_TRANSCRIPTS = 4
