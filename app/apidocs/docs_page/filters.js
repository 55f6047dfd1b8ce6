// A part of Swagger UI: the filters of a column are one line that opens, as a dataset has hundreds of them.
const FILTERED = /^\/datasets\/[a-z][a-z0-9_]*\/(?:records|aggregate)$/;
const opened = new Set();
const foldings = new EventTarget();

function isFilter(path, method, parameter) {
  return method === "get" && FILTERED.test(path) && parameter.get("in") === "query" && !parameter.get("name").startsWith("_") && !parameter.get("required");
}

// The filters of each column, by the operation: [path, method, column] as a text, and the names in their order.
function groupFilters(document) {
  const groups = new Map();
  for (const [path, { get }] of Object.entries(document.paths)) {
    if (!get?.parameters || !FILTERED.test(path)) continue;
    for (const given of get.parameters) {
      const { name, required, in: place } = resolved(document, given);
      if (place !== "query" || name.startsWith("_") || required) continue;
      const id = JSON.stringify([path, "get", name.split("__")[0]]);
      groups.set(id, [...(groups.get(id) ?? []), name]);
    }
  }
  return groups;
}

function foldingFilters(groups) {
  return () => ({
    wrapComponents: {
      parameterRow: (Row, system) => (props) => {
        const { createElement: h, Fragment, useEffect, useReducer } = system.React;
        const [, update] = useReducer((count) => count + 1, 0);
        useEffect(() => {
          foldings.addEventListener("change", update);
          return () => foldings.removeEventListener("change", update);
        }, []);
        const [path, method] = props.pathMethod;
        if (!isFilter(path, method, props.rawParam)) return h(Row, props);
        const name = props.rawParam.get("name");
        const column = name.split("__")[0];
        const id = JSON.stringify([path, method, column]);
        const names = groups.get(id) ?? [name];
        const isOpen = opened.has(id);
        const row = isOpen ? h(Row, props) : null;
        if (names[0] !== name) return row;
        const given = names.filter((one) => system.specSelectors.parameterWithMeta(props.pathMethod, one, "query").get("value"));
        const toggle = () => {
          if (isOpen) opened.delete(id);
          else opened.add(id);
          foldings.dispatchEvent(new Event("change"));
        };
        const text = given.length ? `${counted(names.length, "filter")}, ${given.length} given` : counted(names.length, "filter");
        const button = h("button", { type: "button", className: "folding", "aria-expanded": isOpen, onClick: toggle }, h("code", null, column), ` ${text}`);
        return h(Fragment, null, h("tr", { className: "folding-row" }, h("td", { colSpan: 2 }, button)), row);
      },
    },
  });
}
