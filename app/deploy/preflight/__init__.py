"""The checks of an account before a deploy, which would take fifteen minutes to fail: `.ci/preflight`."""
