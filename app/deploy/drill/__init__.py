"""A rehearsal of a restore: `.ci/drill` restores into a second stack and compares the two."""
