import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";
import { TOOL, base, model, run } from "./steps.mjs";

const client = new OpenAI({ baseURL: base, apiKey: "any", maxRetries: 0 });
const asked = (content) => ({ model, messages: [{ role: "user", content }] });
const weather = { ...asked("How is the weather?"), tools: [TOOL] };

async function told(message) {
  const [call] = message.tool_calls;
  const result = { role: "tool", tool_call_id: call.id, content: "21 degrees" };
  const messages = [...weather.messages, message, result];
  const answer = await client.chat.completions.create({ ...weather, messages });
  const { name, arguments: input } = call.function;
  return { name, input: JSON.parse(input), text: answer.choices[0].message.content };
}

await run({
  async text() {
    const answer = await client.chat.completions.create(asked("Hello!"));
    return { text: answer.choices[0].message.content, tokens: answer.usage.completion_tokens };
  },
  async stream() {
    const options = { stream: true, stream_options: { include_usage: true } };
    let [text, tokens] = ["", 0];
    for await (const chunk of await client.chat.completions.create({
      ...asked("Hello!"),
      ...options,
    })) {
      text += chunk.choices[0]?.delta.content ?? "";
      tokens = chunk.usage?.completion_tokens ?? tokens;
    }
    return { text, tokens };
  },
  async tool() {
    const answer = await client.chat.completions.create(weather);
    return told(answer.choices[0].message);
  },
  async toolStream() {
    const answer = await client.chat.completions.stream(weather).finalChatCompletion();
    return told(answer.choices[0].message);
  },
  async object() {
    const person = z.object({ name: z.string(), age: z.number().int() });
    const answer = await client.chat.completions.parse({
      ...asked("Make a person."),
      response_format: zodResponseFormat(person, "person"),
    });
    return answer.choices[0].message.parsed;
  },
  async abort() {
    const stream = await client.chat.completions.create({ ...asked("Count!"), stream: true });
    for await (const chunk of stream) {
      if (chunk.choices[0].delta.content) break;
    }
    stream.controller.abort();
    return {};
  },
  async unknown() {
    try {
      await client.chat.completions.create({ ...asked("Hello!"), model: "gpt-9" });
    } catch (error) {
      return { kind: error.constructor.name, status: error.status, code: error.code };
    }
  },
});
