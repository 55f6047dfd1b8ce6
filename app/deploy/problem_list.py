"""The list of all problems in `docs/problems.md`: `.ci/problems` writes it from the problems' classes."""

import json
from pathlib import Path

from app.core.pages.problem_texts import Explained, by_reason, explain_all

PAGE = Path(__file__).parents[2] / "docs/problems.md"
HEAD = """# Problems

Every error is a problem as [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) describes it: a body of
`application/problem+json` with a `type` that programs can rely on. `detail` says what happened this time, `hint` how to
fix it, and `errors`, where it is there, lists each mistake. `request_id` finds the request in the log.

```
{example}
```

The `type` is the address of a page of your Tolva: HTML for browsers, JSON for programs. `/problems` lists all of them.
`.ci/problems` writes what is below from the problems' classes.

```
$ curl -s localhost:8000/problems/dataset-not-found
{document}
```
"""


def write_page() -> str:
    """The text of the page. Every module with problems must have been loaded."""
    problems = explain_all()
    shown = next(problem for problem in problems if problem.slug == "dataset-not-found")
    head = HEAD.format(
        example=json.dumps(shown.example, indent=2),
        document=json.dumps(shown.document, ensure_ascii=False, separators=(",", ":")),
    )
    return head + "".join(_section(reason, same) for reason, same in by_reason(problems))


def _section(reason: str, problems: list[Explained]) -> str:
    rows = "".join(
        f"| `{problem.slug}` | {problem.title} | {problem.meaning} | {problem.remedy} |\n" for problem in problems
    )
    return f"\n## {reason}\n\n| type | title | what it means | how to fix it |\n|---|---|---|---|\n{rows}"


def main() -> None:
    """Write the page."""
    from app.main import create_app  # noqa: PLC0415  # it loads everything, and reads settings

    create_app()
    PAGE.write_text(write_page(), "utf-8")


if __name__ == "__main__":
    main()
