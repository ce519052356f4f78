import { inference, initializeLogger, llm } from "@livekit/agents";
import { TOOL, base, model, run } from "./steps.mjs";

initializeLogger({ pretty: false, level: "silent" });

const tools = {
  get_weather: llm.tool({
    description: "Tell the weather of a city.",
    parameters: TOOL.function.parameters,
    execute: async () => "21 degrees",
  }),
};

function client(name = model, modelOptions = {}) {
  const apiSecret = "a-secret-of-at-least-32-characters";
  return new inference.LLM({ model: name, baseURL: base, apiKey: "any", apiSecret, modelOptions });
}

function asked(content) {
  const context = llm.ChatContext.empty();
  context.addMessage({ role: "user", content });
  return context;
}

async function read(stream) {
  let [text, tokens, calls] = ["", 0, []];
  for await (const chunk of stream) {
    text += chunk.delta?.content ?? "";
    calls = calls.concat(chunk.delta?.toolCalls ?? []);
    tokens = chunk.usage?.completionTokens ?? tokens;
  }
  return { text, tokens, calls };
}

async function greeting() {
  const { text, tokens } = await read(client().chat({ chatCtx: asked("Hello!") }));
  return { text, tokens };
}

async function called() {
  const chatCtx = asked("How is the weather?");
  const toolCtx = new llm.ToolContext(tools);
  const { calls } = await read(client().chat({ chatCtx, toolCtx }));
  const [{ callId, name, args }] = calls;
  chatCtx.insert(llm.FunctionCall.create({ callId, name, args }));
  chatCtx.insert(
    llm.FunctionCallOutput.create({ callId, name, output: "21 degrees", isError: false }),
  );
  const { text } = await read(client().chat({ chatCtx, toolCtx }));
  return { name, input: JSON.parse(args), text };
}

await run({
  text: greeting,
  stream: greeting,
  tool: called,
  toolStream: called,
  async object() {
    const { name, ...schema } = { name: "person", strict: true };
    const parameters = {
      type: "object",
      properties: { name: { type: "string" }, age: { type: "integer" } },
      required: ["name", "age"],
      additionalProperties: false,
    };
    const response_format = {
      type: "json_schema",
      json_schema: { name, ...schema, schema: parameters },
    };
    const stream = client(model, { response_format }).chat({ chatCtx: asked("Make a person.") });
    return JSON.parse((await read(stream)).text);
  },
  async abort() {
    const stream = client().chat({ chatCtx: asked("Count!") });
    for await (const chunk of stream) {
      if (chunk.delta?.content) break;
    }
    stream.close();
    return {};
  },
  async unknown() {
    // The client reports a failed attempt as an event and ends the stream.
    const failing = client("gpt-9");
    const failed = new Promise((resolve) => failing.on("error", ({ error }) => resolve(error)));
    await read(failing.chat({ chatCtx: asked("Hello!") })).catch(() => {});
    const error = await failed;
    return { kind: error.name, status: error.statusCode, code: error.body?.code };
  },
});
