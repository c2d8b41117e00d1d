"""The recipes of the guides on Django, on Celery and on a loop of one's own, run against a service on this machine."""

import importlib
import json
import sqlite3
import threading
import time
from contextlib import closing, contextmanager
from itertools import pairwise

import own_loop
import pytest
from celery.contrib.testing.worker import start_worker

from answers import triggers
from spongewatch import Completed, Credentials, ImportSession, LostContact, PollPolicy, Rejected, Response
from spongewatch.transports import Simulator, VirtualClock
from spongewatch.transports.testing.hostile_server import HostileServer, answer, keeps_answering, nobody

INTERVAL = 0.05
POLICY = PollPolicy(interval=INTERVAL, request_timeout=1.0)  # a rival waits for it, if a poll is open
CREDENTIALS = Credentials("demo-key", "demo-password")
WHOLE = ["start", "initialize", "progress", "gather", "complete"]
MAY_BE_MISSED = [set(), {"start"}, {"progress"}, {"start", "progress"}]


@contextmanager
def simulator(scenario="completes", speed=20, **settings):
    """A service of which each poll is counted, and whose floor is looked at in the end."""
    with Simulator(scenario, speed=speed, **settings) as service:
        yield service
        requests = service.requests
    gaps = [later.arrived - earlier.arrived for earlier, later in pairwise(requests)]
    assert min(gaps, default=INTERVAL) >= INTERVAL - 0.005


def eventually(condition, seconds=30.0):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.01)
    return found


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    """Imports a recipe, whose settings come from the environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLOUDSPONGE_DOMAIN_KEY", "demo-key")
        patch.setenv("CLOUDSPONGE_DOMAIN_PASSWORD", "demo-password")
        patch.setenv("IMPORTS_DATABASE", str(tmp_path_factory.mktemp("database") / "imports.sqlite3"))
        patch.setenv("CELERY_BROKER_URL", "memory://")
        yield importlib.import_module


# Django.


@pytest.fixture(scope="module")
def app(recipe):
    module = recipe("django_view")
    with module.connection.schema_editor() as editor:
        editor.create_model(module.Import)
    yield module
    module.connection.close()
    module.TRANSPORT.close()


@pytest.fixture
def page(app, monkeypatch):
    """A browser at the app, whose polls go to the service that it is given."""
    from django.test import Client

    def at(service):
        monkeypatch.setattr(app, "BASE_URL", service.base_url)
        return Client()

    monkeypatch.setattr(app, "POLICY", POLICY)
    yield at
    eventually(lambda: not watchers())
    app.Import.objects.all().delete()


def watchers():
    return [thread for thread in threading.enumerate() if "(watch)" in thread.name]


def test_a_django_page_begins_a_watch_and_asks_how_far_it_is(page):
    seen = []

    def clock():
        """The import goes on when the page has shown where it is, so that no machine is too busy to see a state."""
        return [0, 3, 5, 5][len({each["state"] for each in seen})]

    with simulator(speed=1, clock=clock) as service:
        browser = page(service)
        begun = browser.post("/imports", {"import_id": "1126"})
        assert browser.post("/imports", {"import_id": "../1126"}).status_code == 400
        assert (begun.status_code, begun.json()) == (202, {"progress": "/imports/1126"})
        eventually(lambda: service.requests)  # with the first of which the time of the service begins

        def ended():
            seen.append(browser.get("/imports/1126").json())
            return seen[-1]["ended"]

        assert eventually(ended)["outcome"] == "completed"
    assert [*dict.fromkeys(each["state"] for each in seen)] == ["INITIALIZING", "GATHERING", "COMPLETE"]
    assert seen[-1]["contact_count"] == 2001
    assert service.connections == 1
    assert browser.get("/imports/1127").status_code == 404


def test_one_thread_watches_an_import_however_many_pages_ask(page, app):
    with simulator("consent-never") as service:
        browser = page(service)
        for _ in range(3):
            browser.post("/imports", {"import_id": "1126"})
            browser.get("/imports/1126")
        assert len(watchers()) == 1
        app.Import.objects.update(watcher=7)
        eventually(lambda: not watchers())


def test_after_a_restart_whoever_asks_first_has_the_import_watched_on(page, app):
    with simulator() as service:
        browser = page(service)
        session = ImportSession(
            "1126", CREDENTIALS, now=time.time() - 100, base_url=service.base_url, policy=PollPolicy(interval=INTERVAL)
        )
        app.Import.objects.create(id="1126", session=session.save(), due=time.time() - 31, watcher=4)
        assert not watchers()
        assert eventually(lambda: browser.get("/imports/1126").json()["ended"])["outcome"] == "completed"
        assert app.Import.objects.get().watcher == 5


def test_a_thread_that_was_taken_for_dead_stops_when_it_finds_out(page, app):
    with simulator("consent-never") as service:
        page(service).post("/imports", {"import_id": "1126"})
        eventually(lambda: service.requests)
        app.Import.objects.update(watcher=7)
        eventually(lambda: not watchers())
        assert app.Import.objects.get().ended is None


def test_a_thread_that_was_taken_for_dead_sends_nothing_more(page, app, monkeypatch):
    def late(*args, **settings):
        with closing(app.connection):
            app.Import.objects.update(watcher=7)
        return poll(*args, **settings)

    poll = app.poll
    monkeypatch.setattr(app, "poll", late)
    with simulator() as service:
        page(service).post("/imports", {"import_id": "1126"})
        eventually(lambda: app.Import.objects.get().watcher == 7 and not watchers())
        assert len(service.requests) == 0


def test_a_session_is_kept_before_its_request_leaves(page, app, monkeypatch):
    def send(request, *, timeout):
        with closing(app.connection):
            kept.append(json.loads(app.Import.objects.get().session)["poll_is_open"])
        return transport.send(request, timeout=timeout)

    kept, transport = [], app.TRANSPORT
    monkeypatch.setattr(app, "TRANSPORT", type("Looking", (), {"send": staticmethod(send)}))
    with simulator("skips") as service:
        browser = page(service)
        browser.post("/imports", {"import_id": "1126"})
        eventually(lambda: browser.get("/imports/1126").json()["ended"])
    assert kept == [True]


def test_a_thread_takes_the_session_that_was_written_last(page, app):
    with simulator("skips") as service:
        page(service)
        session = ImportSession("1126", CREDENTIALS, now=time.time(), base_url=service.base_url, policy=POLICY)
        app.Import.objects.create(id="1126", session=session.save())
        app.ensure_watched(app.Import(id="1126", session="what was read before that"))
        assert eventually(lambda: app.Import.objects.get().ended)["outcome"] == "completed"


# Celery.


@pytest.fixture(scope="module")
def worker(recipe):
    """A worker of four threads."""
    app = recipe("celery_task").app
    app.conf.update(worker_hijack_root_logger=False, worker_redirect_stdouts=False)
    app.conf.update(broker_transport_options={"polling_interval": 0.01}, worker_timer_precision=0.01)
    with start_worker(app, perform_ping_check=False, pool="threads", concurrency=4):
        yield


@pytest.fixture
def tasks(recipe, tmp_path, monkeypatch):
    """The recipe with a database of its own; `at` a service."""
    module = recipe("celery_task")
    monkeypatch.setattr(module, "DATABASE", str(tmp_path / "imports.sqlite3"))
    monkeypatch.setattr(module, "POLICY", POLICY)
    monkeypatch.setattr(module, "at", lambda service: monkeypatch.setattr(module, "BASE_URL", service.base_url), False)
    return module


@pytest.fixture
def queued(tasks, monkeypatch):
    """The messages that are queued, in place of a queue: the seconds after which each is for."""
    messages = []
    monkeypatch.setattr(tasks.poll_import, "delay", lambda import_id: messages.append(0.0))
    monkeypatch.setattr(tasks.poll_import, "apply_async", lambda args, countdown: messages.append(countdown))
    return messages


def rows(tasks, query):
    with closing(sqlite3.connect(tasks.DATABASE)) as db:
        return db.execute(query).fetchall()


def told(tasks):
    return [json.loads(item) for (item,) in rows(tasks, "SELECT item FROM items ORDER BY rowid")]


def assert_told_once(items):
    triggers = [(item["trigger"], item["contact_count"]) for item in items if item["kind"] == "transition"]
    assert len(triggers) == len(set(triggers))
    # What is under way is told by the answers of its time alone: on a busy machine none may come, or be dropped.
    seen = [*dict.fromkeys(trigger for trigger, _ in triggers)]
    assert seen in [[name for name in WHOLE if name not in missed] for missed in MAY_BE_MISSED]
    assert [item["kind"] for item in items].index("ended") == len(items) - 1


@contextmanager
def simulator_of_rivals():
    """As `simulator`, for tasks of which one may be held up with its request on the way, and the next is in time."""
    begun = time.monotonic()
    with Simulator("completes", speed=20) as service:
        yield service
        requests = service.requests
    early = [n for n, request in enumerate(requests) if request.arrived - begun < n * (INTERVAL - 0.005)]
    assert early == []


def is_over(tasks):
    return rows(tasks, "SELECT due FROM imports") == [(None,)]


@pytest.mark.parametrize("copies", [0, 3], ids=["once", "four times"])
def test_a_celery_task_polls_and_queues_itself_until_the_import_ends(tasks, worker, copies):
    with simulator_of_rivals() as service:
        tasks.at(service)
        tasks.begin("1126")
        for _ in range(copies):
            tasks.poll_import.delay("1126")
        eventually(lambda: is_over(tasks))
    assert_told_once(told(tasks))
    assert told(tasks)[-1]["outcome"] == "completed"


@pytest.mark.parametrize("moment", [1, 2], ids=["before its request", "before its answer is written"])
def test_a_task_that_was_killed_is_run_again_and_nothing_is_lost_or_told_twice(tasks, queued, monkeypatch, moment):
    class Killed(BaseException):
        pass

    def store(self, *args):
        stored.append(args)
        if len(stored) == moment:
            raise Killed
        return original(self, *args)

    stored, original = [], tasks.Row.store
    with simulator_of_rivals() as service:
        tasks.at(service)
        tasks.begin("1126")
        with monkeypatch.context() as patch:
            patch.setattr(tasks.Row, "store", store)
            with pytest.raises(Killed):
                tasks.poll_import("1126")
        assert told(tasks) == []
        while not is_over(tasks):
            tasks.poll_import("1126")
            time.sleep(queued.pop() if queued else 0)
    assert_told_once(told(tasks))


def test_an_answer_that_comes_when_another_worker_has_gone_on_is_dropped(tasks, queued, monkeypatch):
    def send(request, *, timeout):
        tasks.poll_import("1126")  # the same message, once more
        return transport.send(request, timeout=timeout)

    transport = tasks.TRANSPORT
    with simulator("skips") as service:
        tasks.at(service)
        tasks.begin("1126")
        queued.clear()
        with monkeypatch.context() as patch:
            patch.setattr(tasks, "TRANSPORT", type("Slow", (), {"send": staticmethod(send)}))
            tasks.poll_import("1126")
        assert told(tasks) == []
        assert len(queued) == 1
        time.sleep(INTERVAL)
        begun = time.time() + 11.0  # the open poll counts as ended after 10 s
        monkeypatch.setattr(tasks, "SystemClock", lambda: VirtualClock(start=begun))
        tasks.poll_import("1126")
        assert [item["kind"] for item in told(tasks)] == ["transition", "transition", "transition", "ended"]
    assert len(service.requests) == 2


def test_an_import_whose_message_was_lost_is_queued_again(tasks, queued):
    with simulator() as service:
        tasks.at(service)
        tasks.begin("1126")
        queued.clear()
        tasks.poll_overdue()
        assert queued == []
        with closing(sqlite3.connect(tasks.DATABASE)) as db, db:
            db.execute("UPDATE imports SET due = due - 61")
        tasks.poll_overdue()
        assert queued == [0]


# A loop of one's own.


def driven(url, password="demo-password", **policy):
    session = ImportSession(
        "1126",
        Credentials("demo-key", password),
        now=time.time(),
        base_url=url,
        policy=PollPolicy(interval=INTERVAL, **policy),
    )
    items = []
    return own_loop.drive(session, items.append), items


@pytest.mark.parametrize("scenario", ["completes", "flaky"])
def test_a_loop_of_ones_own_follows_an_import_to_its_end(scenario):
    with Simulator(scenario, speed=10) as service:
        outcome, items = driven(service.base_url, max_delay=0.1)
    assert outcome == Completed(2001)
    assert (triggers(items)[0], triggers(items)[-1], items[-1].outcome) == ("start", "complete", outcome)


def test_a_loop_of_ones_own_ends_where_the_password_is_wrong():
    with Simulator() as service:
        outcome, items = driven(service.base_url, password="wrong")
    assert isinstance(outcome, Rejected)
    assert [item.outcome for item in items] == [outcome]


def test_a_loop_of_ones_own_says_that_its_request_leaves(monkeypatch):
    def send(http, request, timeout):
        seen.append(session.next_action(now=time.time()))
        return Response(401)

    seen = []
    monkeypatch.setattr(own_loop, "send", send)
    session = ImportSession("1126", CREDENTIALS, now=time.time())
    own_loop.drive(session, seen.append)
    assert [type(each).__name__ for each in seen] == ["Wait", "Ended"]


def test_a_loop_of_ones_own_gives_up_on_a_service_that_is_not_there():
    with nobody() as url:
        outcome, items = driven(url, lost_contact_timeout=0.2, max_delay=0.1)
    assert isinstance(outcome, LostContact)
    assert items[0].reason == "refused: connection refused"


def test_a_redirect_is_not_followed_by_a_loop_of_ones_own():
    with HostileServer(keeps_answering(answer(status="302 Found", headers={"location": "/elsewhere"}))) as server:
        outcome, _ = driven(server.url)
    assert (outcome.name, outcome.reason) == ("rejected", "redirect")
    assert len(server.exchanges) == 1
