"""Target: a whole session under random steps of a caller, a service and a clock."""

from random import Random

from spongewatch import ImportMachine, ImportSession, PollPolicy

from .choices import Choices
from .driven import MOST_STEPS, POLICIES, Driven
from .oracles import BASE_URL, CREDENTIALS, REFUSALS, is_printable_line

_STARTS = (1_790_000_000.123, 0.0, -7.25, -9.9e9, 8e9, 0.0001)

SEEDS = (
    b"\x00\x00" + b"".join(b"\x00\x00\x02" + bytes([number]) + b"\x00" for number in range(9)),
    b"\x02\x01" + 30 * b"\x00\x00\x02\x00\x00",
    b"\x01\x02" + 12 * b"\x00\x00\x02\x80\x01\x03\x02\x00",
    b"\x03\x00" + 9 * b"\x00\x04\x00\x00\x06\x03\x0e",
    *(Random(number).randbytes(120) for number in range(4)),
)


def one_input(data: bytes) -> None:
    choices = Choices(data)
    policy = choices.pick((*POLICIES, None)) or _drawn_policy(choices)
    start = choices.pick(_STARTS)
    if policy is None:
        return
    driven = Driven(ImportSession("1126", CREDENTIALS, now=start, base_url=BASE_URL, policy=policy, echo="mine"), start)
    for _ in range(MOST_STEPS):
        if choices.more():
            driven.step(choices)
    session = driven.session
    if session.outcome is not None and not session.state.is_terminal:
        before = session.machine.save()
        later = ImportSession("1126", CREDENTIALS, now=driven.clock, base_url=BASE_URL, machine=session.machine)
        assert later.machine.save() == ImportMachine.resume(before).save() == before
    driven.wait_only(10)


def _drawn_policy(choices: Choices) -> PollPolicy | None:
    try:
        return PollPolicy(*(choices.number(5) / choices.pick((1000, 1.0, 1e5, 7)) for _ in range(8)))
    except REFUSALS as error:
        is_printable_line(error)
        return None
