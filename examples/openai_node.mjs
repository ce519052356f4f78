// Streams an answer. Needs `npm install openai` and a `picoserve serve`.
import OpenAI from "openai";

const client = new OpenAI({
  baseURL: process.env.OPENAI_BASE_URL ?? "http://127.0.0.1:8080/v1",
  apiKey: process.env.OPENAI_API_KEY ?? "any",
});

const stream = await client.chat.completions.create({
  model: "picoserve-tiny",
  messages: [{ role: "user", content: "My name is Zora. What is my name?" }],
  stream: true,
});
for await (const chunk of stream) {
  process.stdout.write(chunk.choices[0]?.delta.content ?? "");
}
console.log();
