// What a dataset is, before its requests: its columns, its first records, and how a program asks for them.
const FEW = 12;
// What a document of too many datasets has in their place.
const INDEX = "x-tolva-datasets";
const SHOWN_NAMES = 200;
const SHOWN_COLUMNS = 20;

function make(tag, content, attributes = {}) {
  const made = document.createElement(tag);
  Object.assign(made, attributes);
  made.append(...[content].flat());
  return made;
}

function counted(number, singular) {
  return `${number.toLocaleString("en")} ${singular}${number === 1 ? "" : "s"}`;
}

function typeOf(column) {
  return column.type === "decimal" ? `decimal(${column.precision}, ${column.scale})` : column.type;
}

function constraintsOf(column) {
  return [
    column.required && "required",
    column.unique && "unique",
    column.min !== undefined && `at least ${column.min}`,
    column.max !== undefined && `at most ${column.max}`,
    column.max_length !== undefined && `at most ${counted(column.max_length, "character")}`,
    column.pattern !== undefined && `fits ${column.pattern}`,
    column.one_of && `one of ${column.one_of.slice(0, FEW).join(", ")}${column.one_of.length > FEW ? ", …" : ""}`,
    column.references && `refers to ${column.references}`,
  ].filter(Boolean);
}

function shownValue(value) {
  if (value === null || value === undefined) return make("span", "null", { className: "quiet" });
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function columnRow(column, dataset, example) {
  const name = [make("code", column.name)];
  if (dataset.key.includes(column.name)) name.push(" ", make("span", "key", { className: "badge" }));
  const about = [column.label !== column.name && column.label, column.description].filter(Boolean).join(": ");
  if (about) name.push(make("div", about, { className: "quiet" }));
  const type = [make("code", typeOf(column))];
  const constraints = constraintsOf(column);
  if (constraints.length) type.push(make("div", constraints.join("; "), { className: "quiet" }));
  const row = make("tr", [make("th", name, { scope: "row" }), make("td", type), make("td", example === undefined ? "" : shownValue(example))]);
  row.dataset.search = [column.name, about, column.type].join(" ").toLowerCase();
  return row;
}

function headOf(...names) {
  return make("thead", make("tr", names.map((name) => make("th", name, { scope: "col" }))));
}

function showColumns(dataset, record) {
  const rows = dataset.columns.map((column) => columnRow(column, dataset, record?.[column.name]));
  element("columns").replaceChildren(headOf("Column", "Type", "Example"), make("tbody", rows));
  element("find-column").hidden = rows.length <= FEW;
  element("columns-found").textContent = rows.length ? "" : "None yet: the first import infers them.";
  element("columns").parentElement.hidden = rows.length === 0;
}

function findColumns() {
  const wanted = element("find-column").value.trim().toLowerCase();
  const rows = [...element("columns").querySelectorAll("tbody tr")];
  for (const row of rows) row.hidden = !row.dataset.search.includes(wanted);
  const found = rows.filter((row) => !row.hidden).length;
  element("columns-found").textContent = wanted ? counted(found, "column") : "";
}

function showRecords(dataset, records) {
  element("first").hidden = records.length === 0;
  const names = [...(dataset.key.length ? [] : [ROW_ID]), ...dataset.columns.map(({ name }) => name)];
  const shown = names.slice(0, SHOWN_COLUMNS);
  const rows = records.map((record) => make("tr", shown.map((name) => make("td", shownValue(record[name])))));
  element("records").replaceChildren(headOf(...shown), make("tbody", rows));
  const more = names.length - shown.length;
  element("records-more").textContent = more ? `${counted(more, "more column")} not shown.` : "";
}

function showFacts(dataset) {
  const facts = [
    dataset.record_count === null ? null : `about ${counted(dataset.record_count, "record")}`,
    counted(dataset.columns.length, "column"),
    dataset.key.length ? `key: ${dataset.key.join(", ")}` : "no key: records are numbered",
    dataset.store === "keyvalue" ? "key-value store" : "relational store",
  ];
  const badges = facts.filter(Boolean).flatMap((fact) => [make("span", fact, { className: "badge" }), " "]);
  element("facts").replaceChildren(...badges);
}

async function showDataset(dataset, records, sample) {
  const title = dataset.title ?? dataset.name;
  document.title = `${title} · Tolva`;
  element("title").textContent = title;
  element("about").textContent = dataset.description ?? "";
  showFacts(dataset);
  showColumns(dataset, sample.record);
  showRecords(dataset, records);
  showSnippets(sample);
  element("dataset").hidden = false;
}

// The datasets by name, with a search: the page of each is better than all of them on one.
let listed = [];

function showNames() {
  const wanted = element("search").value.trim().toLowerCase();
  const found = listed.filter(({ name, title }) => `${name} ${title ?? ""}`.toLowerCase().includes(wanted));
  const items = found.slice(0, SHOWN_NAMES).map(({ name, title, records, href }) => {
    const about = [title !== name && title, Number.isInteger(records) && `about ${counted(records, "record")}`].filter(Boolean);
    return make("li", [make("a", name, { href }), ...(about.length ? [make("span", about.join(" · "), { className: "quiet" })] : [])]);
  });
  element("names").replaceChildren(...items);
  const more = found.length - items.length;
  element("rest").textContent = more ? `${more.toLocaleString("en")} more: type more of the name.` : found.length ? "" : "None found.";
}

function showEverything(body, datasets) {
  document.title = body.info.title;
  element("summary").textContent = body.info.summary ?? "";
  const index = body[INDEX];
  const entry = ({ name, title, record_count: records }) => ({ name, title, records, href: `datasets/${name}/docs` });
  listed = index ? index.names.map((name) => ({ name, href: index.page.replace("{dataset}", name) })) : datasets.map(entry);
  element("total").textContent = index ? indexText(index) : "Each has a page of its own, with its columns and how to ask for its records.";
  element("datasets").hidden = listed.length === 0;
  element("search").hidden = listed.length <= FEW;
  showNames();
  element("everything").hidden = false;
}

function indexText(index) {
  const first = index.names.length < index.total ? ` The first ${index.names.length.toLocaleString("en")} are named.` : "";
  return `There are ${index.total.toLocaleString("en")}, too many to be shown at once; each has a page of its own.${first}`;
}
