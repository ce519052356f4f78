// What the scripts share: which step to run, against which server, and how to report it.

export const [base, model, step] = process.argv.slice(2);
export const TOOL = {
  type: "function",
  function: {
    name: "get_weather",
    description: "Tell the weather of a city.",
    parameters: {
      type: "object",
      properties: { city: { type: "string" } },
      required: ["city"],
      additionalProperties: false,
    },
  },
};

// Prints one line of JSON. After an abort the process stays until its standard input closes, so
// that the server sees the abort and not the process's end.
export async function run(steps) {
  console.log(JSON.stringify(await steps[step]()));
  if (step === "abort") {
    for await (const _ of process.stdin);
  }
  process.exit(0);
}
