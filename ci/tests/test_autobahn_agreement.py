"""What ci/autobahn-agreement makes of two reports and of the reasons that are known."""

import pathlib
import tempfile
import unittest

from script import load

agreement = load("autobahn-agreement")
NAMES = {"1.1.1": ["text.empty"], "2.1": ["ping.one", "ping.two"], "7.9.1": ["close.odd"]}


def index(**found):
    return {case.replace("_", ".").removeprefix("c"): {"behavior": behaviour, "behaviorClose": close}
            for case, (behaviour, close) in found.items()}


def words(found, verdicts):
    return agreement.compare(list(found), found, NAMES, verdicts)


def reason(cases, ours, **more):
    return {"cases": cases, "ours": ours, "reason": "because", **more}


class Words(unittest.TestCase):
    def test_what_both_keep_agrees(self):
        found = words(index(c1_1_1=("OK", "OK")), {"text.empty": "pass"})
        self.assertEqual(agreement.differing(found), [])

    def test_one_broken_case_of_several_breaks_the_word(self):
        (found,) = words(index(c2_1=("OK", "OK")), {"ping.one": "pass", "ping.two": "known"})
        self.assertEqual((found.theirs, found.ours, found.ids), ("kept", "broken", "ping.one, ping.two"))

    def test_a_wrong_close_is_broken_although_the_behaviour_is_ok(self):
        (found,) = words(index(c7_9_1=("OK", "WRONG CODE")), {"close.odd": "warn"})
        self.assertEqual((found.theirs, found.ours), ("broken", "kept"))

    def test_what_no_case_names_and_what_was_skipped_has_no_word(self):
        found = words(index(c1_1_1=("OK", "OK"), c5_1=("OK", "OK")), {"text.empty": "skip"})
        self.assertEqual([word.ours for word in found], ["none", "none"])

    def test_a_case_that_is_missing_is_no_agreement(self):
        with self.assertRaises(agreement.Trouble):
            agreement.compare(["1.1.1"], {}, NAMES, {})

    def test_only_aliases_of_autobahn_count(self):
        listed = [{"id": "a", "aliases": ["h1:x", "autobahn:1.1.1"]}, {"id": "b", "aliases": ["autobahn:1.1.1"]}]
        self.assertEqual(agreement.aliases(listed), {"1.1.1": ["a", "b"]})


class Reasons(unittest.TestCase):
    found = words(index(c1_1_1=("OK", "OK"), c2_1=("OK", "OK")), {"text.empty": "fail", "ping.one": "pass"})

    def explained(self, *reasons, testee="one"):
        return [why for _, why in agreement.explain(agreement.differing(self.found), list(reasons), testee)]

    def test_a_group_explains_what_is_within(self):
        self.assertEqual(self.explained(reason("1.1", "broken")), ["because"])
        self.assertEqual(self.explained(reason("1.1.10 2", "broken")), [None])

    def test_both_words_have_to_be_the_ones(self):
        self.assertEqual(self.explained(reason("1", "kept")), [None])
        self.assertEqual(self.explained(reason("1", "broken", theirs="broken")), [None])

    def test_another_testee_is_not_explained(self):
        self.assertEqual(self.explained(reason("1", "broken", testee="two")), [None])

    def test_what_explains_nothing_is_told(self):
        idle = [reason("1 2", "broken"), reason("2", "broken", sometimes=True), reason("9", "broken"),
                reason("2", "broken", testee="two")]
        self.assertEqual(agreement.idle(self.found, idle, "one"), ["2 (because)"])

    def test_the_file_is_read_and_an_unknown_key_refused(self):
        agreement.read_reasons(agreement.REASONS)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "reasons.toml")
            path.write_text('[[difference]]\ncases = "1"\nours = "none"\nreason = "x"\nverdict = "y"\n')
            with self.assertRaises(agreement.Trouble):
                agreement.read_reasons(path)


class Launch(unittest.TestCase):
    def test_placeholders_are_filled_and_other_braces_kept(self):
        with tempfile.TemporaryDirectory() as folder:
            here, run = pathlib.Path(folder, "here"), pathlib.Path(folder, "run")
            here.mkdir()
            run.mkdir()
            (here / "conf.in").write_text("listen {port.websocket}; map { a b; }\n")
            file = {
                "contract": 2, "ports": {"websocket": "tcp", "text": "tcp"},
                "start": {"command": ["server", "{here}/app", "{dir}"]},
                "template": [{"from": "conf.in", "to": "{dir}/conf"}],
            }
            command, port = agreement.launch(file, here / "testee.toml", "/bin/workerspec", run)
            self.assertEqual(command[-3:], ["server", f"{here}/app", str(run)])
            self.assertIn(f"WORKERSPEC_PORT_WEBSOCKET={port}", command)
            self.assertEqual((run / "conf").read_text(), f"listen {port}; map {{ a b; }}\n")

    def test_a_testee_without_websocket_is_refused(self):
        with self.assertRaises(agreement.Trouble):
            agreement.launch({"ports": {"http": "tcp"}}, pathlib.Path("testee.toml"), "w", pathlib.Path("."))


if __name__ == "__main__":
    unittest.main()
