// A page to try operations on: it asks this server alone, by POST, and by a websocket where the operation is a subscription.
const at = (id) => document.getElementById(id);
const base = document.body.dataset.base;
const [query, variables, result, state, schema, search] = ["query", "variables", "result", "state", "schema", "search"].map(at);
const given = new URLSearchParams(location.search);
let socket = null;

query.value = given.get("query") ?? "{\n  version\n}";
variables.value = given.get("variables") ?? "";
at("run").addEventListener("click", run);
at("stop").addEventListener("click", () => end("stopped"));
search.addEventListener("input", showSchema);
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    run();
  }
});

function operation() {
  const text = variables.value.trim();
  return { query: query.value, variables: text ? JSON.parse(text) : null };
}

async function run() {
  end("");
  let asked;
  try {
    asked = operation();
  } catch (error) {
    result.textContent = `The variables are no JSON: ${error.message}`;
    return;
  }
  if (/^\s*(#[^\n]*\n\s*)*subscription\b/.test(query.value)) follow(asked);
  else {
    state.textContent = "…";
    const began = performance.now();
    const answer = await ask(asked);
    state.textContent = `${answer.status}, ${Math.round(performance.now() - began)} ms`;
    result.textContent = answer.text;
  }
}

async function ask(asked) {
  try {
    const response = await fetch(`${base}/graphql`, {
      method: "POST", headers: { "Content-Type": "application/json", ...proof() }, body: JSON.stringify(asked),
    });
    const text = await response.text();
    try {
      const data = JSON.parse(text);
      return { status: response.status, data, text: JSON.stringify(data, null, 2) };
    } catch {
      return { status: response.status, data: null, text };
    }
  } catch (error) {
    return { status: "no answer", data: null, text: String(error) };
  }
}

// What Jupyter Server wants to see of a page of its own, where it is in front.
function proof() {
  const found = /(?:^|; )_xsrf=([^;]+)/.exec(document.cookie);
  return found ? { "X-XSRFToken": found[1] } : {};
}

function follow(asked) {
  const own = new WebSocket(`${location.origin.replace(/^http/, "ws")}${base}/graphql`, "graphql-transport-ws");
  socket = own;
  at("stop").disabled = false;
  result.textContent = "";
  state.textContent = "listening";
  own.onopen = () => own.send(JSON.stringify({ type: "connection_init" }));
  own.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.type === "connection_ack") own.send(JSON.stringify({ id: "1", type: "subscribe", payload: asked }));
    else if (message.type === "ping") own.send(JSON.stringify({ type: "pong" }));
    else if (message.type === "complete") end("complete");
    else {
      result.textContent = `${JSON.stringify(message.payload, null, 2)}\n\n${result.textContent}`.slice(0, 400_000);
      if (message.type === "error") end("refused");
    }
  };
  own.onclose = () => { if (socket === own) end("closed"); };
}

function end(text) {
  const own = socket;
  socket = null;
  own?.close();
  at("stop").disabled = true;
  if (own || text) state.textContent = text;
}

// -- the schema ----------------------------------------------------------------------------------------------------------------------

const OF = "kind name ofType { kind name ofType { kind name ofType { kind name ofType { name kind } } } }";
const FIELDS = `fields { name description args { name type { ${OF} } } type { ${OF} } } inputFields { name type { ${OF} } }`;
const SCHEMA = `{ __schema { types { kind name description ${FIELDS} enumValues { name } possibleTypes { name } } } }`;
let types = [];

function typeText(type) {
  if (!type) return "";
  if (type.kind === "NON_NULL") return `${typeText(type.ofType)}!`;
  return type.kind === "LIST" ? `[${typeText(type.ofType)}]` : type.name;
}

function lines(type) {
  const fields = [...(type.fields ?? []), ...(type.inputFields ?? [])].map((field) => {
    const args = (field.args ?? []).map((arg) => `${arg.name}: ${typeText(arg.type)}`).join(", ");
    return `${field.name}${args ? `(${args})` : ""}: ${typeText(field.type)}`;
  });
  return [...fields, ...(type.enumValues ?? []).map((one) => one.name), ...(type.possibleTypes ?? []).map((one) => `| ${one.name}`)];
}

function showSchema() {
  const wanted = search.value.trim().toLowerCase();
  const found = types.filter((type) => !wanted || `${type.name}\n${type.lines.join("\n")}`.toLowerCase().includes(wanted)).slice(0, 60);
  schema.replaceChildren(...found.map((type) => {
    const part = document.createElement("details");
    const head = document.createElement("summary");
    head.textContent = type.name;
    part.append(head, ...type.lines.map((text) => Object.assign(document.createElement("div"), { textContent: text })));
    part.open = found.length <= 3;
    return part;
  }));
}

const answer = await ask({ query: SCHEMA });
const first = ["Query", "Mutation", "Subscription"];
const rank = (type) => (first.includes(type.name) ? first.indexOf(type.name) : first.length);
types = (answer.data?.data?.__schema.types ?? [])
  .filter((type) => !type.name.startsWith("__"))
  .map((type) => ({ ...type, lines: lines(type) }))
  .sort((one, other) => rank(one) - rank(other) || one.name.localeCompare(other.name));
showSchema();
