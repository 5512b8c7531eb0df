"""Sessions on the disk: whole or as before, found again, and nothing outside their folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from experiments.workshop import archive, record
from experiments.workshop.archive import Archive, opened
from experiments.workshop.checks import Refused
from experiments.workshop.session import ID
from sim.errors import OutputError

BASE = "taipei_stage1"
LINKS = pytest.mark.skipif(os.name == "nt", reason="links need rights there")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Archive]:
    with opened(tmp_path / "sessions", most=5) as found:
        yield found


def test_a_session_is_found_again(here: Archive) -> None:
    made = here.create(BASE, "zh-Hant")
    assert ID.fullmatch(made.id)
    assert here.read(made.id) == made
    moved = made.apply({"kind": "set", "lever": "pmo.staff", "value": 30}).apply(
        {"kind": "name", "name": "會議"}
    )
    here.write(moved)
    assert here.read(made.id) == moved
    (entry,) = here.sessions()
    assert (entry.id, entry.name, entry.base, entry.version) == (made.id, "會議", BASE, 3)
    assert entry.public("en")["problem"] is None
    assert sorted(path.name for path in here.folder(made.id).iterdir()) == ["session.json"]


def test_a_session_from_elsewhere_gets_an_id_of_its_own(here: Archive) -> None:
    made = here.create(BASE)
    again = here.adopt(made)
    assert again.id != made.id
    assert replace(again, id=made.id) == made
    assert {entry.id for entry in here.sessions()} == {made.id, again.id}


def test_the_latest_comes_first(here: Archive) -> None:
    ids = [here.create(BASE).id for _ in range(3)]
    for age, id_ in enumerate(ids):
        os.utime(here.folder(id_) / "session.json", (1e9 - age, 1e9 - age))
    assert [entry.id for entry in here.sessions()] == ids


def test_there_are_not_more_than_there_may_be(here: Archive) -> None:
    for _ in range(5):
        here.create(BASE)
    with pytest.raises(Refused) as caught:
        here.create(BASE)
    assert caught.value.key == "refused.sessions_full"
    with pytest.raises(Refused):
        here.create("nothing")
    with pytest.raises(Refused):
        here.create(BASE, "xx")
    assert len(list(here.root.iterdir())) == 6  # the lock, too


@pytest.mark.parametrize(
    "id_",
    [
        "", ".", "..", "../../../etc", "/etc/passwd", "%2e%2e%2fetcetera", "a" * 11, "a" * 13, "a" * 5000,
        "abcdefghijk\0", "ABCDEFGHIJKL", "abcdefghij1\n", "абвгдежзийкл", "１２３４５６７８９０１２",
        "abcdefghijk/", None, 5, b"abcdefghijkl", ["abcdefghijkl"],
    ],
)  # fmt: skip
def test_what_is_no_id_never_reaches_the_disk(
    here: Archive, id_: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_disk(*_: object) -> None:
        raise AssertionError("the disk was asked")

    monkeypatch.setattr(Path, "lstat", no_disk)
    monkeypatch.setattr(os, "open", no_disk)
    for function in (here.read, here.folder):
        with pytest.raises(Refused) as caught:
            function(id_)
        assert caught.value.key == "refused.id"


def test_an_id_that_nobody_has_is_told(here: Archive) -> None:
    with pytest.raises(Refused) as caught:
        here.read("abcdefghij12")
    assert caught.value.key == "refused.no_session"
    made = here.create(BASE)
    with pytest.raises(Refused):
        here.write(replace(made, id="abcdefghij12"))


@LINKS
def test_links_that_lead_outside_are_not_followed(here: Archive, tmp_path: Path) -> None:
    outside, made = tmp_path / "outside", here.create(BASE)
    outside.mkdir()
    secret = outside / "session.json"
    secret.write_bytes(record.written(replace(made, id="abcdefghij12")))
    before = secret.read_bytes()
    (here.root / "abcdefghij12").symlink_to(outside)
    with pytest.raises(Refused):
        here.read("abcdefghij12")
    with pytest.raises(Refused):
        here.write(replace(made, id="abcdefghij12"))
    file = here.folder(made.id) / "session.json"
    file.unlink()
    file.symlink_to(secret)
    with pytest.raises(Refused) as caught:
        here.read(made.id)
    assert caught.value.key == "refused.file_unreadable"
    here.write(made)
    assert here.read(made.id) == made
    assert secret.read_bytes() == before
    assert [entry.id for entry in here.sessions()] == [made.id]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes there")
def test_a_pipe_in_the_place_of_a_file_does_not_hang(here: Archive) -> None:
    file = here.folder(here.create(BASE).id) / "session.json"
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(Refused):
        here.read(file.parent.name)


@pytest.mark.parametrize("content", [b"", b"{", b"\0" * 100, b'{"kind": "other"}', b"[1]"])
def test_a_damaged_file_is_told_and_nothing_of_it_is_lost(here: Archive, content: bytes) -> None:
    good, bad = here.create(BASE), here.create(BASE)
    file = here.folder(bad.id) / "session.json"
    file.write_bytes(content)
    with pytest.raises(Refused):
        here.read(bad.id)
    assert file.read_bytes() == content
    told = {entry.id: entry for entry in here.sessions()}
    assert told[good.id].problem is None
    assert told[bad.id].problem is not None
    assert told[bad.id].public("en")["problem"] != told[bad.id].public("zh-Hant")["problem"]
    here.write(bad)
    assert here.read(bad.id) == bad
    assert (file.parent / "session.damaged-1.json").read_bytes() == content


def test_the_file_of_another_session_is_refused(here: Archive) -> None:
    one, two = here.create(BASE), here.create(BASE)
    (here.folder(two.id) / "session.json").write_bytes(record.written(one))
    with pytest.raises(Refused) as caught:
        here.read(two.id)
    assert caught.value.key == "refused.file_forged"


def test_a_file_that_is_too_large_is_not_read(here: Archive) -> None:
    made = here.create(BASE)
    with (here.folder(made.id) / "session.json").open("ab") as stream:
        stream.truncate(1_000_000_000)
    with pytest.raises(Refused) as caught:
        here.read(made.id)
    assert caught.value.key == "refused.file_large"


def test_a_full_disk_leaves_the_last_state(here: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    made = here.create(BASE)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        here.write(made.apply({"kind": "runs", "runs": 100}))
    with pytest.raises(OutputError):
        here.create(BASE)
    monkeypatch.undo()
    assert here.read(made.id) == made
    assert [entry.id for entry in here.sessions()] == [made.id]


def test_one_process_at_a_time_works_in_a_folder(tmp_path: Path) -> None:
    with opened(tmp_path), pytest.raises(OutputError, match="in use by process"), opened(tmp_path):
        pass
    with opened(tmp_path) as again:
        again.create(BASE)


def test_a_place_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError), opened(tmp_path / "file"):
        pass


WRITER = """
import sys
from pathlib import Path
from experiments.workshop.archive import opened
with opened(Path(sys.argv[1])) as archive:
    session = archive.create("taipei_stage1")
    print(session.id, flush=True)
    while True:
        session = session.apply({"kind": "set", "lever": "pmo.staff", "value": 10 + session.version % 7})
        archive.write(session)
        print(session.version, flush=True)
"""


@pytest.mark.parametrize("lines", [1, 4, 9])
def test_a_process_that_is_killed_loses_at_most_the_action_under_way(tmp_path: Path, lines: int) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        id_ = process.stdout.readline().strip()
        said = [int(process.stdout.readline()) for _ in range(lines)]
        process.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
        said += [int(line) for line in process.stdout.read().splitlines()]
    with opened(tmp_path) as found:
        session = found.read(id_)
        assert said[-1] <= session.version <= said[-1] + 1
        found.write(session.apply({"kind": "undo"}))
        assert [entry.problem for entry in found.sessions()] == [None]
        left = [path.name for path in found.folder(id_).iterdir()]
    assert "session.json" in left
    assert json.loads((tmp_path / id_ / archive.NAME).read_text("utf-8"))["version"] == session.version + 1


def test_a_folder_in_the_place_of_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "session.json").mkdir()
    with pytest.raises(Refused):
        archive.content(tmp_path / "session.json")
