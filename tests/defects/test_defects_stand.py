"""Each deliberate defect can be applied: its text stands exactly once in the source.

Without anything that has to be installed, so that the everyday part of the tests sees it first.
"""

import pathlib
import tomllib
import unittest

HERE = pathlib.Path(__file__).parent
DEFECTS = tomllib.loads((HERE / "defects.toml").read_text())["defect"]


class DefectsStand(unittest.TestCase):
    def test_the_text_of_each_stands_once(self):
        for defect in DEFECTS:
            with self.subTest(defect["name"]):
                source = (HERE.parent.parent / defect["file"]).read_text()
                self.assertEqual(source.count(defect["find"]), 1, "how often its text stands there")
                self.assertNotEqual(defect["replace"], defect["find"])
                self.assertIn(defect["by"], {"histories", "faults"})

    def test_there_are_at_least_twelve(self):
        self.assertGreaterEqual(len({defect["name"] for defect in DEFECTS}), 12)
