"""The verdict of ci/autobahn, on reports as the suite writes them."""

import unittest

from script import load

import wstest

autobahn = load("autobahn")
KNOWN = dict.fromkeys("1.1.1 6.4.1 6.4.2 6.40.1 7.1.5 12.1.1 12.1.5 12.1.6 12.2.1".split(), "")


def report(**found):
    return {case.replace("_", ".").removeprefix("c"): {"behavior": behaviour, "behaviorClose": close}
            for case, (behaviour, close) in found.items()}


class Verdict(unittest.TestCase):
    def test_ok_and_informational_are_good(self):
        index = report(c1_1_1=("OK", "OK"), c7_1_5=("INFORMATIONAL", "INFORMATIONAL"))
        self.assertEqual(autobahn.judge(["1.1.1", "7.1.5"], index), [])

    def test_a_case_that_is_missing_fails(self):
        self.assertEqual(autobahn.judge(["1.1.1"], {}), [("1.1.1", None, None)])

    def test_a_wrong_close_fails_although_the_behaviour_is_ok(self):
        index = report(c1_1_1=("OK", "UNCLEAN"))
        self.assertEqual(autobahn.judge(["1.1.1"], index), [("1.1.1", "OK", "UNCLEAN")])

    def test_unimplemented_fails(self):
        index = report(c12_1_1=("UNIMPLEMENTED", "INFORMATIONAL"))
        self.assertEqual(autobahn.judge(["12.1.1"], index), [("12.1.1", "UNIMPLEMENTED", "INFORMATIONAL")])

    def test_non_strict_is_excused_in_6_4_alone(self):
        index = report(c6_4_1=("NON-STRICT", "OK"), c6_4_2=("FAILED", "OK"), c6_40_1=("NON-STRICT", "OK"))
        failed = [case for case, _, _ in autobahn.judge(list(index), index)]
        self.assertEqual(failed, ["6.4.2", "6.40.1"])


class Selection(unittest.TestCase):
    def test_a_prefix_ends_at_a_point(self):
        self.assertEqual(wstest.select(KNOWN, "6.4"), ["6.4.1", "6.4.2"])

    def test_core_leaves_limits_and_compression_out(self):
        self.assertEqual(wstest.select(KNOWN, "core"), ["1.1.1", "6.4.1", "6.4.2", "6.40.1", "7.1.5"])

    def test_the_small_profile_takes_five_of_each_subgroup(self):
        self.assertEqual(wstest.select(KNOWN, "12s"), ["12.1.1", "12.1.5", "12.2.1"])

    def test_what_names_no_case_is_refused(self):
        for groups in ("8", "core,", "1.1.9", "*"):
            with self.subTest(groups), self.assertRaises(wstest.Trouble):
                wstest.select(KNOWN, groups)


if __name__ == "__main__":
    unittest.main()
