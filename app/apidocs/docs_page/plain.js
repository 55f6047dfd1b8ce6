// A part of Swagger UI: texts of datasets are shown as texts, without the HTML and the images that Markdown may have, and
// requests as curl sends them with the key in the environment.
function paragraphs(h, source) {
  const parts = (text) => text.split(/`([^`]+)`/).map((part, place) => (place % 2 ? h("code", { key: place }, part) : part));
  return source.trim().split(/\n{2,}/).map((text, place) => h("p", { key: place }, ...parts(text)));
}

function quoted(text) {
  return `'${String(text).replaceAll("'", "'\\''")}'`;
}

function curlBody(body) {
  if (body === undefined || body === null) return [];
  if (body instanceof File) return [`--data-binary ${quoted(`@${body.name}`)}`];
  if (typeof body === "string") return [`-d ${quoted(body)}`];
  const fields = body.entrySeq ? body.entrySeq().toArray() : Object.entries(body);
  return fields.map(([name, value]) => `-F ${quoted(`${name}=${value instanceof File ? `@${value.name}` : value}`)}`);
}

function curlOf(request) {
  const headers = request.get("headers").entrySeq().toArray().map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`);
  const command = `curl -X ${request.get("method")} ${quoted(request.get("url"))}`;
  return [command, '-H "Authorization: Bearer $TOLVA_KEY"', ...headers, ...curlBody(request.get("body"))].join(" \\\n  ");
}

function plainTexts() {
  return {
    wrapComponents: {
      Markdown: (_, system) => ({ source, className = "" }) => {
        const h = system.React.createElement;
        return source ? h("div", { className: `markdown ${className}` }, paragraphs(h, source)) : null;
      },
      curl: (_, system) => ({ request }) => {
        const h = system.React.createElement;
        const text = curlOf(request);
        const button = h("button", { type: "button", onClick: (event) => copy(text, event.currentTarget) }, "Copy");
        return h("div", { className: "snippet" }, h("div", { className: "snippet-head" }, h("h4", null, "curl"), button), h("pre", { tabIndex: 0 }, text));
      },
      // It stands in a button, where nothing else can be pressed.
      DeepLink: (_, system) => ({ text }) => system.React.createElement("span", null, text),
    },
  };
}
