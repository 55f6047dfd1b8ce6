// A part of Swagger UI: texts of datasets are shown as texts, without the HTML and the images that Markdown may have.
function paragraphs(h, source) {
  const parts = (text) => text.split(/`([^`]+)`/).map((part, place) => (place % 2 ? h("code", { key: place }, part) : part));
  return source.trim().split(/\n{2,}/).map((text, place) => h("p", { key: place }, ...parts(text)));
}

function plainTexts() {
  return {
    wrapComponents: {
      Markdown: (_, system) => ({ source, className = "" }) => {
        const h = system.React.createElement;
        return source ? h("div", { className: `markdown ${className}` }, paragraphs(h, source)) : null;
      },
      // It stands in a button, where nothing else can be pressed.
      DeepLink: (_, system) => ({ text }) => system.React.createElement("span", null, text),
    },
  };
}
