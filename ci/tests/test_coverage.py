"""ci/coverage on a tree of a few files."""

import contextlib
import io
import json
import pathlib
import tempfile
import unittest
from unittest import mock

from script import load

coverage = load("coverage")

MODEL = """
## 0. Constants

- CONST-1 [C] nothing to show.

## 1. Protocols

### 1.1 text

- TEXT-1 [C] one (TEXT-2).
- TEXT-2 [C] two.
- TEXT-3 [Q] three.
- TEXT-4 [D] four.
- TEXT-9 [C] nine.

## 9. Better

### 9.1 Requests

- SF-1 [D, B] better.
"""
RELOAD = "- RL-1 [loss] gone.\n- I6 [must] whole.\n"


class Tree(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = pathlib.Path(self.folder.name)
        self.write("docs/model.md", MODEL)
        self.write("docs/reload.md", RELOAD)

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def covered(self):
        return {id: rule.cited for id, rule in coverage.read(self.root)[0].items() if rule.cited}

    def unknown(self):
        return [(citation.id, citation.place) for citation in coverage.read(self.root)[2]]

    def run_script(self, *arguments):
        out, command = io.StringIO(), ["coverage", "--root", str(self.root), *arguments]
        with mock.patch("sys.argv", command), contextlib.redirect_stdout(out):
            return coverage.main(), out.getvalue()


class Citing(Tree):
    def test_a_test_covers_what_its_comments_and_strings_cite(self):
        self.write("core/tests/a/b.rs", "// TEXT-1: it is.\nfn a() { check(\"TEXT-2\"); }\n")
        place = "core/tests/a/b.rs"
        self.assertEqual(self.covered(), {"TEXT-1": [f"{place}:1"], "TEXT-2": [f"{place}:2"]})

    def test_the_tests_of_the_reference_and_of_the_tools_count(self):
        self.write("fixtures/testees/reference/tests/a.rs", "// TEXT-1\n")
        self.write("tools/tests/a.rs", "// TEXT-2\n")
        self.write("tools/src/a.rs", "// TEXT-3\n")
        self.assertEqual(list(self.covered()), ["TEXT-1", "TEXT-2"])

    def test_the_constants_are_not_judged(self):
        self.assertNotIn("CONST-1", coverage.read(self.root)[0])

    def test_module_docs_show_nothing(self):
        self.write("core/tests/a.rs", "//! TEXT-1 to TEXT-9.\n/// TEXT-2\nfn a() {}\n")
        self.assertEqual(self.covered(), {"TEXT-2": ["core/tests/a.rs:2"]})

    def test_of_the_library_only_test_modules_count(self):
        self.write("core/src/a.rs",
                   "/// TEXT-1\nfn a() {}\n#[cfg(test)]\nmod tests {\n    // TEXT-2\n}\n// TEXT-3\n")
        self.assertEqual(self.covered(), {"TEXT-2": ["core/src/a.rs:5"]})

    def test_a_test_module_may_be_a_file_or_a_folder(self):
        self.write("core/src/a/mod.rs", "#[cfg(test)]\nmod walk;\nmod other;\n")
        self.write("core/src/a/walk.rs", "// TEXT-1\n")
        self.write("core/src/a/other.rs", "// TEXT-2\n#[cfg(test)]\nmod tests;\n")
        self.write("core/src/a/other/tests/more.rs", "// TEXT-3\n")
        self.assertEqual(list(self.covered()), ["TEXT-1", "TEXT-3"])

    def test_of_a_suite_sources_and_plain_comments_count(self):
        self.write("conformance/src/suites/a.rs",
                   '//! TEXT-1\n/// TEXT-2\nSource::Model("TEXT-3");\nclaim: "TEXT-4";\n// TEXT-9\n')
        self.assertEqual(list(self.covered()), ["TEXT-3", "TEXT-9"])

    def test_a_range_cites_every_rule_in_it_once(self):
        self.write("core/tests/a.rs", "// TEXT-2 to TEXT-9\n")
        self.assertEqual(list(self.covered()), ["TEXT-2", "TEXT-3", "TEXT-4", "TEXT-9"])
        self.assertEqual(self.unknown(), [])

    def test_a_range_may_cross_lines(self):
        self.write("core/tests/a.rs", "// TEXT-1 to\n    // TEXT-3\n")
        self.assertEqual(list(self.covered()), ["TEXT-1", "TEXT-2", "TEXT-3"])

    def test_other_ways_to_write_a_range_cite_the_ends_they_name(self):
        for text, cited in [
            ("TEXT-1…5", ["TEXT-1"]), ("TEXT-1 to 4", ["TEXT-1"]), ("TEXT-1-TEXT-3", ["TEXT-1"]),
            ("TEXT-2 to SF-1", ["TEXT-2", "SF-1"]), ("TEXT-4 to TEXT-2", ["TEXT-2", "TEXT-4"]),
        ]:
            with self.subTest(text):
                self.write("core/tests/a.rs", f"// {text}\n")
                self.assertEqual(list(self.covered()), cited)

    def test_a_number_that_goes_on_is_another_id(self):
        self.write("core/tests/a.rs", "// TEXT-1.1 TEXT-2a UTF-8 MY-TEXT-3 TEXT-4.\n")
        self.assertEqual(list(self.covered()), ["TEXT-4"])


class Unknown(Tree):
    def test_an_id_that_no_document_has_is_found_wherever_it_is_cited(self):
        self.write("core/src/a.rs", "\n// TEXT-5\n")
        self.write("CHANGELOG.md", "RL-2\n")
        self.assertEqual(self.unknown(), [("RL-2", "CHANGELOG.md:1"), ("TEXT-5", "core/src/a.rs:2")])

    def test_the_end_of_a_range_is_not_made_up(self):
        self.write("core/tests/a.rs", "// TEXT-1 to TEXT-8\n")
        self.assertEqual(self.unknown(), [("TEXT-8", "core/tests/a.rs:1")])

    def test_a_source_has_an_id_of_its_document(self):
        self.write("conformance/src/suites/a.rs",
                   'Source::Model("RL-1")\nSource::Reload("I6")\nSource::Reload(\n    "I7",\n)\n'
                   'Source::Model("TXET-1")\n')
        self.assertEqual([id for id, _ in self.unknown()], ["I7", "RL-1", "TXET-1"])

    def test_constants_and_rules_of_reload_are_known(self):
        self.write("core/src/a.rs", "// CONST-1, RL-1, UTF-8\n")
        self.assertEqual(self.unknown(), [])


class NotTaken(Tree):
    def table(self, *rows):
        self.write("docs/not-taken.md", "# Not taken\n\n| id | because |\n| --- | --- |\n" + "".join(rows))

    def test_a_listed_rule_is_not_open(self):
        self.table("| TEXT-3 | an accident |\n")
        self.assertEqual(coverage.read(self.root)[0]["TEXT-3"].state(), "not taken")

    def test_a_rule_listed_in_part_is_open(self):
        self.table("| TEXT-3 in part | half of it |\n")
        self.assertEqual(coverage.read(self.root)[0]["TEXT-3"].state(), "open")

    def test_an_unknown_id_is_told(self):
        self.table("| TEXT-5 | an accident |\n")
        self.assertEqual(self.unknown()[0], ("TEXT-5", "docs/not-taken.md"))

    def test_a_row_without_a_reason_is_refused(self):
        self.table("| TEXT-3 | |\n")
        with self.assertRaises(SystemExit):
            coverage.read(self.root)

    def test_covered_and_listed_is_a_notice(self):
        self.table("| TEXT-3 | an accident |\n")
        self.write("core/tests/a.rs", "// TEXT-1 to TEXT-9, SF-1\n")
        status, out = self.run_script()
        self.assertEqual(status, 0)
        self.assertIn("notice: TEXT-3 is covered by core/tests/a.rs:1", out)


class Status(Tree):
    def test_open_rules_fail_and_are_named(self):
        self.write("core/tests/a.rs", "// TEXT-1 to TEXT-9\n")
        status, out = self.run_script()
        self.assertEqual(status, 1)
        self.assertIn("open in 9.1: SF-1", out)

    def test_everything_covered_passes(self):
        self.write("core/tests/a.rs", "// TEXT-1 to TEXT-9, SF-1\n")
        self.assertEqual(self.run_script()[0], 0)

    def test_an_unknown_id_fails(self):
        self.write("core/tests/a.rs", "// TEXT-1 to TEXT-9, SF-1, SF-2\n")
        self.assertEqual(self.run_script()[0], 1)

    def test_a_model_without_rules_is_refused(self):
        self.write("docs/model.md", "# Rules\n")
        with contextlib.redirect_stderr(io.StringIO()), self.assertRaises(SystemExit) as ended:
            self.run_script("--report")
        self.assertEqual(ended.exception.code, 2)

    def test_a_report_passes(self):
        self.assertEqual(self.run_script("--report")[0], 0)

    def test_json_holds_the_same(self):
        self.write("core/tests/a.rs", "// TEXT-1 to TEXT-9, SF-2\n")
        status, out = self.run_script("--json")
        told = json.loads(out)
        self.assertEqual((status, told["open"], told["unknown"][0]["id"]), (1, ["SF-1"], "SF-2"))


if __name__ == "__main__":
    unittest.main()
