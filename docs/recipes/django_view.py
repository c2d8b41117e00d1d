"""A Django app in one file: an import is watched in a thread, and the page asks how far it has come."""

import os
from collections.abc import Sequence
from contextlib import closing
from threading import Thread
from time import time

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection, models
from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from spongewatch import PUBLIC_SERVICE, Credentials, Emitted, Ended, ImportSession, PollPolicy, Wait, is_import_id
from spongewatch.transports import SystemClock, Urllib3Transport, poll

DATABASE = {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ.get("IMPORTS_DATABASE", "imports.sqlite3")}
settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], DATABASES={"default": DATABASE}, USE_TZ=True)
django.setup()
CREDENTIALS = Credentials(os.environ["CLOUDSPONGE_DOMAIN_KEY"], os.environ["CLOUDSPONGE_DOMAIN_PASSWORD"])
BASE_URL = os.environ.get("CLOUDSPONGE_URL", PUBLIC_SERVICE)
POLICY = PollPolicy(lost_contact_timeout=300)  # longer than a deployment takes
TRANSPORT = Urllib3Transport(connections=50)  # of all threads


class Import(models.Model):
    id = models.CharField(primary_key=True, max_length=64)
    session = models.TextField()
    state = models.CharField(max_length=20)
    contact_count = models.IntegerField(null=True)
    ended = models.JSONField(null=True)
    due = models.FloatField(default=0)  # when the next poll is, in UNIX time
    watcher = models.IntegerField(default=0)  # the number of the thread that may write here

    class Meta:
        app_label = "imports"


@require_POST
def begin(request: HttpRequest) -> JsonResponse:
    import_id = request.POST["import_id"]  # as CloudSponge gave it to you when the import was begun
    if not is_import_id(import_id):
        return JsonResponse({"error": "that is no import id"}, status=400)
    session = ImportSession(import_id, CREDENTIALS, now=time(), base_url=BASE_URL, policy=POLICY)
    row, _ = Import.objects.get_or_create(id=import_id, defaults={"session": session.save(), "state": "INITIALIZING"})
    see_to(row)
    return JsonResponse({"progress": f"/imports/{row.pk}"}, status=202)


@require_GET
def progress(request: HttpRequest, import_id: str) -> JsonResponse:
    row = get_object_or_404(Import, pk=import_id)
    see_to(row)
    return JsonResponse({"state": row.state, "contact_count": row.contact_count, "ended": row.ended})


def see_to(row: Import) -> None:
    mine = row.watcher + 1
    overdue = Import.objects.filter(pk=row.pk, watcher=row.watcher, ended__isnull=True, due__lt=time() - 30)
    if overdue.update(watcher=mine, due=time()):  # nobody watches it, and of all who see that one is first
        row.refresh_from_db()  # nobody else writes the session from here on
        Thread(target=watch, args=(row, mine), daemon=True).start()


def watch(row: Import, mine: int) -> None:
    clock = SystemClock()
    ours = Import.objects.filter(pk=row.pk, watcher=mine)
    session = ImportSession.resume(row.session, CREDENTIALS, now=clock.now(), base_url=BASE_URL)

    def keep(told: Sequence[Emitted] = ()) -> float:
        ended = told[-1].to_json() if told and isinstance(told[-1], Ended) else None
        action = session.next_action(now=clock.now())
        due = action.until if isinstance(action, Wait) else clock.now()
        now_is = {"state": session.state.name, "contact_count": session.contact_count, "ended": ended, "due": due}
        with closing(connection):  # a thread has one of its own, and nobody else closes it
            if not ours.update(session=session.save(), **now_is):
                raise Overtaken
        return due

    try:
        while session.outcome is None:
            told = poll(session, TRANSPORT, clock=clock, before_sending=keep)
            clock.sleep(keep(told) - clock.now())
    except Overtaken:
        return


class Overtaken(Exception):  # noqa: N818 # it is no error, but news
    """Another thread has taken the import over."""


urlpatterns = [path("imports", begin), path("imports/<str:import_id>", progress)]
application = get_wsgi_application()
