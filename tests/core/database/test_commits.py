from app.core.database.commits import note_claim, note_commit, pending_claims, watch_commits, watch_nothing


class TestWatchCommits:
    def test_a_claim_is_pending_until_something_is_committed(self) -> None:
        with watch_commits() as commits:
            note_claim("a")
            assert list(pending_claims()) == ["a"]
            note_commit()
            assert list(pending_claims()) == []
        assert (commits.any, commits.claims) == (True, ["a"])

    def test_outside_of_it_nothing_is_noted(self) -> None:
        note_claim("a")
        note_commit()
        assert list(pending_claims()) == []

    def test_one_within_another_has_its_own(self) -> None:
        with watch_commits() as outer:
            with watch_commits() as inner:
                note_claim("a")
                note_commit()
            assert inner.any
        assert (outer.any, outer.claims) == (False, [])


class TestWatchNothing:
    def test_what_runs_within_claims_nothing(self) -> None:
        with watch_commits() as commits:
            with watch_nothing():
                note_claim("a")
                note_commit()
            assert (commits.any, commits.claims) == (False, [])
            note_claim("b")
            assert list(pending_claims()) == ["b"]
