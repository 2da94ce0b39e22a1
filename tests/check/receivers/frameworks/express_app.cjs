const express = require("express");
const { appendFileSync } = require("node:fs");

const app = express();
app.use(express.json());

app.post("/hook", (req, res) => {
  for (const event of req.body) appendFileSync(process.env.STORE, JSON.stringify(event) + "\n");
  res.sendStatus(200);
});

const server = app.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
