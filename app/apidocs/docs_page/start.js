// Asks for what the page shows, and shows it; again whenever the key is another.

// Of an index, a few are enough for examples.
async function listDatasets(isIndex) {
  if (!sessionStorage.getItem(STORED)) return [];
  return (await ask(`/datasets?_limit=${isIndex ? 50 : 1000}`))?.data ?? [];
}

// The first records; of a key-value dataset, which has no order, the one that the document shows.
async function findRecords(dataset, shown) {
  if (dataset.columns.length === 0) return [];
  if (dataset.store === "relational") return (await ask(`/datasets/${dataset.name}/records?_limit=5`))?.data ?? [];
  const sample = new Sample(dataset, shown, null);
  const record = sample.isKnown ? await ask(`/datasets/${dataset.name}/records/${keyPath(sample.existingKey)}`) : null;
  return record ? [record] : [];
}

// The dataset that the fixed routes are tried with: one of the first that has records.
async function chooseSample(datasets, samples) {
  const relational = datasets.filter(({ store, columns }) => store === "relational" && columns.length > 0);
  for (const dataset of relational.slice(0, 5)) {
    const [own] = await findRecords(dataset, {});
    if (own) return new Sample(dataset, samples.get(dataset.name).record, own);
  }
  const known = [...samples.values()];
  return known.find(({ isKnown }) => isKnown) ?? known.find(({ columns }) => columns.length > 0) ?? known[0];
}

// What the examples of the fixed routes are about.
async function findFacts(datasets, samples) {
  const names = new Set(datasets.map(({ name }) => name));
  let newName = "example";
  for (let number = 2; names.has(newName); number += 1) newName = `example_${number}`;
  const sample = DATASET === null ? await chooseSample(datasets, samples) : undefined;
  const imports = sample ? (await ask(`/datasets/${sample.name}/imports?_limit=50`))?.data ?? [] : [];
  const image = DATASET === null ? (await ask("/images?_limit=1&status=ready"))?.data?.[0]?.id : undefined;
  return {
    sample,
    newName,
    image,
    titles: new Map(datasets.map(({ name, title }) => [name, title])),
    newDataset: {
      name: newName,
      title: "An example",
      key: ["code"],
      columns: [{ name: "code", type: "text" }, { name: "price", type: "decimal", precision: 10, scale: 2, min: 0 }],
    },
    lastImport: imports[0]?.id,
    endedImport: imports.find(({ status }) => ["succeeded", "failed", "cancelled"].includes(status))?.id,
  };
}

function refuse(text) {
  // A key that does not work must not keep the reader from giving another.
  sessionStorage.removeItem(STORED);
  showAccess();
  tell(text);
}

function tell(text) {
  for (const id of ["dataset", "everything", "requests"]) element(id).hidden = true;
  element("ui").replaceChildren();
  element("message").textContent = text;
  element("message").hidden = false;
}

async function show() {
  showAccess();
  const response = await fetch("openapi.json", { headers: authorization() });
  const body = await response.json();
  if (response.status === 401) return refuse([body.detail, "Give a key above to see this page."].join(" "));
  if (!response.ok) return tell([body.detail, body.hint].filter(Boolean).join(" "));
  element("message").hidden = true;
  const datasets = DATASET === null ? await listDatasets(INDEX in body) : [await ask(`/datasets/${DATASET}`)].filter(Boolean);
  const samples = new Map();
  for (const dataset of datasets) {
    const shown = recordShown(body, dataset.name);
    const records = DATASET === null ? [] : await findRecords(dataset, shown);
    const sample = new Sample(dataset, shown, records[0]);
    samples.set(dataset.name, sample);
    if (DATASET !== null) await showDataset(dataset, records, sample);
  }
  if (DATASET === null) showEverything(body, datasets);
  const facts = await findFacts(datasets, samples);
  if (DATASET === null && samples.size > MOST_WITH_REQUESTS) leaveOutDatasets(body, samples);
  // The fixed routes first.
  body.tags = (body.tags ?? []).toSorted((one, other) => samples.has(one.name) - samples.has(other.name));
  prepareMakers(samples, facts);
  fill(body, samples, facts);
  showRequests(body);
}

// Swagger UI takes a minute for the requests of a hundred datasets; the page of each has them.
const MOST_WITH_REQUESTS = 20;

function leaveOutDatasets(body, samples) {
  const kept = (members, nameOf) => Object.fromEntries(Object.entries(members ?? {}).filter(([key]) => !samples.has(nameOf(key))));
  body.paths = kept(body.paths, (path) => path.match(/^\/datasets\/([^/{]+)/)?.[1]);
  body.components.schemas = kept(body.components.schemas, (name) => name.replace(/(_[a-z]+|\..*)$/, ""));
  // The routes of any dataset refer to none.
  body.components.parameters = {};
  body.tags = body.tags.filter(({ name }) => !samples.has(name));
  element("total").textContent = "Each has a page of its own, with its columns and all requests for its records.";
}

function showRequests(body) {
  element("requests").hidden = false;
  SwaggerUIBundle({
    // The page is served from where the API is, whatever address that has elsewhere.
    spec: { ...body, servers: [{ url: ROOT || "/" }] },
    dom_id: "#ui",
    deepLinking: true,
    docExpansion: DATASET === null ? "none" : "list",
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    validatorUrl: null,
    plugins: [plainTexts, foldingFilters(groupFilters(body))],
    requestInterceptor: beforeSending,
  });
}

// Swagger UI has its dark colours under a class.
const darkness = matchMedia("(prefers-color-scheme: dark)");
const followDarkness = () => document.documentElement.classList.toggle("dark-mode", darkness.matches);
darkness.addEventListener("change", followDarkness);
followDarkness();

element("access").addEventListener("submit", (event) => {
  event.preventDefault();
  const given = element("key").value.trim();
  if (given) sessionStorage.setItem(STORED, given);
  element("key").value = "";
  show();
});
element("forget").addEventListener("click", () => {
  sessionStorage.removeItem(STORED);
  show();
});
element("accept").addEventListener("click", () => { answer(true); show(); });
element("decline").addEventListener("click", () => answer(false));
element("search").addEventListener("input", showNames);
element("find-column").addEventListener("input", findColumns);
window.addEventListener("hashchange", () => {
  if (location.hash.startsWith("#key=")) { takeKeyOfLink(); show(); }
});
takeKeyOfLink();
show();
