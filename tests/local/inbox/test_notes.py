import os
from pathlib import Path

from app.local.inbox.folder_watch import Signature
from app.local.inbox.notes import InboxNotes, Note

NOTE = Note(Signature(5, 6, 7), "hash", "sending")


class TestKeep:
    def test_the_last_note_of_a_file_counts(self, tmp_path: Path) -> None:
        notes = InboxNotes(tmp_path / "notes")
        odd = tmp_path / os.fsdecode(b"caf\xe9\n.csv")
        done = Note(Signature(8, 9, 10), "other", "done")
        notes.keep(odd, NOTE)
        notes.keep(odd, done)
        notes.close()
        again = InboxNotes(tmp_path / "notes")
        assert (again.find(odd), again.find(tmp_path / "b.csv")) == (done, None)
        again.close()


class TestForgetRemoved:
    def test_one_that_is_still_on_its_way_is_remembered(self, tmp_path: Path) -> None:
        notes = InboxNotes(tmp_path / "notes")
        gone, going = tmp_path / "gone.csv", tmp_path / "going.csv"
        notes.keep(gone, Note(NOTE.signature, "hash", "done"))
        notes.keep(going, NOTE)
        notes.forget_removed(set())
        assert (notes.find(gone), notes.find(going)) == (None, NOTE)
        notes.close()

    def test_so_is_one_whose_folder_is_gone_too(self, tmp_path: Path) -> None:
        notes = InboxNotes(tmp_path / "notes")
        path = tmp_path / "disk" / "a.csv"
        notes.keep(path, Note(NOTE.signature, "hash", "done"))
        notes.forget_removed(set())
        assert notes.find(path) is not None
        notes.close()
