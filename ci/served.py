"""A server that a judge starts, waits for, and ends with all that it started."""

import contextlib
import os
import signal
import socket
import subprocess
import time


class Trouble(Exception):
    """Nothing could be judged."""


@contextlib.contextmanager
def served(command, log, refusal):
    """A server from its first answer on. `refusal` asks it and tells what is wrong with the answer, or None.
    Without a command there must be one already."""
    server = None
    if command:
        try:
            server = subprocess.Popen(
                command, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        except OSError as error:
            raise Trouble(f"cannot start {command[0]}: {error.strerror}") from error
    try:
        await_answer(server, refusal)
        yield server
    finally:
        if server:
            end(server)


def await_answer(server, refusal, patience=15):
    deadline = time.monotonic() + patience
    wrong = "nobody was asked"
    while time.monotonic() < deadline:
        if server and (how := ended(server)):
            raise Trouble(f"the server {how} before it answered")
        try:
            wrong = refusal()
        except OSError as error:
            wrong = str(error)
        if wrong is None:
            return
        time.sleep(0.05)
    raise Trouble(f"the server does not answer as it should: {wrong}")


def ended(process):
    """How a process ended, or None. It is left unreaped, so that its number stays its own."""
    found = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    if not found:
        return None
    if found.si_code == os.CLD_EXITED:
        return f"ended with {found.si_status}"
    return f"was killed by {signal.Signals(found.si_status).name}"


def end(process, patience=10):
    """SIGTERM, then SIGKILL to what is left of its group."""
    if process.returncode is None:
        os.kill(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and not ended(process):
            time.sleep(0.02)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def tail(text, lines=20):
    return "\n".join(text.splitlines()[-lines:])
