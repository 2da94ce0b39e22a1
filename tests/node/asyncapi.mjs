// Asks AsyncAPI's own parser about each file that is named: its errors, as a JSON list per file.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const told = [];
for (const file of process.argv.slice(2)) {
  const { diagnostics } = await new Parser().parse(readFileSync(file, "utf8"));
  told.push(
    diagnostics.filter((one) => one.severity === 0).map((one) => `${one.code} ${one.path.join("/")}: ${one.message}`),
  );
}
process.stdout.write(JSON.stringify(told));
