// Chat on the left, the pool on the right. Text from anywhere becomes text nodes, never markup.

const KEY = "picoserve-key";
const MINUTE = 60;
const POLL_MS = 1000;
const RATE_SECONDS = 5;

const $ = (id) => document.getElementById(id);

function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

// ---------------------------------------------------------------- the key

const key = {
  get: () => sessionStorage.getItem(KEY) ?? "",
  keep: (text) => sessionStorage.setItem(KEY, text),
  forget: () => sessionStorage.removeItem(KEY),
  headers: () => (key.get() ? { authorization: `Bearer ${key.get()}` } : {}),
  // Others cannot be sent, and no server has them.
  isPossible: (text) => /^[!-~]+$/.test(text),
};

// A server that has asked once is not asked again without a key: the pool can be watched as well.
const mayAsk = () => Boolean(key.get()) || $("key-button").hidden;

function askForKey(problem = "") {
  $("key-button").hidden = false;
  $("key-problem").textContent = problem;
  if (!$("key-dialog").open) $("key-dialog").showModal();
  $("key").select();
}

function keyRefused() {
  askForKey(key.get() ? "This key is not accepted." : "");
  key.forget();
}

$("key-button").addEventListener("click", () => askForKey());
$("key-cancel").addEventListener("click", () => $("key-dialog").close());
$("key-dialog").addEventListener("close", () => $("message").focus());
$("key-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = $("key").value.trim();
  if (!key.isPossible(given)) {
    askForKey("A key has printable ASCII characters without blanks; this one has another character.");
    return;
  }
  $("key-problem").textContent = "";
  key.keep(given);
  if (await loadModels()) {
    $("key").value = "";
    $("key-dialog").close();
  } else {
    key.forget();
  }
});

// ---------------------------------------------------------------- what goes wrong

async function refusal(response) {
  const body = await response.json().catch(() => null);
  return new Error(body?.error?.message ?? `The server answered with HTTP ${response.status}.`);
}

// What `fetch` throws has another text in each browser.
function words(error) {
  return error instanceof TypeError ? "The server cannot be reached." : error.message;
}

// ---------------------------------------------------------------- models

let picked = false; // by a person

async function loadModels() {
  try {
    const response = await fetch("v1/models", { headers: key.headers() });
    if (response.status === 401) {
      keyRefused();
      return false;
    }
    if (!response.ok) throw await refusal(response);
    showModels((await response.json()).data);
    return true;
  } catch (error) {
    $("key-problem").textContent = words(error);
    return false;
  }
}

function showModels(models) {
  const select = $("model");
  const chosen = select.value;
  // A list that is open in front of somebody stays as it is while its models load.
  if (models.map((model) => model.id).join(" ") !== [...select.options].map((option) => option.value).join(" ")) {
    select.replaceChildren(...models.map((model) => new Option(model.id, model.id)));
    if (models.some((model) => model.id === chosen)) select.value = chosen;
    else picked = false;
  }
  models.forEach((model, i) => (select.options[i].dataset.capabilities = (model.capabilities ?? []).join(" ")));
  const able = [...select.options].find((option) => /generation|ocr/.test(option.dataset.capabilities));
  if (able && !picked && !capabilities()) able.selected = true;
  offerImage();
}

function capabilities() {
  return $("model").selectedOptions[0]?.dataset.capabilities ?? "";
}

// ---------------------------------------------------------------- an image

const LARGEST_FILE = 2_000_000;
const LONGEST_SIDE = 2048;
let image = "";

function offerImage() {
  const takesImages = /vision|ocr/.test(capabilities());
  $("image-button").hidden = !takesImages;
  if (!takesImages) attach("");
}

function attach(url) {
  image = url;
  $("attached").hidden = !url;
  if (url) $("attached-image").src = url;
  else $("attached-image").removeAttribute("src");
}

function dataUrl(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result));
    reader.addEventListener("error", () => reject(reader.error));
    reader.readAsDataURL(file);
  });
}

// A photograph would not fit into a request; no model looks at so many pixels.
async function smaller(file) {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = element("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  // As the server lays it; what a JPEG cannot show through would be black.
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/jpeg", 0.9);
}

$("model").addEventListener("change", () => {
  picked = true;
  offerImage();
});
$("image-button").addEventListener("click", () => $("image").click());
$("attached-remove").addEventListener("click", () => attach(""));
$("image").addEventListener("change", async () => {
  const [file] = $("image").files;
  $("image").value = "";
  if (!file) return;
  try {
    attach(await (file.size > LARGEST_FILE ? smaller(file) : dataUrl(file)));
  } catch {
    showError("This file cannot be read as an image.");
  }
  $("message").focus();
});

// ---------------------------------------------------------------- the conversation

let messages = [];
let running = null;

function scroll() {
  $("log").scrollTop = $("log").scrollHeight;
}

function show(turn) {
  $("welcome").hidden = true;
  $("log").append(turn);
  scroll();
  return turn;
}

function showUser(text, url) {
  const turn = element("article", "turn user");
  turn.setAttribute("aria-label", "You");
  if (url) {
    const shown = element("img");
    shown.src = url;
    shown.alt = "The image that was sent";
    shown.addEventListener("load", scroll);
    turn.append(shown);
  }
  if (text) turn.append(element("p", "text", text));
  show(turn);
}

function showError(text, again) {
  const turn = element("article", "turn error");
  turn.setAttribute("role", "alert");
  turn.append(element("span", "", text));
  if (again) {
    const button = element("button", "", "Try again");
    button.type = "button";
    button.addEventListener("click", () => again());
    turn.append(button);
  }
  show(turn);
}

function number(id) {
  const value = $(id).valueAsNumber;
  return Number.isNaN(value) ? undefined : value;
}

function tools() {
  const text = $("tools").value.trim();
  $("tools-problem").textContent = "";
  if (!text) return undefined;
  try {
    const list = JSON.parse(text);
    if (!Array.isArray(list)) throw new Error("not a list");
    return list;
  } catch (error) {
    $("tools-problem").textContent = `Not a JSON list: ${error.message}`;
    $("settings").open = true;
    throw error;
  }
}

function request() {
  const system = $("system").value.trim();
  const body = {
    model: $("model").value,
    messages: system ? [{ role: "system", content: system }, ...messages] : messages,
    stream: true,
    stream_options: { include_usage: true },
    tools: tools(),
  };
  for (const name of ["temperature", "top_p", "max_tokens", "seed"]) body[name] = number(name);
  return JSON.stringify(body);
}

async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error("The answer ended before its end mark.");
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      if (!line.startsWith("data:")) continue;
      const data = line.slice(5).trim();
      if (data === "[DONE]") return;
      const event = JSON.parse(data);
      if (event.error) throw new Error(event.error.message);
      yield event;
    }
  }
}

function addCalls(calls, deltas) {
  for (const delta of deltas) {
    const call = (calls[delta.index] ??= { id: "", type: "function", function: { name: "", arguments: "" } });
    call.id ||= delta.id ?? "";
    call.function.name += delta.function?.name ?? "";
    call.function.arguments += delta.function?.arguments ?? "";
  }
}

function pretty(json) {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}

function callCard(call) {
  const card = element("section", "call");
  const title = element("h2", "", call.function.name);
  title.append(element("span", "", " is asked for"));
  card.append(title, element("pre", "", pretty(call.function.arguments)));
  const form = element("form");
  const input = element("input");
  input.placeholder = "What the tool returns";
  input.setAttribute("aria-label", `What ${call.function.name} returns`);
  const button = element("button", "send", "Return");
  form.append(input, button);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (running) return;
    messages.push({ role: "tool", tool_call_id: call.id, content: input.value });
    form.replaceWith(element("p", "result", `→ ${input.value}`));
    if (!openCalls().length) answer();
  });
  card.append(form);
  return card;
}

function openCalls() {
  const done = new Set(messages.map((message) => message.tool_call_id));
  const asked = messages.flatMap((message) => message.tool_calls ?? []);
  return asked.filter((call) => !done.has(call.id));
}

function metaLine(times, tokens, finish, engine, isCall) {
  const parts = [];
  if (times.first) parts.push(`first token ${Math.round(times.first - times.began)} ms`);
  const seconds = (times.last - times.first) / 1000;
  // A call comes in one burst once it is complete, which tells nothing of the speed.
  if (tokens > 1 && seconds > 0 && !isCall) parts.push(`${Math.round((tokens - 1) / seconds).toLocaleString("en")} tokens/s`);
  parts.push(`${tokens} ${tokens === 1 ? "token" : "tokens"}`);
  if (engine) parts.push(engine);
  if (finish && finish !== "stop" && finish !== "tool_calls") parts.push(finish);
  return parts.join(" · ");
}

function setRunning(controller) {
  running = controller;
  $("stop").hidden = !controller;
  $("send").hidden = Boolean(controller);
}

async function answer() {
  if (running) return;
  let body;
  try {
    body = request();
  } catch {
    return;
  }
  // An error belongs to the turn that it ended: only the last one can be tried again.
  document.querySelectorAll(".turn.error").forEach((error) => error.remove());
  const conversation = messages; // "New conversation" begins another list.
  const controller = new AbortController();
  setRunning(controller);
  const turn = element("article", "turn assistant");
  turn.setAttribute("aria-label", "Answer");
  turn.setAttribute("aria-busy", "true");
  const text = element("p", "text");
  turn.append(text);
  show(turn);
  const times = { began: performance.now(), first: 0, last: 0 };
  const calls = [];
  let thoughts = null, said = "", parts = 0, usage = null, finish = "", engine = "", failure = null;
  try {
    const response = await fetch("v1/chat/completions", {
      method: "POST",
      headers: { "content-type": "application/json", ...key.headers() },
      body,
      signal: controller.signal,
    });
    if (!response.ok) {
      if (response.status === 401) keyRefused();
      throw await refusal(response);
    }
    engine = response.headers.get("x-picoserve-engine") ?? "";
    for await (const event of events(response)) {
      usage = event.usage ?? usage;
      const choice = event.choices?.[0];
      if (!choice) continue;
      finish = choice.finish_reason ?? finish;
      const piece = choice.delta.content ?? "";
      const thought = choice.delta.reasoning_content ?? "";
      if (!piece && !thought && !choice.delta.tool_calls) continue;
      times.last = performance.now();
      times.first ||= times.last;
      parts += 1;
      said += piece;
      if (piece) text.append(piece);
      if (thought) (thoughts ??= thoughtsBefore(text)).append(thought);
      addCalls(calls, choice.delta.tool_calls ?? []);
      scroll();
    }
  } catch (error) {
    if (error.name === "AbortError") finish = "stopped";
    else failure = error;
  }
  setRunning(null);
  turn.setAttribute("aria-busy", "false");
  if (failure && !said) turn.remove();
  else turn.append(element("p", "meta", metaLine(times, usage?.completion_tokens ?? parts, finish, engine, calls.length > 0)));
  if (failure) {
    showError(words(failure), said ? null : answer);
    return;
  }
  conversation.push({ role: "assistant", content: said || (calls.length ? null : ""), ...(calls.length && finish !== "stopped" && { tool_calls: calls }) });
  if (finish !== "stopped") text.after(...calls.map(callCard));
  if (!said) text.remove();
  scroll();
  (turn.querySelector(".call input") ?? $("message")).focus();
}

// What a model thinks is folded up; it is no part of the conversation.
function thoughtsBefore(text) {
  const fold = element("details", "thoughts"), thoughts = element("p", "text");
  fold.append(element("summary", "", "Thoughts"), thoughts);
  text.before(fold);
  return thoughts;
}

// A model looks at one image in a conversation: the last one.
function userMessage(text, url) {
  if (!url) return { role: "user", content: text };
  for (const message of messages) {
    if (Array.isArray(message.content)) message.content = message.content.at(-1).text ?? "";
  }
  const parts = [{ type: "image_url", image_url: { url } }];
  if (text) parts.push({ type: "text", text });
  return { role: "user", content: parts };
}

function send(text) {
  if (!(text || image) || running) return;
  for (const call of openCalls()) {
    messages.push({ role: "tool", tool_call_id: call.id, content: "no result" });
  }
  document.querySelectorAll(".call form").forEach((form) => form.remove());
  messages.push(userMessage(text, image));
  showUser(text, image);
  attach("");
  answer();
}

$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("message").value.trim();
  if (running || !(text || image)) return;
  $("message").value = "";
  send(text);
});
$("message").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $("composer").requestSubmit();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") running?.abort();
});
$("stop").addEventListener("click", () => running?.abort());
$("reset").addEventListener("click", () => {
  running?.abort();
  messages = [];
  attach("");
  document.querySelectorAll(".turn").forEach((turn) => turn.remove());
  $("welcome").hidden = false;
  $("message").focus();
});
$("suggestions").addEventListener("click", (event) => {
  if (event.target.matches("button")) send(event.target.textContent);
});
$("tools-example").addEventListener("click", () => {
  const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
  const tool = { name: "get_weather", description: "The weather in a city.", parameters };
  $("tools").value = JSON.stringify([{ type: "function", function: tool }], null, 2);
  $("tools-problem").textContent = "";
});

// ---------------------------------------------------------------- the pool

class Curve {
  constructor(name, unit) {
    this.unit = unit;
    this.values = [];
    this.root = element("section", "curve");
    const label = element("p", "label");
    this.now = element("b", "", "–");
    label.append(element("span", "", name), this.now);
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", `0 0 ${MINUTE - 1} 40`);
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    const shape = (tag, className) => {
      const made = document.createElementNS(svg.namespaceURI, tag);
      made.setAttribute("class", className);
      svg.append(made);
      return made;
    };
    this.area = shape("polygon", "area");
    const floor = shape("line", "floor");
    for (const [name, value] of Object.entries({ x1: 0, x2: MINUTE - 1, y1: 40, y2: 40 })) floor.setAttribute(name, value);
    this.trace = shape("polyline", "trace");
    this.root.append(label, svg);
    $("curves").append(this.root);
  }

  add(value) {
    this.values = [...this.values, value].slice(-MINUTE);
    const most = Math.max(1, ...this.values);
    const first = MINUTE - this.values.length;
    const points = this.values.map((v, i) => `${first + i},${(40 - (v / most) * 36).toFixed(1)}`);
    this.trace.setAttribute("points", points.join(" "));
    this.area.setAttribute("points", [`${first},40`, ...points, `${MINUTE - 1},40`].join(" "));
    this.now.textContent = `${Math.round(value).toLocaleString("en")}${this.unit}`;
  }
}

const curves = {
  busy: new Curve("Jobs running", ""),
  tokens: new Curve("Throughput", " tokens/s"),
  first: new Curve("First token", " ms"),
};
curves.tokens.root.hidden = curves.first.root.hidden = true;

const engineRows = new Map();

function engineRow(engine) {
  let row = engineRows.get(engine.name);
  if (!row) {
    row = { root: element("li", "engine"), state: element("span", "state"), problem: element("p", "problem") };
    row.device = element("span");
    row.slots = element("span", "slots");
    row.slots.setAttribute("role", "img");
    const line = element("p", "row"), second = element("p", "row");
    line.append(row.state, row.slots);
    second.append(row.device);
    row.root.append(element("p", "name", engine.name), line, second, row.problem);
    engineRows.set(engine.name, row);
  }
  row.state.dataset.state = engine.state;
  row.state.textContent = engine.state;
  const again = engine.restarts ? ` · restarts ${engine.restarts}` : "";
  const loaded = engine.load_seconds ? ` · loaded in ${engine.load_seconds.toFixed(1)} s` : "";
  row.device.textContent = `${engine.device}${loaded}${again}`;
  const places = Array.from({ length: Math.min(engine.slots, 16) }, (_, i) => element("i", i < engine.busy ? "busy" : ""));
  row.slots.replaceChildren(...places);
  row.slots.setAttribute("aria-label", `${engine.busy} of ${engine.slots} places busy`);
  row.problem.textContent = engine.problem;
  row.problem.hidden = !engine.problem;
  return row.root;
}

function showHealth(health) {
  $("health").dataset.state = health.status;
  const word = health.status[0].toUpperCase() + health.status.slice(1);
  if ($("health").textContent !== word) $("health").textContent = word;
  const ready = health.engines.filter((engine) => engine.state === "ready").length;
  $("pool-line").textContent = `${ready} of ${health.engines.length} ready`;
  const rows = health.engines.map(engineRow);
  if (rows.length !== $("engines").children.length) $("engines").replaceChildren(...rows);
  $("waiting").replaceChildren(
    ...Object.entries(health.models).map(([name, model]) => {
      const row = element("li");
      row.append(element("span", "", name), element("b", "", String(model.waiting)));
      return row;
    }),
  );
  curves.busy.add(health.engines.reduce((sum, engine) => sum + engine.busy, 0));
}

function sums(text) {
  const found = { tokens: 0, seconds: 0, count: 0 };
  const names = {
    picoserve_generation_tokens_total: "tokens",
    picoserve_time_to_first_token_seconds_sum: "seconds",
    picoserve_time_to_first_token_seconds_count: "count",
  };
  for (const line of text.split("\n")) {
    const name = names[line.split(/[{ ]/, 1)[0]];
    if (name) found[name] += Number(line.slice(line.lastIndexOf(" ") + 1));
  }
  return found;
}

const samples = [];

async function pollMetrics() {
  const response = await fetch("metrics", { headers: key.headers(), cache: "no-store" });
  $("curves-note").hidden = response.ok;
  curves.tokens.root.hidden = curves.first.root.hidden = !response.ok;
  if (!response.ok) return;
  const sample = { at: performance.now() / 1000, ...sums(await response.text()) };
  // A server that has been started again counts from nought.
  if (samples.length && (sample.tokens < samples.at(-1).tokens || sample.count < samples.at(-1).count)) samples.length = 0;
  samples.push(sample);
  if (samples.length > RATE_SECONDS + 1) samples.shift();
  const old = samples[0], now = samples.at(-1);
  if (now.at === old.at) return;
  const answered = now.count - old.count;
  curves.tokens.add((now.tokens - old.tokens) / (now.at - old.at));
  curves.first.add(answered > 0 ? ((now.seconds - old.seconds) / answered) * 1000 : (curves.first.values.at(-1) ?? 0));
}

async function poll() {
  if (!document.hidden) {
    try {
      showHealth(await (await fetch("health", { cache: "no-store" })).json());
      // A model tells what it can do once it has loaded.
      if (!capabilities() && !$("key-dialog").open && mayAsk()) await loadModels();
      if ($("model").options.length) await pollMetrics();
    } catch {
      $("health").dataset.state = "unreachable";
      $("health").textContent = "Unreachable";
    }
  }
  setTimeout(poll, POLL_MS);
}

$("key-button").hidden = !key.get();
$("message").focus();
await loadModels();
poll();
