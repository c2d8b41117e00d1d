"""Target: `resume` with any text, or with a changed saved session; sessions that it accepts are driven on."""

import json

from spongewatch import Ended, ImportMachine, ImportSession, LocalProtocolError, TransportError

from .choices import Choices
from .driven import MOST_STEPS, POLICIES, SNAPSHOTS, Driven
from .oracles import BASE_URL, CREDENTIALS, is_printable_line, texts_are_printable

_START = 1_790_000_000.25
_MEMBERS = tuple(sorted(json.loads(ImportSession("1126", None, now=_START).save())))
_OF_THE_MACHINE = tuple(sorted(json.loads(ImportMachine("1126").save())))
_VALUES = (
    None, True, False, 0, 1, 2, -1, 1000, 999, 10**12, 10**15 - 1, 10**15, 10**30, 0.5, 1e10, -1e10, 1e300, float("nan"),
    float("inf"), "", "1126", "../etc", "json", "xml", "ERROR", "COMPLETE", "GATHERING", "INITIALIZING", "\ud800", "\x1b[2J",
    [], {}, ["start"], [["start"]], [["gather"]], [["contradiction"]], [["unlisted-row", "A", "B"]],
    {"code": 264, "phase": "GATHERING"}, {"code": None, "phase": "INITIALIZING"},
    {"name": "cancelled", "reason": None, "detail": ""}, {"name": "failed", "reason": None, "detail": ""},
    {"name": "timed-out", "reason": "consent", "detail": None}, {"name": "rejected", "reason": "request", "detail": "\x1b"},
    {"name": "lost-contact", "reason": None, "detail": "x" * 300}, {"interval": 1}, {"interval": 1e9, "timeout": 1e9},
)  # fmt: skip

SEEDS = (
    ImportSession("1126", CREDENTIALS, now=_START, base_url=BASE_URL, echo="mine").save().encode(),
    ImportMachine("1126").save().encode(),
    b"{",
    *(
        bytes([0, 1, 0, 0, 2, member, 2, _VALUES.index(value)])  # after a failed poll, one value changed
        for member in range(len(_MEMBERS))
        for value in ("\x1b[2J", 10**12, None)
    ),
    *(bytes([number, 0, 5]) + 5 * bytes([0, 0, 2, number, 0]) + bytes([0, 1, number, 2, 5]) for number in range(9)),
)


def one_input(data: bytes) -> None:
    if data.startswith(b"{"):
        _resumes(data.decode("latin-1"), Choices(data[-32:]))
        return
    choices = Choices(data)
    session = ImportSession("1126", CREDENTIALS, now=_START, base_url=BASE_URL, policy=choices.pick(POLICIES))
    driven = Driven(session, _START)
    if choices.flag():
        session.receive_failure(TransportError("reset"), now=_START)
    for _ in range(choices.number() % 8):
        driven.step(choices)
    saved = json.loads(driven.session.save())
    for _ in range(1 + choices.number() % 4):
        _change(saved, choices)
    _resumes(json.dumps(saved), choices)


def _change(saved: dict[str, object], choices: Choices) -> None:
    holder: object = saved
    names = _MEMBERS
    match choices.number() % 8:
        case 0:
            holder, names = saved.get("machine"), _OF_THE_MACHINE
        case 1:
            holder, names = saved.get("policy"), ("interval", "consent_timeout", "lost_contact_timeout", "timeout")
    if not isinstance(holder, dict):
        return
    name = choices.pick(names)
    match choices.number() % 4:
        case 0:
            holder.pop(name, None)
        case 1:
            holder[name] = choices.number(6) - 1000
        case _:
            holder[name] = choices.pick(_VALUES)


def _resumes(saved: str, choices: Choices) -> None:
    try:
        machine = ImportMachine.resume(saved)
    except LocalProtocolError as error:
        is_printable_line(error)
    else:
        for snapshot in SNAPSHOTS:
            machine.feed(snapshot)
        assert ImportMachine.resume(machine.save()).save() == machine.save()
    now = _START + choices.pick((0.0, 1.0, -1e6, 1e6, 1e9))
    try:
        session = ImportSession.resume(saved, CREDENTIALS, now=now, base_url=BASE_URL)
    except LocalProtocolError as error:
        is_printable_line(error)
        return
    policy, budgets = session.policy, session.budgets
    if session.outcome is None:
        phase = "consent_timeout" if session.state.name == "INITIALIZING" else "gathering_timeout"
        for name in (phase, "lost_contact_timeout", "timeout"):
            limit = getattr(policy, name)
            assert (limit is None) is (name not in budgets), f"{name} is lifted"
            if limit is not None:
                assert budgets[name] - max(now, session.start + session.elapsed) <= limit + 0.002, (
                    f"{name} is stretched"
                )
    much_later = now + 2e9
    Driven(ImportSession.resume(saved, CREDENTIALS, now=much_later, base_url=BASE_URL), much_later).wait_only(3)
    driven = Driven(session, now)
    ended = session.outcome
    for _ in range(MOST_STEPS):
        if choices.more():
            driven.step(choices)
    driven.wait_only(10)
    if ended is not None:
        assert driven.session.outcome == ended
        assert not driven.emitted
        texts_are_printable(Ended("1126", 0.0, ended, session.state, None))
