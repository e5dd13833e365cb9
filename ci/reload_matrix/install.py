"""Is a server installed, and how it gets there: apt, a Python environment and npm in the cache folder."""

import contextlib
import fnmatch
import glob
import os
import shlex
import subprocess
import sys
from pathlib import Path

POLICY = Path("/usr/sbin/policy-rc.d")


class Machine:
    """This machine with the cache folder in front of its PATH."""

    def __init__(self, cache):
        self.python = cache / "python"
        self.node = cache / "node"
        places = [self.python / "bin", self.node / "node_modules/.bin"]
        # Servers of Debian lie in sbin, which a user's PATH may lack.
        path = [*map(str, places), *os.environ.get("PATH", "").split(":"), "/usr/sbin", "/sbin"]
        modules = [str(self.node / "node_modules"), *filter(None, [os.environ.get("NODE_PATH")])]
        self.environment = {
            **os.environ, "PATH": ":".join(dict.fromkeys(path)), "NODE_PATH": ":".join(dict.fromkeys(modules))
        }

    def missing(self, needs):
        """What is not there, one line each."""
        lacks = [f"no program {name}" for name in needs.programs if not self._has(name)]
        lacks += [f"no file {pattern}" for pattern in needs.files if not glob.glob(pattern)]
        if not lacks:
            lacks += [f"`{shlex.join(command)}` fails" for command in needs.works if not self._works(command)]
        lacks += [
            f"{name} does not name {what}"
            for name, what in needs.variables.items()
            if not os.path.isdir(self.environment.get(name, ""))
        ]
        return lacks

    def _has(self, name):
        for folder in self.environment["PATH"].split(":"):
            with contextlib.suppress(OSError):
                for entry in os.scandir(folder):
                    if fnmatch.fnmatch(entry.name, name) and os.access(entry.path, os.X_OK):
                        return True
        return False

    def _works(self, command):
        done = subprocess.run(
            command, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        return done.returncode == 0

    def install(self, needs):
        """Installs what a registry has. Raises subprocess.CalledProcessError where that fails."""
        if needs.apt:
            self._apt(needs.apt)
        if needs.pip:
            if not (self.python / "bin/pip").exists():
                self._run([sys.executable, "-m", "venv", str(self.python)])
            self._run([str(self.python / "bin/pip"), "install", "--quiet", *needs.pip])
        if needs.npm:
            self.node.mkdir(parents=True, exist_ok=True)
            self._run(["npm", "install", "--silent", "--no-audit", "--prefix", str(self.node), *needs.npm])

    def _apt(self, packages):
        sudo = [] if os.geteuid() == 0 else ["sudo"]
        # A package must not start a server of its own. Where the machine says so already, it keeps its file.
        ours = not POLICY.exists()
        if ours:
            subprocess.run([*sudo, "tee", str(POLICY)], input=b"#!/bin/sh\nexit 101\n", stdout=sys.stderr, check=True)
            self._run([*sudo, "chmod", "+x", str(POLICY)])
        try:
            self._run([*sudo, "apt-get", "update", "-qq"])
            self._run([
                *sudo, "env", "DEBIAN_FRONTEND=noninteractive",
                "apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages,
            ])
        finally:
            if ours:
                self._run([*sudo, "rm", "-f", str(POLICY)])

    def _run(self, command):
        subprocess.run(command, env=self.environment, stdout=sys.stderr, check=True)
