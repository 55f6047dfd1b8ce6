// How a program asks for the first records: as one would write it, and as it runs with a key in the environment.
function askedAddress(sample) {
  const base = `${location.origin}${ROOT}/datasets/${sample.name}/records`;
  if (sample.store === "keyvalue" && sample.key.length === 1) return `${base}/${keyPath(sample.existingKey)}`;
  const asked = [["_limit", 5]];
  if (sample.store === "keyvalue") {
    asked.unshift([sample.key[0], sample.existingKey[0]]);
  } else if (sample.condition) {
    const [name, operator, value] = sample.condition;
    asked.unshift([operator === "eq" ? name : `${name}__${operator}`, value]);
  }
  const query = asked.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join("&");
  return `${base}?${query}`.replaceAll("'", "%27");
}

function snippetsOf(address, isPage) {
  const [found, shown] = isPage ? ["data", "body.data"] : ["record", "body"];
  return {
    curl: `curl -H "Authorization: Bearer $TOLVA_KEY" \\\n  '${address}'`,
    TypeScript: `const response = await fetch(
  ${JSON.stringify(address)},
  {
    headers: { Authorization: \`Bearer \${process.env.TOLVA_KEY}\` },
  },
);
const body = await response.json();
if (!response.ok) throw new Error(\`\${body.title}: \${body.detail}\`);
console.log(${shown});`,
    Python: `import os

import httpx

response = httpx.get(
    ${JSON.stringify(address)},
    headers={"Authorization": f"Bearer {os.environ['TOLVA_KEY']}"},
)
response.raise_for_status()
${isPage ? `for record in response.json()["${found}"]:\n    print(record)` : "print(response.json())"}`,
  };
}

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Select and copy";
  }
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
}

function showSnippets(sample) {
  const isPage = !(sample.store === "keyvalue" && sample.key.length === 1);
  const snippets = Object.entries(snippetsOf(askedAddress(sample), isPage)).map(([language, text]) => {
    const button = make("button", "Copy", { type: "button", ariaLabel: `Copy the ${language} snippet` });
    button.addEventListener("click", () => copy(text, button));
    const code = make("pre", make("code", text), { tabIndex: 0, role: "region", ariaLabel: `${language} snippet` });
    const snippet = make("div", [make("div", [make("h3", language), button], { className: "snippet-head" }), code], { className: "snippet" });
    snippet.dataset.language = language.toLowerCase();
    return snippet;
  });
  element("snippets").replaceChildren(...snippets);
}
