"""A gate has passed when it ran and exited 0, and with tests declared, when some ran. Nothing else is a pass."""

from __future__ import annotations

import pytest

from gastown.config import Gate
from gastown.host.processes import Outcome
from gastown.refinery import KILLED, MISSING, NO_TESTS, PASS, RED, TIMEOUT, WORKER_CAN_MEND, judge

GATE = Gate("make test", timeout=30)
COUNTED = Gate("make test", timeout=30, tests="([0-9]+) passed")


def ended(code: int | None, tail: str = "") -> Outcome:
    return Outcome(code, tail, 1.0)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (0, PASS),
        (1, RED),
        (2, RED),
        (125, RED),
        (126, MISSING),
        (127, MISSING),
        (128, RED),
        (129, KILLED),
        (137, KILLED),
        (143, KILLED),
        (192, KILLED),
        (193, RED),
        (255, RED),
        (None, TIMEOUT),
    ],
)
def test_verdict_of_every_exit_code(code: int | None, kind: str) -> None:
    verdict = judge(GATE, ended(code, "its last words"))
    assert verdict.kind == kind
    if kind != PASS:
        assert "make test" in verdict.reason and verdict.evidence == "its last words"


def test_only_zero_passes() -> None:
    assert [code for code in range(256) if judge(GATE, ended(code)).kind == PASS] == [0]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (1, "red (exit 1)"),
        (126, "it cannot be executed (exit 126)"),
        (127, "command not found (exit 127)"),
        (137, "killed by signal 9"),
        (None, "did not end within 30 s"),
    ],
)
def test_the_reason_says_which(code: int | None, said: str) -> None:
    assert said in judge(GATE, ended(code)).reason


@pytest.mark.parametrize(
    ("output", "kind"),
    [
        ("== 12 passed in 3 s ==", PASS),
        ("lint: 0 passed\ntests: 7 passed", PASS),
        ("== 0 passed ==", NO_TESTS),
        ("== no tests ran ==", NO_TESTS),
        ("", NO_TESTS),
        ("-3 passed", PASS),
    ],
)
def test_a_declared_count_of_tests_must_be_there(output: str, kind: str) -> None:
    assert judge(COUNTED, ended(0, output)).kind == kind


def test_a_count_does_not_save_what_is_red() -> None:
    assert judge(COUNTED, ended(1, "12 passed, 1 failed")).kind == RED


def test_a_group_that_is_no_number_is_no_count() -> None:
    assert judge(Gate("x", tests="(\\w+) passed"), ended(0, "all passed")).kind == NO_TESTS
    assert judge(Gate("x", tests="(a)?(b)"), ended(0, "b")).kind == NO_TESTS


def test_a_worker_is_asked_to_mend_only_what_a_worker_can() -> None:
    assert {RED, TIMEOUT, KILLED, NO_TESTS} <= WORKER_CAN_MEND
    assert MISSING not in WORKER_CAN_MEND
