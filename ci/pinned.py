"""Programs of others, installed once in the versions that were looked at."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys

from served import Trouble, tail


def made_once(cache, name, recipe, make):
    """A folder that `make` fills; made anew when the recipe, a list of words, is another."""
    folder = cache / f"{name}-{hashlib.sha256(repr(recipe).encode()).hexdigest()[:12]}"
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            print(f"installing into {folder}, which may take a minute", file=sys.stderr, flush=True)
            shutil.rmtree(folder, ignore_errors=True)
            make(folder)
            (folder / "complete").touch()
    return folder


def pip(python, *arguments):
    step("installing packages", [python, "-m", "pip", "install", "--quiet", *arguments],
         PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_PYTHON_VERSION_WARNING="1")


def step(what, command, seconds=600, **environment):
    """The standard output of a program that has to succeed."""
    try:
        done = subprocess.run(
            command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise Trouble(f"{what} took more than {seconds} s") from None
    if done.returncode:
        raise Trouble(f"{what} failed:\n{tail(done.stdout + done.stderr)}")
    return done.stdout
