"""The matrix of servers: its rows, and a page of which every link leads somewhere."""

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from script import CI
from reload_matrix import page, servers, tally
from test_reload_check import program

ROOT = CI.parent


class Rows(unittest.TestCase):
    def test_each_row_has_a_name_of_its_own_and_says_how_it_is_set_up(self):
        ids = [row.id for row in servers.ROWS]
        self.assertEqual(len(ids), len(set(ids)))
        for row in servers.ROWS:
            self.assertRegex(row.advice, r"\w+.*\.", row.id)

    def test_a_row_with_a_flag_follows_the_row_whose_cases_it_shares(self):
        seen = set()
        for row in servers.ROWS:
            if not row.has_cases_of_its_own:
                self.assertIn(row.id_without_flags, seen, row.id)
            seen.add(row.id)

    def test_a_name_chooses_a_row_or_all_rows_of_a_server(self):
        self.assertEqual([row.id for row in servers.chosen(["gunicorn-gthread"])], ["gunicorn-gthread"])
        self.assertEqual([row.id for row in servers.chosen(["nginx", "nginx"])], ["nginx", "nginx-reuse-port"])
        with self.assertRaises(ValueError):
            servers.chosen(["ngnix"])


class Patterns(unittest.TestCase):
    def test_patterns_of_one_rule_are_told_once(self):
        seen = [{"rule": "RL-10", "text": "first"}, {"rule": "RL-2", "text": "other"}, {"rule": "RL-10", "text": "second"}]
        self.assertEqual(tally.patterns(seen), [("RL-10", "first", 2), ("RL-2", "other", 1)])


@unittest.skipUnless(program(), "workerspec is not built")
class Page(unittest.TestCase):
    """What somebody who opens the folder sees."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.out = Path(folder.name)

    def matrix(self, *arguments, **environment):
        env = dict(os.environ, WORKERSPEC=str(program())) | environment
        command = [CI / "matrix", "--out", self.out, *arguments]
        return subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)

    def test_every_number_that_is_a_link_leads_to_its_place(self):
        done = self.matrix("reference", "--no-cases", "--reloads", "1", "--connections", "4")
        self.assertEqual(done.returncode, 0, done.stderr)
        text = (self.out / "matrix.html").read_text(encoding="utf-8")
        self.assertEqual(text.count('<tr class="figures"'), 2)
        links = re.findall(r'href="([^"]*)"', text) + re.findall(r"\]\(([^)]*)\)", (self.out / "matrix.md").read_text())
        self.assertLess(8, len(links))
        for link in links:
            file, _, anchor = link.partition("#")
            there = self.out / (file or "matrix.html")
            self.assertTrue(there.is_file(), link)
            if anchor:
                self.assertIn(f' id="{anchor}"', there.read_text(encoding="utf-8"), link)

    def test_a_server_that_is_not_there_is_told_and_not_judged(self):
        done = self.matrix("workerman-graceful", WORKERMAN_DIR="")
        self.assertEqual(done.returncode, 1)
        self.assertIn("WORKERMAN_DIR does not name a checkout", done.stderr)
        self.assertIn(page.badge("none"), (self.out / "matrix.html").read_text(encoding="utf-8"))


if __name__ == "__main__":
    unittest.main()
