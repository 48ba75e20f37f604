// Uses Ollama's own package: lists models, streams a chat, and calls a tool. Prints one JSON object.
import { Ollama } from "ollama";

const [host, model] = process.argv.slice(2);
const ollama = new Ollama({ host });
const messages = [{ role: "user", content: "Write a file." }];
const parameters = { type: "object", properties: { command: { type: "string" } } };
const tools = [{ type: "function", function: { name: "bash", description: "Run a command", parameters } }];

const { models } = await ollama.list();
const { capabilities } = await ollama.show({ model });
const { message } = await ollama.chat({ model, messages, tools });
let text = "";
let last;
for await (last of await ollama.chat({ model, messages, stream: true })) text += last.message.content;
console.log(JSON.stringify({ models: models.map(({ name }) => name), capabilities, message, text, last }));
