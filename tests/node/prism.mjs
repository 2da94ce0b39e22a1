// Prism for each OpenAPI file that is named, on free ports of this machine, in one process: what its command line
// does, several times. Prints the addresses as a JSON list, and ends with its standard input.
import { createLogger } from "@stoplight/prism-core";
import { getHttpOperationsFromSpec } from "@stoplight/prism-http";
import { createServer } from "@stoplight/prism-http-server";

const logger = createLogger("tests", { level: "silent" });
const addresses = [];
for (const file of process.argv.slice(2)) {
  const server = createServer(await getHttpOperationsFromSpec(file), {
    cors: false,
    config: {
      isProxy: false,
      checkSecurity: true,
      validateRequest: true,
      // It makes answers up where a schema has no example, and heeds no patterns while it does.
      validateResponse: false,
      errors: true,
      mock: { dynamic: false },
    },
    components: { logger },
  });
  addresses.push(await server.listen(0, "127.0.0.1"));
}
process.stdout.write(`${JSON.stringify(addresses)}\n`);
process.stdin.on("end", () => process.exit(0)).resume();
