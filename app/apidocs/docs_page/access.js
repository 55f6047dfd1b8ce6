// The reader's key: kept in the tab, sent with what the page asks for, and never part of the page's text or address.
const STORED = "tolva-key";
const ON_THIS_COMPUTER = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
const element = (id) => document.getElementById(id);
let proposed = null;

function shortened(key) {
  return `${key.slice(0, 14)}…`;
}

function keyOfLink() {
  if (!location.hash.startsWith("#key=")) return null;
  const text = location.hash.slice(5);
  // The key must not stay in the address: it would be shared and kept in the history.
  history.replaceState(null, "", location.pathname + location.search);
  try {
    const key = decodeURIComponent(text);
    return /^[\x21-\x7e]+$/.test(key) ? key : null;
  } catch {
    return null;
  }
}

// Anyone can write a link: with a stranger's key in it, the reader would work in the stranger's name.
function takeKeyOfLink() {
  const key = keyOfLink();
  const held = sessionStorage.getItem(STORED);
  if (key === null || key === held) return;
  // `tolva dev` prints such links.
  if (held === null && ON_THIS_COMPUTER) return sessionStorage.setItem(STORED, key);
  proposed = key;
  const instead = held === null ? "" : ` instead of yours, ${shortened(held)}`;
  element("proposal").textContent =
    `The link that led here has an API key, ${shortened(key)}. Use it${instead} only if you trust who gave you the link.`;
  element("question").hidden = false;
  element("decline").focus();
}

function answer(isAccepted) {
  if (isAccepted) sessionStorage.setItem(STORED, proposed);
  proposed = null;
  element("question").hidden = true;
}

function authorization() {
  const key = sessionStorage.getItem(STORED);
  return key ? { Authorization: "Bearer " + key } : {};
}

function showAccess() {
  const key = sessionStorage.getItem(STORED);
  element("status").textContent = key ? `Signed in with ${shortened(key)}` : "Not signed in: datasets are not shown";
  element("key").hidden = element("use").hidden = Boolean(key);
  element("forget").hidden = !key;
}

// What the API answers as JSON; null where it does not, for whatever reason.
async function ask(path, { method = "GET", body, headers = {} } = {}) {
  const sent = { ...authorization(), ...headers, ...(body === undefined ? {} : { "Content-Type": "application/json" }) };
  const response = await fetch(ROOT + path, { method, headers: sent, body: body && JSON.stringify(body) });
  if (!response.ok) return null;
  const text = await response.text();
  return text ? JSON.parse(text) : {};
}
