"""Each deliberate defect can be applied: its text stands exactly once in the source."""

import pathlib
import tomllib

import pytest

HERE = pathlib.Path(__file__).parent
DEFECTS = tomllib.loads((HERE / "defects.toml").read_text())["defect"]


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect["name"].replace(" ", "-"))
def test_its_text_stands_once(defect):
    source = (HERE.parent.parent / defect["file"]).read_text()
    assert source.count(defect["find"]) == 1
    assert defect["replace"] != defect["find"]
    assert defect["by"] in {"histories", "faults"}


def test_there_are_at_least_twelve():
    assert len({defect["name"] for defect in DEFECTS}) >= 12
