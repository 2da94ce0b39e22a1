// ajv on payloads. The first line of standard input is a JSON list of schemas, each with all that it refers to; every
// other line is `[number of the schema, payload]`. Writes a 1 or a 0 for each.
import { createInterface } from "node:readline";
import Ajv2020 from "ajv/dist/2020.js";

let checks;
const verdicts = [];
for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  if (!checks) {
    checks = JSON.parse(line).map((schema) => {
      const ajv = new Ajv2020.default({ allowUnionTypes: true });
      ajv.addVocabulary(["x-basis", "x-source", "x-note"]);
      return ajv.compile(schema);
    });
    continue;
  }
  const [number, payload] = JSON.parse(line);
  verdicts.push(checks[number](payload) ? "1" : "0");
}
process.stdout.write(verdicts.join(""));
