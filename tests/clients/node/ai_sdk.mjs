import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { Output, generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";
import { base, model, run } from "./steps.mjs";

const provider = createOpenAICompatible({
  name: "picoserve",
  baseURL: base,
  apiKey: "any",
  includeUsage: true,
  supportsStructuredOutputs: true,
});
const asked = (prompt, name = model) => ({ model: provider(name), prompt, maxRetries: 0 });
const tools = {
  get_weather: tool({
    description: "Tell the weather of a city.",
    inputSchema: z.object({ city: z.string() }),
    execute: async () => "21 degrees",
  }),
};
const weather = { ...asked("How is the weather?"), tools, stopWhen: stepCountIs(3) };

function told(text, steps) {
  const [call] = steps[0].toolCalls;
  return { name: call.toolName, input: call.input, text };
}

await run({
  async text() {
    const { text, usage } = await generateText(asked("Hello!"));
    return { text, tokens: usage.outputTokens };
  },
  async stream() {
    const answer = streamText(asked("Hello!"));
    let text = "";
    for await (const part of answer.textStream) text += part;
    return { text, tokens: (await answer.usage).outputTokens };
  },
  async tool() {
    const { text, steps } = await generateText(weather);
    return told(text, steps);
  },
  async toolStream() {
    const answer = streamText(weather);
    return told(await answer.text, await answer.steps);
  },
  async object() {
    const schema = z.object({ name: z.string(), age: z.number().int() });
    const { output } = await generateText({
      ...asked("Make a person."),
      output: Output.object({ schema }),
    });
    return output;
  },
  async abort() {
    const controller = new AbortController();
    const { textStream } = streamText({ ...asked("Count!"), abortSignal: controller.signal });
    for await (const part of textStream) {
      if (part) break;
    }
    controller.abort();
    return {};
  },
  async unknown() {
    try {
      await generateText(asked("Hello!", "gpt-9"));
    } catch (error) {
      return {
        kind: error.name,
        status: error.statusCode,
        code: JSON.parse(error.responseBody).error.code,
      };
    }
  },
});
