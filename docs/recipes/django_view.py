"""A Django app in one file: a thread watches each import, and the page requests its progress."""

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
TRANSPORT = Urllib3Transport(connections=50)  # for all threads


class Import(models.Model):
    id = models.CharField(primary_key=True, max_length=64)
    session = models.TextField()
    state = models.CharField(max_length=20)
    contact_count = models.IntegerField(null=True)
    ended = models.JSONField(null=True)
    due = models.FloatField(default=0)  # the UNIX time of the next poll
    watcher = models.IntegerField(default=0)  # the number of the thread that may write this row

    class Meta:
        app_label = "imports"


@require_POST
def begin(request: HttpRequest) -> JsonResponse:
    import_id = request.POST["import_id"]  # CloudSponge returned it when you started the import
    if not is_import_id(import_id):
        return JsonResponse({"error": "invalid import id"}, status=400)
    session = ImportSession(import_id, CREDENTIALS, now=time(), base_url=BASE_URL, policy=POLICY)
    row, _ = Import.objects.get_or_create(id=import_id, defaults={"session": session.save(), "state": "INITIALIZING"})
    ensure_watched(row)
    return JsonResponse({"progress": f"/imports/{row.pk}"}, status=202)


@require_GET
def progress(request: HttpRequest, import_id: str) -> JsonResponse:
    row = get_object_or_404(Import, pk=import_id)
    ensure_watched(row)
    return JsonResponse({"state": row.state, "contact_count": row.contact_count, "ended": row.ended})


def ensure_watched(row: Import) -> None:
    mine = row.watcher + 1
    overdue = Import.objects.filter(pk=row.pk, watcher=row.watcher, ended__isnull=True, due__lt=time() - 30)
    if overdue.update(watcher=mine, due=time()):  # no thread watches it; of several requests, one succeeds
        row.refresh_from_db()  # from here on, only this thread writes the session
        Thread(target=watch, args=(row, mine), daemon=True).start()


def watch(row: Import, mine: int) -> None:
    clock = SystemClock()
    own_row = Import.objects.filter(pk=row.pk, watcher=mine)
    session = ImportSession.resume(row.session, CREDENTIALS, now=clock.now(), base_url=BASE_URL)

    def store(items: Sequence[Emitted] = ()) -> float:
        ended = items[-1].to_json() if items and isinstance(items[-1], Ended) else None
        action = session.next_action(now=clock.now())
        due = action.until if isinstance(action, Wait) else clock.now()
        columns = {"state": session.state.name, "contact_count": session.contact_count, "ended": ended, "due": due}
        with closing(connection):  # Django doesn't close the connections of other threads
            if not own_row.update(session=session.save(), **columns):
                raise Superseded
        return due

    try:
        while session.outcome is None:
            items = poll(session, TRANSPORT, clock=clock, before_sending=store)
            clock.sleep(store(items) - clock.now())
    except Superseded:
        return


class Superseded(Exception):  # noqa: N818 # it is not an error
    """Another thread watches the import now."""


urlpatterns = [path("imports", begin), path("imports/<str:import_id>", progress)]
application = get_wsgi_application()
