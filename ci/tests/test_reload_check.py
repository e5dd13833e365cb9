"""The recipe for continuous integration and the action, run as written."""

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def program():
    """The built program, or None."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    named = os.environ.get("WORKERSPEC")
    found = [Path(named)] if named else [target / kind / "workerspec" for kind in ("release", "debug")]
    return next((path for path in found if path.exists()), None)


def step_of_the_action():
    """The shell of the only step of action.yml, and the names of its variables with the inputs behind them."""
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    env = dict(re.findall(r"^        ([A-Z]+): \$\{\{ (?:inputs|github)\.([a-z_]+) \}\}$", text, re.MULTILINE))
    run = text.split("      run: |\n", 1)[1]
    return "\n".join(line.removeprefix("        ") for line in run.splitlines()), env


@unittest.skipUnless(program(), "workerspec is not built")
class ReloadCheck(unittest.TestCase):
    """What a job would see."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.env = dict(
            os.environ,
            WORKERSPEC=str(program()),
            REPORTS=str(self.folder / "reports"),
            GITHUB_STEP_SUMMARY=str(self.folder / "summary.md"),
        )

    def ends(self, command, **more):
        done = subprocess.run(command, env=self.env | more, cwd=ROOT, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    LIGHT = "--load-only --reloads 2 --every 300ms --mix http=4,fresh=@50"

    def test_a_lossless_server_passes_and_leaves_its_reports(self):
        status, text = self.ends([ROOT / "ci/reload-check", *self.LIGHT.split()])
        self.assertEqual(status, 0, text)
        self.assertEqual(
            sorted(path.name for path in (self.folder / "reports").iterdir()),
            ["reload.html", "reload.json", "reload.jsonl", "reload.xml"],
        )
        self.assertIn("is lossless", (self.folder / "summary.md").read_text(encoding="utf-8"))

    def test_the_action_runs_what_its_inputs_say(self):
        shell, env = step_of_the_action()
        inputs = {"testee": "fixtures/liars/testee.toml", "arguments": self.LIGHT, "reports": self.env["REPORTS"]}
        inputs["action_path"] = str(ROOT)
        values = {name: inputs.get(wanted, "") for name, wanted in env.items()}
        # As GitHub runs `shell: bash`.
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", shell]
        status, text = self.ends(command, **values, WORKERSPEC_LIAR_FAULT="none")
        self.assertEqual(status, 0, text)
        status, text = self.ends(command, **values, WORKERSPEC_LIAR_FAULT="reload.closes-listener")
        self.assertEqual(status, 1, text)
        self.assertIn("RL-1", (self.folder / "summary.md").read_text(encoding="utf-8"))

    def test_what_is_wrong_is_told_by_its_status(self):
        status, text = self.ends([ROOT / "ci/reload-check", "--testee", "no/such.toml"])
        self.assertEqual(status, 2, text)
