"""Inspection: whether the records of a dataset fit a change of it; those that do not are named."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote as percent_encode

from app.columns.column import Column
from app.columns.rules import Rule, address_rule, constraint_rules, type_rule
from app.core.database.names import CATALOGUE_SCHEMA, DATA_SCHEMA, quote
from app.core.database.sessions import TimedSession
from app.core.errors import RequestInvalid
from app.datasets.alter import checks
from app.datasets.alter.advice import find_advice
from app.datasets.alter.checks import Condition
from app.datasets.alter.conversions import find_conversion
from app.datasets.alter.diff import Change
from app.datasets.alter.texts import not_read
from app.datasets.errors import RecordsIncompatible
from app.datasets.tables import Attachment, literal

# What is read at a time: records of the longest text would take these bytes.
READ_ROWS, READ_BYTES = 5000, 64 * 1024 * 1024
UPLOAD = "Upload the images that are missing to this dataset, under these filenames."
UNCONVERTIBLE = "Change those values first, or choose a type that has room for them."


class Inspection:
    """Looks for records that a change does not fit, over a session that keeps everyone from writing others.

    Each check looks at every record and counts those that do not fit. RecordsIncompatible is raised with examples of
    them once all that can be looked for at that point has been.
    """

    def __init__(self, timed: TimedSession, table: str, change: Change) -> None:
        self._timed = timed
        self._table = table
        self._change = change
        self._reasons: list[str] = []
        self._examples: list[dict[str, Any]] = []
        # The key columns: at first by their former names.
        self._key: Sequence[Column] = change.before.key_columns

    @property
    def _rules(self) -> list[tuple[Column, Rule]]:
        """The rules that are new for columns, or new for these values."""
        retyped = {after.name for _, after in self._change.retyped}
        pairs = [*self._change.stays, *((None, column) for column in self._change.added)]
        return [
            (after, rule)
            for before, after in pairs
            for rule in checks.rules_to_check(before, after, retyped=after.name in retyped)
        ]

    @property
    def is_needed(self) -> bool:
        """Return whether there is anything to look for."""
        return bool(self._rules or self._change.retyped)

    async def check_fills(self) -> None:
        """Refuse a value to fill a column with that breaks a rule of the column."""
        for name, text in self._change.fills.items():
            column = self._change.after.by_name[name]
            for rule in constraint_rules(column):
                if await self._breaks(rule, column, text):
                    raise RequestInvalid(
                        f"`fill` of '{name}': {rule.message}.", hint="Give a value that the column allows."
                    )

    async def _breaks(self, rule: Rule, column: Column, text: str) -> bool:
        condition = checks.broken(rule, column, f"CAST({literal(text)} AS {column.sql_type})")
        if condition is None:
            return not checks.find_fit(rule, column)(text)
        return bool((await self._timed.run(f"SELECT {condition.sql}", *condition.values)).scalar())

    async def check_conversions(self) -> None:
        """Look for values that do not convert exactly into their column's new type, before it is changed."""
        names = {new: old for old, new in self._change.names}
        retyped = [(self._change.before.by_name[names[after.name]], after) for _, after in self._change.retyped]
        counts = [await self._look_for_unconvertible(before, after) for before, after in retyped]
        unfit = [(*pair, count) for pair, count in zip(retyped, counts, strict=True) if count]
        written = [
            (before, after, count)
            for before, after, count in unfit
            if before.kind.is_text and not (after.kind.is_document or after.kind.is_image)
        ]
        advice = await find_advice(self._timed, self._table, written)
        is_enough = len(advice) == len(unfit) and not any(found.left for found in advice)
        images = [UPLOAD] if any(after.kind.is_image for _, after, _ in unfit) else []
        self._refuse(" ".join([*map(str, advice), *images, *([] if advice and is_enough else [UNCONVERTIBLE])]))

    async def _look_for_unconvertible(self, before: Column, after: Column) -> int:
        """Look for values that do not convert, and count them; and for texts that become null in a required column."""
        value = quote("record", before.name)
        conversion = find_conversion(before, after, value, self._table)
        assert conversion is not None
        if after.kind.is_image:
            await self._keep_images()
        rule = type_rule(after)
        if before.kind.is_text:
            rule = replace(rule, message=not_read(after))
        if before.required and after.required and after.name not in self._change.fills:
            missing = Condition(conversion.missing)
            await self._look([before], "required", "a value is required", missing)
        if callable(conversion.fits):
            return await self._read(before, rule, conversion.fits)
        condition = Condition(checks.unconvertible(value, conversion.fits))
        return await self._look([before], rule.code, rule.message, condition)

    async def check_rules(self, created: Sequence[Attachment], targets: Mapping[str, str]) -> None:
        """Look for values that break a rule, are there twice, or refer to nothing, once the columns are changed.

        `targets` has the name of the key's column of each dataset that is referred to.
        """
        by_name = self._change.after.by_name
        self._key = [by_name.get(column.name, column) for column in self._change.renamed.key_columns]
        for column, rule in self._rules:
            condition = checks.broken(rule, column, quote("record", column.name))
            if condition is None:
                await self._read(column, rule, checks.find_fit(rule, column))
            else:
                await self._look([column], rule.code, rule.message, condition)
        for attachment in created:
            columns = [by_name[name] for name in attachment.columns if name in by_name]
            if attachment.kind == "key":
                await self._look_for_unaddressable(columns)
            if attachment.kind == "reference":
                await self._look_for_dangling(columns[0], targets)
            elif attachment.kind == "image":
                await self._look_for_missing_images(columns[0])
            elif attachment.kind != "index" and columns:
                code = "repeated_key" if attachment.kind == "key" else "repeated_value"
                condition = checks.repeated(self._table, attachment.columns)
                await self._look(columns, code, "another record has the same value", condition)
        self._refuse("Change those records first; a column that lacks values may be given one for them, as `fill`.")

    async def _look_for_unaddressable(self, key: Sequence[Column]) -> None:
        for column in key:
            if (rule := address_rule(column, [part.name for part in key])) is not None:
                value = quote("record", column.name)
                condition = Condition(f"{value} = ANY ($1::text[])", (list(rule.bound),))
                await self._look([column], rule.code, rule.message, condition)

    async def _look_for_dangling(self, column: Column, targets: Mapping[str, str]) -> None:
        assert column.references is not None
        await self._timed.run(f"LOCK TABLE {quote(DATA_SCHEMA, column.references)} IN SHARE ROW EXCLUSIVE MODE")
        condition = checks.dangling(column, targets[column.references])
        message = f"no record of {column.references} has this key"
        await self._look([column], "reference_missing", message, condition)

    async def _keep_images(self) -> None:
        """Keep every image until the transaction ends."""
        await self._timed.run(f"LOCK TABLE {quote(CATALOGUE_SCHEMA, 'image')} IN SHARE ROW EXCLUSIVE MODE")

    async def _look_for_missing_images(self, column: Column) -> None:
        await self._keep_images()
        await self._look([column], "image_missing", "there is no image of this id", checks.without_image(column))

    async def _look(self, columns: Sequence[Column], code: str, message: str, condition: Condition) -> int:
        """Count the records of which a condition is true, and read some."""
        counting = checks.count_records(self._table, condition)
        count: int = (await self._timed.run(counting, *condition.values)).scalar_one()
        if count:
            reading = checks.select_examples(self._table, self._key, columns, condition)
            rows = (await self._timed.run(reading, *condition.values)).all()
            self._note(columns, code, message, count, [tuple(row) for row in rows])
        return count

    async def _read(self, column: Column, rule: Rule, fits: Callable[[str], bool]) -> int:
        """Read every text of a column, as only this side can judge them, and count those that do not fit."""
        longest = (await self._timed.run(checks.measure_longest(self._table, column))).scalar_one()
        if longest is None:
            return 0
        reading = checks.select_texts(self._table, self._key, column)
        batch = max(1, min(READ_ROWS, READ_BYTES // max(longest, 1)))
        count, rows = 0, []
        async for row in self._timed.stream(reading, batch):
            if not fits(row[-1]):
                count += 1
                rows += [tuple(row)] if count <= checks.MAX_EXAMPLES else []
        if count:
            self._note([column], rule.code, rule.message, count, rows)
        return count

    def _note(
        self, columns: Sequence[Column], code: str, message: str, count: int, rows: Sequence[tuple[Any, ...]]
    ) -> None:
        name = ",".join(column.name for column in columns)
        self._reasons.append(f"'{name}': {message} ({count:,} {'record' if count == 1 else 'records'})")
        parts = len(self._key)
        for row in rows:
            key = ",".join(percent_encode(text, safe="") for text in row[:parts])
            value = None if row[parts] is None else ",".join(row[parts:])[: checks.VALUE_LIMIT]
            self._examples.append({"column": name, "code": code, "key": key, "value": value, "message": message})

    def _refuse(self, hint: str) -> None:
        """Raise what was found."""
        if self._reasons:
            raise RecordsIncompatible(
                f"Some records of '{self._table}' do not fit: {'; '.join(self._reasons)}.",
                hint=hint,
                errors=self._examples,
            )
