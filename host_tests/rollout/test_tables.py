"""docs/rollout.md says what the code counts: its tables are those of the kept counts, and the kept counts are those of
today's code, on a few blocks of each plan."""

import json

import numpy as np
import pytest
from ridethrough.reports.rollout import rows
from ridethrough.rollout.nation import Result
from ridethrough.rollout.plan_file import load_plan
from ridethrough.rollout.remedies import choices
from ridethrough.rollout.tables import observed
from ridethrough.rollout.totals import Totals
from ridethrough.rollout.worker import Job, Task, Worker
from rollout import tables

KEPT = json.loads(tables.COUNTED.read_text())


@pytest.fixture(scope="module")
def behaviours():
    """The same meters in both plans."""
    return observed(load_plan(tables.PLANS[0]), lambda *told: None)


def test_the_tables_in_the_docs_are_those_of_the_counts():
    made = []
    for name in tables.PLANS:
        plan = load_plan(name)
        totals = Totals.none(plan, len(choices(plan)))
        totals.choices += np.array(KEPT[name]["choices"])
        result = Result(plan, tables.SEED, {}, [totals], choices(plan), [], np.zeros((0, 5)), 0)
        made.append(tables.table(name, KEPT[name]["answer"], rows(result)))
    assert tables.page_with(made) == tables.PAGE.read_text(), "make rollout"


@pytest.mark.parametrize("name", tables.PLANS)
def test_the_counts_are_those_of_this_code(name, behaviours):
    plan = load_plan(name)
    worker = Worker(Job(plan, behaviours, tables.SEED))
    assert len(KEPT[name]["blocks"]) == len(worker.blocks)
    # the first, one with a storm, the last and smallest of an area
    for number in (0, next(i for i, b in enumerate(worker.blocks) if plan.areas[b.area].name == "North East"), -1):
        at = range(len(worker.blocks))[number]
        assert tables.digest(worker.work(Task(0, at, False))) == KEPT[name]["blocks"][at], (at, "make rollout")
