"""The document of an import as lines of text, and the words in it that are looked for."""

from app.client.api import Document

FINISHED = ("succeeded", "failed", "cancelled")
# The code of a rejected row whose key a record has already.
EXISTING_KEY = "existing_key"
REJECTIONS_SHOWN = 5


def describe_counts(counts: Document) -> str:
    """The effect of an import on the records of its dataset."""
    return ", ".join(f"{counts.get(name) or 0:,} {name}" for name in ("added", "changed", "unchanged"))


def describe_problem(document: Document) -> list[str]:
    """The reason that an import failed, and what to do; empty if it did not."""
    problem = document["problem"] or {}
    return [str(problem[member]) for member in ("detail", "hint") if problem.get(member)]


def describe_rejection(item: Document) -> str:
    """A row that was not accepted, with its place in the file."""
    place = f"line {item['line']}" + (f", {item['column']}" if item["column"] else "")
    return f"{place}: {item['message']}"


def explain_failure(document: Document) -> str:
    """The reason that an import failed, with its first rejections."""
    lines = describe_problem(document)
    lines += [f"  {describe_rejection(item)}" for item in document["rejections"][:REJECTIONS_SHOWN]]
    more = document["progress"]["rows_rejected"] - REJECTIONS_SHOWN
    if more > 0:
        lines.append(f"  and {more:,} more {'row' if more == 1 else 'rows'}")
    return "\n".join(lines)
