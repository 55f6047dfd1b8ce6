// Fills the document that is shown with values, so that each request works as it opens.
const NOTHING = "00000000-0000-0000-0000-000000000000";

// What requests need that would take something away: made just before they are sent. By method and path.
const makers = new Map();

function resolved(document, node) {
  let found = node;
  while (found?.$ref) {
    found = found.$ref.slice(2).split("/").reduce((part, name) => part?.[name.replaceAll("~1", "/").replaceAll("~0", "~")], document);
  }
  return found;
}

// The values of a record that the document itself shows, for each column one.
function recordShown(document, name) {
  const properties = document.components?.schemas?.[`${name}_view`]?.properties ?? {};
  const examples = Object.entries(properties).map(([column, schema]) => [column, schema.examples?.[0]]);
  return Object.fromEntries(examples.filter(([, value]) => value !== undefined));
}

function fill(document, samples, facts) {
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      if (typeof operation !== "object" || Array.isArray(operation)) continue;
      const [, named] = path.match(/^\/datasets\/([^/{]+)/) ?? [];
      const sample = named ? samples.get(named) : facts.sample;
      // A key of several columns has a parameter for each.
      const place = path.replace(`/datasets/${named}`, "/datasets/{dataset}").replace(/\/records\/\{.*\}$/, "/records/{key}");
      const values = valuesFor(`${method} ${place}`, sample, facts);
      fillParameters(document, operation, values.parameters ?? {});
      if (values.body !== undefined) fillBody(document, operation, values.body);
      shortenProblems(document, operation);
    }
  }
}

// Each problem has a page: an example of every one would bury what an operation answers otherwise.
function shortenProblems(document, operation) {
  for (const [status, response] of Object.entries(operation.responses ?? {})) {
    if (/^[123]/.test(status)) continue;
    operation.responses[status] = { description: `${resolved(document, response).description}. See ${ROOT}/problems.` };
  }
}

function fillParameters(document, operation, values) {
  if (!operation.parameters) return;
  operation.parameters = operation.parameters.map((given) => {
    const parameter = resolved(document, given);
    const value = values[parameter.name];
    if (value !== undefined) return { ...parameter, example: value, examples: undefined };
    // Swagger UI makes up members of an object.
    if (resolved(document, parameter.schema)?.type === "object") return { ...parameter, example: {} };
    // A reference stays one: there are a hundred for each dataset.
    return given;
  });
}

function fillBody(document, operation, body) {
  const whole = { ...resolved(document, operation.requestBody) };
  const content = Object.entries(whole.content ?? {}).map(([type, media]) => {
    if (!type.includes("json")) return [type, media];
    if (!media.examples) return [type, { ...media, example: body }];
    return [type, { ...media, examples: { first: { summary: "An example that works", value: body }, ...media.examples } }];
  });
  operation.requestBody = { ...whole, content: Object.fromEntries(content) };
}

function valuesFor(request, sample, facts) {
  const dataset = sample?.name ?? facts.newName;
  const fixed = {
    "post /datasets": { body: facts.newDataset },
    "get /datasets/{dataset}": { parameters: { dataset } },
    "patch /datasets/{dataset}": { parameters: { dataset }, body: { title: facts.titles.get(dataset) ?? null } },
    "delete /datasets/{dataset}": { parameters: { dataset: facts.newName } },
    "post /datasets/{dataset}/imports": { parameters: { dataset, mode: undefined }, body: { filename: "example.csv" } },
    "get /datasets/{dataset}/imports": { parameters: { dataset } },
    "get /imports/{import}": { parameters: { import: facts.lastImport ?? NOTHING } },
    "get /imports/{import}/rejections": { parameters: { import: facts.endedImport ?? NOTHING } },
    "post /imports/{import}/cancel": { parameters: { import: NOTHING } },
    "get /imports/{import}/parts": { parameters: { import: NOTHING } },
    "post /imports/{import}/parts": { parameters: { import: NOTHING }, body: { parts: [1] } },
    "post /imports/{import}/complete": { parameters: { import: NOTHING } },
    "post /images": { body: { filename: "example.png", size: 1000 } },
    "get /images": { parameters: {} },
    "get /images/{image}": { parameters: { image: facts.image ?? NOTHING } },
    "patch /images/{image}": { parameters: { image: NOTHING }, body: { alt: "An example" } },
    "delete /images/{image}": { parameters: { image: NOTHING } },
    "get /images/{image}/original": { parameters: { image: facts.image ?? NOTHING } },
    "get /images/{image}/content": { parameters: { image: facts.image ?? NOTHING, w: 640 } },
    "post /keys": { body: { name: "example", scopes: ["read"] } },
    "delete /keys/{key}": { parameters: { key: NOTHING } },
  };
  return fixed[request] ?? (sample ? recordValues(request, sample) : { parameters: { dataset } });
}

function recordValues(request, sample) {
  const names = sample.key.length === 1 ? ["key"] : sample.key;
  const at = (values) => ({ dataset: sample.name, ...Object.fromEntries(names.map((name, place) => [name, String(values[place])])) });
  const [name, operator, value] = sample.condition ?? [];
  const where = name ? { where: { [name]: { [operator]: value } } } : {};
  const first = sample.store === "keyvalue" ? { [sample.key[0]]: sample.existingKey[0] } : {};
  const single = (key) => (key.length === 1 ? key[0] : key);
  const known = {
    "get /datasets/{dataset}/records": { parameters: { dataset: sample.name, ...first } },
    "post /datasets/{dataset}/records": { parameters: { dataset: sample.name }, body: sample.fresh },
    "post /datasets/{dataset}/records/query": { parameters: { dataset: sample.name }, body: { ...where, limit: 5 } },
    "post /datasets/{dataset}/records/get": { parameters: { dataset: sample.name }, body: { keys: [single(sample.existingKey)] } },
    "get /datasets/{dataset}/aggregate": { parameters: { dataset: sample.name, ...(sample.group ? { _group: [sample.group] } : {}), _aggregate: ["count"] } },
    "get /datasets/{dataset}/records/{key}": { parameters: at(sample.existingKey) },
    "put /datasets/{dataset}/records/{key}": { parameters: at(sample.freshKey), body: sample.replacement },
    "patch /datasets/{dataset}/records/{key}": { parameters: at(sample.changedKey), body: sample.change },
    "delete /datasets/{dataset}/records/{key}": { parameters: at(sample.freshKey) },
  };
  return known[request] ?? { parameters: { dataset: sample.name } };
}

// Has a request that names an example find one. Each maker answers the path to send it to instead, if it is another.
function prepareMakers(samples, facts) {
  makers.clear();
  makers.set(`DELETE /datasets/${facts.newName}`, async () => {
    await ask("/datasets", { method: "POST", body: { name: facts.newName } });
  });
  const dataset = facts.sample?.name;
  if (dataset) {
    const announced = () => ask(`/datasets/${dataset}/imports`, { method: "POST", body: { filename: "example.csv" } });
    const inParts = () => ask(`/datasets/${dataset}/imports`, { method: "POST", body: { filename: "example.csv", size: 100000000, in_parts: true } });
    const ended = async () => {
      const made = await announced();
      await ask(`/imports/${made?.id}/cancel`, { method: "POST" });
      return made;
    };
    makers.set(`POST /imports/${NOTHING}/cancel`, async () => `/imports/${(await announced())?.id}/cancel`);
    for (const request of ["GET parts", "POST parts", "POST complete"]) {
      const [method, end] = request.split(" ");
      makers.set(`${method} /imports/${NOTHING}/${end}`, async () => `/imports/${(await inParts())?.id}/${end}`);
    }
    makers.set(`GET /imports/${NOTHING}`, async () => `/imports/${(await announced())?.id}`);
    makers.set(`GET /imports/${NOTHING}/rejections`, async () => `/imports/${(await ended())?.id}/rejections`);
  }
  for (const method of ["GET", "PATCH", "DELETE"]) {
    makers.set(`${method} /images/${NOTHING}`, async () => {
      const made = await ask("/images", { method: "POST", body: { filename: "example.png", size: 1000 } });
      return made && `/images/${made.id}`;
    });
  }
  makers.set(`DELETE /keys/${NOTHING}`, async () => {
    const made = await ask("/keys", { method: "POST", body: { name: "example", scopes: ["read"] } });
    return made && `/keys/${made.id}`;
  });
  for (const sample of [...samples.values(), facts.sample].filter(Boolean)) {
    const records = `/datasets/${sample.name}/records`;
    const place = `${records}/${keyPath(sample.freshKey)}`;
    const shown = decodeURIComponent(place);
    // The database numbers the records of a dataset without a key: only one that was added has a number.
    const added = async () => {
      const made = await ask(records, { method: "POST", body: sample.newRecord() });
      return made && `${records}/${made[ROW_ID]}`;
    };
    const put = async () => {
      await ask(place, { method: "PUT", body: sample.withoutKey(sample.fresh), headers: { "If-None-Match": "*" } });
    };
    for (const method of sample.isNumbered ? ["PUT", "PATCH", "DELETE"] : ["PATCH", "DELETE"]) {
      makers.set(`${method} ${shown}`, sample.isNumbered ? added : put);
    }
  }
}

async function beforeSending(request) {
  const url = new URL(request.url, location.href);
  if (url.origin !== location.origin) return request;
  // The key is added when the request is sent, not before: what was sent is shown, and may be on someone else's screen.
  request.userFetch = (address, sent) => fetch(address, { ...sent, headers: { ...sent.headers, ...authorization() } });
  const path = decodeURIComponent(url.pathname.slice(ROOT.length));
  const made = await makers.get(`${request.method.toUpperCase()} ${path}`)?.();
  if (made) request.url = location.origin + ROOT + made + url.search;
  return request;
}
