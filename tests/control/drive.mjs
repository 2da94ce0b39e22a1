// Drives a running process with nothing but what Node brings: `node drive.mjs READY_FILE`. Exits 0 if all of it held.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";

const ready = JSON.parse(await readFile(process.argv[2], "utf8"));

async function ask(method, path, fields) {
  const answer = await fetch(`${ready.control}/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${ready.token}`, "content-type": "application/json" },
    body: fields === undefined ? undefined : JSON.stringify(fields),
  });
  return { status: answer.status, body: await answer.json() };
}

async function good(method, path, fields) {
  const told = await ask(method, path, fields);
  assert.ok(told.status < 300, `${method} ${path}: ${told.status} ${JSON.stringify(told.body)}`);
  return told.body;
}

// The app under test: takes webhooks, and fails the first.
const received = [];
const app = createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  if (request.method === "POST") received.push(JSON.parse(Buffer.concat(parts)));
  response.statusCode = request.method === "POST" && received.length === 1 ? 500 : 200;
  response.end();
});
app.listen(0, "127.0.0.1");
await once(app, "listening");
const url = `http://127.0.0.1:${app.address().port}/hook`;

try {
  const health = await (await fetch(`${ready.control}/v1/health`)).json();
  assert.deepEqual(health, { ready: true, id: ready.id });

  const subscription = await good("POST", "/esputnik/subscriptions", { url });
  assert.equal(subscription.state, "active");

  const { events } = await good("POST", "/esputnik/events", {
    kind: "UNDELIVERED",
    fields: { email: "ann@example.com", hardBounce: true },
  });
  assert.equal(received.length, 0);
  const before = await good("GET", "/clock");
  const after = await good("POST", "/clock/advance", { by: "1h" });
  assert.equal(Date.parse(after.now) - Date.parse(before.now), 3_600_000);
  assert.deepEqual(received, [[events[0].payload], [events[0].payload]]);

  const { deliveries } = await good("GET", "/esputnik/deliveries?kind=UNDELIVERED&limit=10");
  assert.deepEqual(
    deliveries.map(({ attempt, status, outcome }) => [attempt, status, outcome]),
    [
      [1, 500, "rescheduled"],
      [2, 200, "acknowledged"],
    ],
  );

  await good("POST", "/hellotext/faults", { fault: "Answer", status: 503, route: "track-event" });
  const { HELLOTEXT_URL, HELLOTEXT_TOKEN } = ready.providers.hellotext.env;
  const track = () =>
    fetch(`${HELLOTEXT_URL}/attribution/events`, {
      method: "POST",
      headers: { authorization: `Bearer ${HELLOTEXT_TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify({ action: "product.viewed", profile: "PROFILE_ID", object: "vxqQJ3Yg" }),
    });
  assert.equal((await track()).status, 503);
  assert.equal((await track()).status, 201);
  const { calls } = await good("GET", "/hellotext/calls?route=track-event");
  assert.deepEqual(
    calls.map(({ status, body }) => [status, body.action]),
    [
      [503, "product.viewed"],
      [201, "product.viewed"],
    ],
  );

  const wrong = await ask("POST", "/esputnik/events", { kind: "UNDELIVERD" });
  assert.equal(wrong.status, 404);
  assert.match(wrong.body.error.message, /did you mean 'UNDELIVERED'/);

  // The journal as it happens, as `fetch` streams it.
  const controller = new AbortController();
  const stream = await fetch(`${ready.control}/v1/journal/stream?after=0`, {
    headers: { authorization: `Bearer ${ready.token}` },
    signal: controller.signal,
  });
  let text = "";
  for await (const chunk of stream.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.includes("event: Delivery") && text.endsWith("\n\n")) break;
  }
  controller.abort();
  assert.match(text, /^id: 1$/m);

  await good("POST", "/reset", {});
  assert.deepEqual((await good("GET", "/esputnik/deliveries")).deliveries, []);
} finally {
  app.closeAllConnections();
  app.close();
}
