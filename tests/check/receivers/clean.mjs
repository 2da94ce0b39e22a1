// The clean receiver in Node, without packages: knows an event by all that it holds; memory, and a file behind it.
//   node clean.mjs [port] [store.jsonl]
import { createHash } from "node:crypto";
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { gunzipSync } from "node:zlib";

const [port = "0", file = "events.jsonl"] = process.argv.slice(2);
const LIMIT = 16 * 2 ** 20, DEEPEST = 64;
const SIGNS = ["activityStatus", "activityDateTime", "iid", "workflowInstanceId", "webhook", "event_name", "message_code",
  "hwid", "event", "task_id", "recipient", "message_id", "book_id", "execution_date", "automation_id"];
let store;
const load = () => {
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : [];
  store = new Map(lines.map((line) => [line.slice(0, 64), line.slice(65)]));
};

// JSON.parse rounds big integers, so each value is read as its text: keys sorted, numbers as they came.
// Throws for what is not JSON, for double names, and for what is nested too deeply.
function canonical(text) {
  let at = 0;
  const token = /[ \t\n\r]*(?:([[\]{},:])|("(?:[^"\\\x00-\x1f]|\\.)*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null))/y;
  const next = () => {
    token.lastIndex = at;
    const found = token.exec(text);
    if (!found) throw new SyntaxError("not JSON");
    at = token.lastIndex;
    return found;
  };
  const scalar = ([, sign, string, other]) => {
    if (sign) throw new SyntaxError("not JSON");
    if (/[.eE]/.test(other ?? "") && /^[-\d]/.test(other) && !Number.isFinite(Number(other))) throw new SyntaxError("too large");
    return string ? JSON.stringify(JSON.parse(string)) : other;
  };
  const members = (close, one) => {
    const found = [], before = at;
    if (next()[1] === close) return found;
    for (at = before; ; ) {
      found.push(one());
      const [, sign] = next();
      if (sign === close) return found;
      if (sign !== ",") throw new SyntaxError("not JSON");
    }
  };
  const value = (depth) => {
    const found = next();
    if (depth > DEEPEST) throw new SyntaxError("nested too deeply");
    if (found[1] === "[") return `[${members("]", () => value(depth + 1))}]`;
    if (found[1] !== "{") return scalar(found);
    const pairs = members("}", () => {
      const [, , name] = next();
      if (!name || next()[1] !== ":") throw new SyntaxError("not JSON");
      return [JSON.stringify(JSON.parse(name)), value(depth + 1)];
    });
    if (new Set(pairs.map(([name]) => name)).size < pairs.length) throw new SyntaxError("double names");
    return `{${pairs.sort(([a], [b]) => (a < b ? -1 : 1)).map((pair) => pair.join(":"))}}`;
  };
  const whole = value(1);
  if (/[^ \t\n\r]/.test(text.slice(at))) throw new SyntaxError("trailing bytes");
  return whole;
}

// The members of a canonical array, as texts: a comma outside of strings and brackets parts them.
function items(text) {
  if (text[0] !== "[") return [text];
  const found = [];
  let depth = 0, start = 1;
  for (const { 0: part, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{},]/g)) {
    if ("[{".includes(part)) depth++;
    else if ("]}".includes(part)) depth--;
    const ends = part === "," ? depth === 1 : depth === 0;
    if (ends && index > start) found.push(text.slice(start, index));
    if (ends) start = index + 1;
  }
  return found;
}

function take(request, raw) {
  const coding = request.headers["content-encoding"] ?? "identity";
  if (!["identity", "gzip"].includes(coding)) return [415, "unknown content coding"];
  let events;
  try {
    const plain = coding === "gzip" ? gunzipSync(raw, { maxOutputLength: LIMIT }) : raw;
    events = items(canonical(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(plain)));
  } catch {
    return [400, "not JSON"];
  }
  if (!events.every((event) => event[0] === "{" && SIGNS.some((name) => Object.hasOwn(JSON.parse(event), name))))
    return [400, "no event"];
  const fresh = new Map(events.map((event) => [createHash("sha256").update(event).digest("hex"), event]));
  for (const key of store.keys()) fresh.delete(key);
  appendFileSync(file, [...fresh].map(([key, event]) => `${key} ${event}\n`).join("")); // before it is acknowledged
  for (const [key, event] of fresh) store.set(key, event);
  return [200, { received: events.length }];
}

// The state of a message is its weightiest event, among equals the latest: not the one that came last.
const WEIGHTS = [/^(un|email )?delivered|bounce/i, /^(email )?open|^read/i, /click|redirect/i, /subscribe/i, /spam|complain/i];
const kindOf = (event) => event.activityStatus ?? event.event ?? event.event_name ?? null;
const personOf = (event) => event.email ?? event.recipient ?? event.hwid ?? event.data?.email ?? null;
const weight = (event) => WEIGHTS.findLastIndex((words) => words.test(kindOf(event) ?? ""));
const time = (event) => Number(event.timestamp) || Date.parse(`${event.activityDateTime}Z`) || 0;
const tie = (event) => /^un|bounce|^re/i.test(kindOf(event));

function oracle() {
  const texts = [...store.values()], states = new Map();
  const events = texts.map((text) => JSON.parse(text)); // rounded here: only `event` below is exact
  const ids = texts.map((text, n) => {
    const id = /"(?:iid|message_code|message_id|task_id)":("(?:[^"\\]|\\.)*"|\d+)/.exec(text)?.[1];
    return id ? `${id} ${personOf(events[n])}` : `event ${n}`;
  });
  events.forEach((event, n) => {
    const best = states.get(ids[n]);
    const by = best && [weight(event) - weight(best), time(event) - time(best), tie(event) - tie(best)].find(Boolean);
    if (!best || by > 0) states.set(ids[n], event);
  });
  const fields = (n) => ({ email: personOf(events[n]), status: kindOf(states.get(ids[n])), kind: kindOf(events[n]) });
  return `{"records":[${texts.map((text, n) => `${JSON.stringify(fields(n)).slice(0, -1)},"event":${text}}`)}]}`;
}

function answer(request, raw) {
  const path = request.url.split("?")[0], { method } = request;
  if (path === "/oracle") return [200, oracle()];
  if (path === "/reset" && method === "POST") return writeFileSync(file, ""), load(), [200, {}];
  if (path === "/restart" && method === "POST") return load(), [200, {}];
  if (path !== "/hook" && path !== "/hook/") return [404, "no such path"];
  if (method === "GET" || method === "HEAD") return [200, {}];
  return method === "POST" ? take(request, raw) : [405, "POST, please"];
}

load();
const server = createServer((request, response) => {
  const parts = [];
  let size = 0;
  request.on("data", (part) => (size += part.length) <= LIMIT && parts.push(part));
  request.on("end", () => {
    const [status, said] = size > LIMIT ? [413, "too long"] : answer(request, Buffer.concat(parts));
    const body = status !== 200 ? JSON.stringify({ refused: said }) : typeof said === "string" ? said : JSON.stringify(said);
    response.writeHead(status, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) });
    response.end(request.method === "HEAD" ? undefined : body);
  });
});
server.listen(Number(port), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/hook`));
