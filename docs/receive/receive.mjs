// A receiver of Trunnion's webhooks in JavaScript, for Node.js; the same in TypeScript: npm install standardwebhooks
// Run it with WEBHOOK_SECRET=whsec_… PORT=9000 node receive.mjs
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const webhook = new Webhook(process.env.WEBHOOK_SECRET);
const handled = new Set(); // in your program: a table with the id as its key, written together with what you do

const server = createServer(async (request, response) => {
  // The bytes as they came: verify first, parse afterwards.
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  let event;
  try {
    event = webhook.verify(Buffer.concat(chunks), request.headers);
  } catch {
    return response.writeHead(401).end();
  }
  // An event may come more than once, always with the same id.
  if (!handled.has(event.id)) {
    handled.add(event.id);
    console.log("handled", event.type, event.id);
  }
  response.writeHead(204).end();
});

server.listen(Number(process.env.PORT), "127.0.0.1", () => console.log("listening"));
