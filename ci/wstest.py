"""Autobahn|Testsuite's fuzzing client: installed, asked for its cases, run."""

import collections
import contextlib
import json
import os
import pathlib
import re
import selectors
import shutil
import socket
import subprocess
import sys
import time
import urllib.parse

from pinned import made_once, pip, step
from served import Trouble, end

CASES, CORE_CASES = 517, 247
CORE = ["1", "2", "3", "4", "5", "6", "7", "10"]
# The 18 cases of a compression subgroup begin with the sizes 16, 64, 256, 1024, 4096 octets.
SMALLEST = 5
# In this order: what a package imports while it is built must be there before.
BOOTSTRAP = "virtualenv==20.15.1"
PINS = [
    "setuptools==44.0.0 attrs==21.4.0 Automat==22.10.0 cffi==1.15.1 constantly==15.1.0 enum34==1.1.10"
    " hyperlink==21.0.0 idna==2.10 incremental==16.10.1 ipaddress==1.0.23 jinja2==2.11.3 klein==17.10.0"
    " linecache2==1.0.0 markupsafe==1.1.1 pyasn1==0.5.1 pyasn1-modules==0.3.0 pycparser==2.21"
    " PyHamcrest==1.10.1 six==1.16.0 traceback2==1.4.0 Twisted==19.10.0 txaio==2.1.0 typing==3.10.0.0"
    " unittest2==1.1.0 Werkzeug==1.0.1 zope.interface==4.6.0",
    "--no-build-isolation autobahn==0.10.9 wsaccel==0.6.6 ujson==2.0.3 cryptography==3.3.2"
    " pyOpenSSL==19.1.0 service_identity==18.1.0",
    "--no-build-isolation autobahntestsuite==25.10.1",
]
CATALOGUE = """
import json
from autobahntestsuite import case
from autobahntestsuite.caseset import CaseSet
cases = CaseSet("Case", "Case", case.Cases, case.CaseCategories, case.CaseSubCategories)
print(json.dumps([[key, cases.caseClassToPrettyDescription(cases.CasesById[key])]
    for key in sorted(cases.CasesById, key=cases.caseIdtoIdTuple)]))
"""


def python2():
    """The path of a Python 2.7 that has pip, or None."""
    roots = [os.environ.get("PYENV_ROOT", ""), os.path.expanduser("~/.pyenv")]
    candidates = [os.environ.get("PYTHON2", ""), shutil.which("python2.7"), shutil.which("python2")]
    for root in filter(None, roots):
        candidates += pathlib.Path(root).glob("versions/2.7*/bin/python2.7")
    # A shim of pyenv exists even where it leads to nothing: only asking tells.
    probe = "import sys, pip; assert sys.version_info[:2] == (2, 7); print(sys.executable)"
    for candidate in filter(None, candidates):
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            asked = subprocess.run([candidate, "-c", probe], capture_output=True, text=True, timeout=30)
            if asked.returncode == 0:
                return asked.stdout.strip()
    return None


def install(interpreter, cache):
    """The Python of a virtualenv that holds the suite, made where it is missing."""

    def make(folder):
        boot = folder / "boot"
        pip(interpreter, "--target", str(boot), BOOTSTRAP)
        virtualenv = [interpreter, "-m", "virtualenv", "--quiet", str(folder / "env")]
        step("making a virtualenv", virtualenv, PYTHONPATH=str(boot))
        for pins in PINS:
            pip(str(folder / "env/bin/python"), "--no-deps", *pins.split())

    return made_once(cache, "wstest", [interpreter, BOOTSTRAP, *PINS], make) / "env/bin/python"


def catalogue(python):
    """Every case of the suite, in its order: id and description."""
    known = dict(json.loads(step("listing the cases", [str(python), "-c", CATALOGUE])))
    core = sum(within(case, group) for case in known for group in CORE)
    if (len(known), core) != (CASES, CORE_CASES):
        raise Trouble(f"the suite has {len(known)} cases and {core} core ones, not {CASES} and {CORE_CASES}")
    return known


def within(case, prefix):
    return f"{case}.".startswith(f"{prefix}.")


def select(known, groups):
    """The ids that a list such as `core,9,12s,6.4.1` names, in the order of the suite."""
    wanted = set()
    for group in groups.split(","):
        if group == "all":
            named = set(known)
        elif group == "core":
            named = {case for case in known if any(within(case, prefix) for prefix in CORE)}
        elif group in ("12s", "13s"):
            sized = [case for case in known if within(case, group[:-1])]
            named = {case for case in sized if int(case.split(".")[2]) <= SMALLEST}
        else:
            named = {case for case in known if within(case, group)}
        if not named:
            raise Trouble(f"no case is named by {group!r}: give core, all, 12s, 13s, a group, or an id")
        wanted |= named
    return [case for case in known if case in wanted]


def refusal(url):
    """Ask for a websocket; say what is wrong with the answer, or None."""
    target = urllib.parse.urlsplit(url)
    lines = [
        f"GET {target.path or '/'} HTTP/1.1", f"Host: {target.netloc}",
        "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]
    with socket.create_connection((target.hostname, target.port), timeout=2) as probe:
        probe.sendall("".join(f"{line}\r\n" for line in [*lines, ""]).encode())
        answer = probe.recv(4096).split(b"\r\n")[0].decode("latin-1")
    return None if re.match(r"HTTP/1\.1 101\b", answer) else answer or "end of stream"


def limit(selected):
    """Seconds that a run may take: about ten times what a good server needs."""
    compression = sum(case.startswith(("12.", "13.")) for case in selected)
    limits = any(case.startswith("9.") for case in selected)
    return 120 + 120 * limits + 20 * compression


def run(python, url, selected, reports, seconds):
    """Run the suite; say why it did not come to its end, if so."""
    spec = {"outdir": str(reports), "servers": [{"agent": "testee", "url": url}], "cases": selected}
    path = reports / "spec.json"
    path.write_text(json.dumps(spec))
    suite = subprocess.Popen(
        [str(python), "-u", "-m", "autobahntestsuite.wstest", "-m", "fuzzingclient", "-s", str(path)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=reports, start_new_session=True)
    deadline, started, last, group = time.monotonic() + seconds, 0, None, None
    lines = collections.deque(maxlen=20)
    try:
        for line in until(suite.stdout, deadline):
            lines.append(line)
            if begun := re.match(r"Running test case ID ([\d.]+)", line):
                started, last = started + 1, begun[1]
                if group != last.split(".")[0]:
                    group = last.split(".")[0]
                    done = f"{started - 1:4} of {len(selected)} done, group {group}"
                    print(done, file=sys.stderr, flush=True)
        if deadline <= time.monotonic():
            return f"the run was ended after {seconds} s, in case {last}"
        suite.wait(timeout=10)
    except subprocess.TimeoutExpired:
        return "the suite closed its output and did not end"
    finally:
        end(suite, patience=2)
        suite.stdout.close()
    if not (reports / "index.json").exists():
        return "the suite ended without a report:\n" + "\n".join(lines)
    return None


def until(stream, deadline):
    """The lines of a pipe, up to its end or the deadline."""
    rest = b""
    with selectors.DefaultSelector() as ready:
        ready.register(stream, selectors.EVENT_READ)
        while ready.select(max(0, deadline - time.monotonic())):
            piece = os.read(stream.fileno(), 65536)
            if not piece:
                return
            *lines, rest = (rest + piece).split(b"\n")
            yield from (line.decode("utf-8", "replace") for line in lines)
