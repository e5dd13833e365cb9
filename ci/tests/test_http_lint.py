"""The verdict of ci/http-lint."""

import unittest

from script import load

lint = load("http-lint")


def answer(*levels, errors=()):
    notes = [{"part": "answer", "level": level, "name": level.upper(), "text": "why"} for level in levels]
    return {"status": 200, "errors": list(errors), "notes": notes}


class Verdict(unittest.TestCase):
    def test_only_what_is_bad_fails(self):
        self.assertEqual(lint.judge(answer("good", "info", "warning"), set()), [])
        self.assertEqual(lint.judge(answer("warning", "bad"), set()), ["answer: BAD: why"])

    def test_a_bad_note_may_be_allowed_by_name(self):
        self.assertEqual(lint.judge(answer("bad"), {"BAD"}), [])

    def test_an_answer_that_did_not_come_fails(self):
        self.assertEqual(lint.judge(answer(errors=["no complete answer"]), {"BAD"}), ["no complete answer"])


if __name__ == "__main__":
    unittest.main()
