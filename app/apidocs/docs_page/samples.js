// Values to try requests with: of the dataset's own records where it has some, else such as its columns take.
const PLAIN = {
  text: "example", integer: 42, bigint: "42", number: 1.5, decimal: "1.5", boolean: true,
  date: "2026-01-31", datetime: "2026-01-31T12:00:00Z", uuid: "01234567-89ab-cdef-0123-456789abcdef", json: {},
};
const NUMBERS = ["integer", "bigint", "number", "decimal"];
const ROW_ID = "_id";

function randomBelow(number) {
  return crypto.getRandomValues(new Uint32Array(1))[0] % number;
}

function randomLike(text) {
  const pick = (letters) => letters[randomBelow(letters.length)];
  return text
    .replace(/[0-9]/g, () => pick("0123456789"))
    .replace(/[A-Z]/g, () => pick("ABCDEFGHJKLMNPQRSTUVWXYZ"))
    .replace(/[a-z]/g, () => pick("abcdefghijkmnopqrstuvwxyz"));
}

// A value that the column takes, and that no record is likely to have.
function freshValue(column, example) {
  if (column.one_of) return column.one_of[randomBelow(column.one_of.length)];
  switch (column.type) {
    case "text": {
      if (column.pattern) return randomLike(example ?? "");
      const text = `example-${randomLike("a0a0a0")}`;
      return column.max_length && column.max_length < text.length ? randomLike("a0".repeat(column.max_length)).slice(0, column.max_length) : text;
    }
    case "uuid":
      return [8, 4, 4, 4, 12].map((length) => Array.from({ length }, () => randomBelow(16).toString(16)).join("")).join("-");
    case "date":
      return new Date(Date.UTC(2100, 0, 1 + randomBelow(36500))).toISOString().slice(0, 10);
    case "datetime":
      return new Date(Date.UTC(2100, 0, 1, 0, 0, randomBelow(4294967295))).toISOString();
    case "boolean":
      return !example;
    case "image":
      return null;
    case "json":
      return { example: randomBelow(1e9) };
    default:
      return freshNumber(column);
  }
}

function freshNumber(column) {
  const digits = column.type === "decimal" ? Math.min(8, column.precision - column.scale) : 8;
  const least = Number(column.min ?? 0);
  const most = Number(column.max ?? 10 ** digits - 1);
  const number = Math.ceil(least) + randomBelow(Math.max(1, Math.min(Math.floor(most) - Math.ceil(least) + 1, 4294967295)));
  return ["bigint", "decimal"].includes(column.type) ? String(number) : number;
}

// A value that the column takes; null where only the reader can know one.
function plainValue(column) {
  if (column.one_of) return column.one_of[0];
  if (column.pattern || column.references) return null;
  if (column.min !== undefined || column.max !== undefined) return column.min ?? column.max;
  if (column.type === "text") return PLAIN.text.slice(0, column.max_length ?? PLAIN.text.length);
  if (column.type === "decimal") return column.scale ? `${column.precision > column.scale ? 1 : 0}.${"5".padEnd(column.scale, "0")}` : "1";
  return PLAIN[column.type] ?? null;
}

// A dataset as the page works with it. `shown` has a value of each column, of whichever record; `own` is a record.
class Sample {
  constructor(dataset, shown, own) {
    this.name = dataset.name;
    this.store = dataset.store;
    this.columns = dataset.columns;
    this.isNumbered = dataset.key.length === 0;
    this.key = this.isNumbered ? [ROW_ID] : dataset.key;
    this.own = own ? this.written(own) : null;
    this.record = this.written({ ...shown, ...Object.fromEntries(Object.entries(own ?? {}).filter(([, value]) => value !== null)) });
    this.fresh = this.newRecord();
    // Where the key says nothing of what is added, what replaces a record must differ from what was added.
    this.replacement = this.isNumbered ? this.newRecord() : this.withoutKey(this.fresh);
  }

  // A record as it is sent: an image by its id.
  written(record) {
    const isImage = (name) => this.columns.some((column) => column.name === name && column.type === "image");
    return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, isImage(name) ? (value?.id ?? value) : value]));
  }

  get isKnown() {
    return this.key.every((name) => this.record[name] !== undefined && this.record[name] !== null);
  }

  column(name) {
    return this.columns.find((column) => column.name === name) ?? { name, type: "integer" };
  }

  value(column) {
    return this.record[column.name] ?? plainValue(column);
  }

  // A whole record that can be added: its key, and what no two records may share, are its own.
  newRecord() {
    const values = {};
    for (const column of this.columns) {
      const isOwn = this.key.includes(column.name) || column.unique;
      const value = isOwn && !column.references ? freshValue(column, this.value(column)) : this.value(column);
      if (value !== null && value !== undefined) values[column.name] = value;
    }
    return values;
  }

  keyOf(record) {
    return this.key.map((name) => record[name] ?? freshValue(this.column(name)));
  }

  get existingKey() {
    return this.keyOf(this.isKnown ? this.record : this.fresh);
  }

  get freshKey() {
    return this.isNumbered ? [999999999] : this.keyOf(this.fresh);
  }

  withoutKey(record) {
    return Object.fromEntries(Object.entries(record).filter(([name]) => !this.key.includes(name)));
  }

  // A change that changes nothing: a value that the record has already. Where none is known, it is of an example's.
  get change() {
    const record = this.own ?? this.fresh;
    const column = this.columns.find(
      ({ name, type }) => !this.key.includes(name) && !["json", "number"].includes(type) && record[name] !== undefined && record[name] !== null,
    );
    return column ? { [column.name]: record[column.name] } : {};
  }

  get changedKey() {
    return this.own ? this.keyOf(this.own) : this.freshKey;
  }

  // A condition that the first record fulfils, as [column, operator, value].
  get condition() {
    const known = ({ name, type, one_of: choices }) =>
      !this.key.includes(name) && !["json", "image", "uuid"].includes(type) && this.record[name] !== undefined && this.record[name] !== null
      && !(type === "number" && typeof this.record[name] !== "number") && !(type === "text" && !choices && /[^\x20-\x7e]/.test(this.record[name]));
    const column = this.columns.find((one) => NUMBERS.includes(one.type) && known(one)) ?? this.columns.find(known);
    if (!column) return null;
    return [column.name, NUMBERS.includes(column.type) && !column.one_of ? "gte" : "eq", this.record[column.name]];
  }

  get group() {
    const can = (column) => !["json", "image"].includes(column.type);
    const column = this.columns.find((one) => can(one) && (one.one_of || one.type === "boolean")) ?? this.columns.find((one) => can(one) && !this.key.includes(one.name));
    return column?.name;
  }
}

// A key as it stands in an address.
function keyPath(values) {
  return values.map((value) => encodeURIComponent(String(value))).join(",");
}
