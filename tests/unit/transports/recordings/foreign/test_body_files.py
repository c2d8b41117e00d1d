import pytest

from spongewatch import PollPolicy
from spongewatch.core.exchange import MAX_BODY
from spongewatch.transports.recordings.foreign.body_files import Bodies, read_body
from spongewatch.transports.recordings.recording import Exchange, RecordingError


def folder_of(path, *names):
    for name in names:
        (path / name).write_text(name)
    return path


def test_bodies_are_in_natural_order_a_second_apart(tmp_path):
    folder_of(tmp_path, "10.json", "2.json", "1.xml", "a10.json", "a9.json", "B.JSON", "notes.txt", "01.json")
    (tmp_path / "folder.json").mkdir()
    exchanges = list(Bodies.in_folder(tmp_path).entries())
    assert [exchange.response.body.decode() for exchange in exchanges] == [
        "01.json",
        "1.xml",
        "2.json",
        "10.json",
        "B.JSON",
        "a9.json",
        "a10.json",
    ]
    assert [exchange.sent for exchange in exchanges] == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert all(isinstance(exchange, Exchange) and exchange.sent == exchange.received for exchange in exchanges)


def test_names_with_unusual_digits_can_be_sorted(tmp_path):
    folder_of(tmp_path, "²3.json", "٣.json", "9" * 200 + ".json", "1.json")
    assert len(list(Bodies.in_folder(tmp_path).entries())) == 4


def test_bodies_name_no_import(tmp_path):
    assert Bodies.in_folder(folder_of(tmp_path, "1.json")).import_id is None


def test_budgets_are_unlimited(tmp_path):
    policy = Bodies.in_folder(folder_of(tmp_path, "1.json")).policy
    assert policy == PollPolicy(consent_timeout=None, gathering_timeout=None, lost_contact_timeout=None, timeout=None)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(RecordingError, match=r"contains no \*.json or \*.xml files"):
        Bodies.in_folder(folder_of(tmp_path, "notes.txt"))


def test_unreadable_folders_and_files_are_named(tmp_path):
    with pytest.raises(RecordingError, match="gone: cannot be read: No such file"):
        Bodies.in_folder(tmp_path / "gone")
    with pytest.raises(RecordingError, match="gone.json cannot be read: No such file"):
        read_body(tmp_path / "gone.json")


def test_large_bodies_are_not_read_completely(tmp_path):
    file = tmp_path / "1.json"
    file.write_bytes(b"x" * (3 * MAX_BODY))
    assert len(read_body(file)) == MAX_BODY + 1


def test_links_are_not_followed(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("machine api.example password s3cret")
    folder = tmp_path / "folder"
    folder.mkdir()
    folder_of(folder, "2.json")
    (folder / "1.json").symlink_to(secret)
    (folder / "3.json").symlink_to("/proc/self/environ")
    (folder / "4.json").symlink_to("4.json")
    assert [exchange.response.body for exchange in Bodies.in_folder(folder).entries()] == [b"2.json"]
