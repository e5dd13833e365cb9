"""The reader of fixtures/vectors/README.md, and what it reads."""

import codecs
import os
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
VECTORS = ROOT / "fixtures/vectors"


class Readme(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        text = (VECTORS / "README.md").read_text()
        cls.table = dict(re.findall(r"^\| `(\S+\.toml)` \|.*\| (\d+) \|$", text, re.M))
        cls.reader, cls.example = re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S)
        cls.names = {}
        exec(cls.reader, cls.names)

    def vectors(self, name):
        return list(self.names["vectors"](VECTORS / name))

    def test_the_example_finds_its_codec_good_and_a_broken_one_bad(self):
        here = os.getcwd()
        os.chdir(ROOT)
        try:
            exec(self.example, dict(self.names))
            with self.assertRaises(AssertionError):
                exec(self.example.replace('"big"', '"little"'), dict(self.names))
        finally:
            os.chdir(here)

    def test_the_table_has_every_file_and_its_count(self):
        files = {str(path.relative_to(VECTORS)) for path in VECTORS.glob("*/*.toml")}
        self.assertEqual(set(self.table), files)
        for name, count in self.table.items():
            self.assertEqual(len(self.vectors(name)), int(count), name)

    def test_every_kind_of_escape_is_read(self):
        self.assertEqual(self.names["plain"](r"a\r\n\t\\x\x00\xfFé"), b"a\r\n\t\\x\x00\xff\xc3\xa9")

    def test_utf8_is_what_python_takes_for_it(self):
        for name, data, fate in self.vectors("utf8/sequences.toml"):
            decoder = codecs.getincrementaldecoder("utf-8")()
            try:
                found = [decoder.decode(data).encode()]
                if decoder.getstate()[0]:
                    found = "more"
            except UnicodeDecodeError:
                found = "malformed"
            self.assertEqual(found, fate, name)

    def test_lines_are_those_of_the_model(self):
        for name, data, fate in self.vectors("text/lines.toml"):
            *lines, rest = data.split(b"\n")
            self.assertEqual("more" if rest else [line.rstrip(b"\r") for line in lines], fate, name)


if __name__ == "__main__":
    unittest.main()
