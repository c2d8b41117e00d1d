// Makes chromium.har: what headless Chromium records of a page that polls the simulator.
//
// Playwright (npm install playwright-core) drives a Chromium that is installed:
//
//     spongewatch simulate completes --speed 2 &            # prints its url
//     node tests/data/make_har.mjs URL /usr/bin/chromium tests/data/chromium.har
//
// The page logs in with the simulator's own key and password, which the simulator is asked to echo. Besides the
// polls it asks for a page that is not there, posts a form, and polls a port at which nobody listens, as a real
// page's traffic has other things in it.

import { createServer } from "node:http";
import { gzipSync } from "node:zlib";
import { chromium } from "playwright-core";

const [service, executablePath, har] = process.argv.slice(2);
const target = new URL(service);

// The simulator knows no other origins, so the page and the service have one: this server passes on what is asked.
const server = createServer(async (request, response) => {
  if (request.url === "/") {
    response.writeHead(200, { "content-type": "text/html", "set-cookie": "visitor=cookie-to-be-left-out" });
    response.end("<!doctype html><title>contacts</title>");
    return;
  }
  if (request.method === "POST") {
    response.writeHead(200, { "content-type": "application/json" });
    response.end('{"contacts": [{"first_name": "Left", "last_name": "Out"}]}');
    return;
  }
  const login = { authorization: request.headers.authorization ?? "" };
  const answer = await fetch(new URL(request.url, target), { headers: login });
  const headers = { "content-type": answer.headers.get("content-type"), "content-encoding": "gzip" };
  response.writeHead(answer.status, headers);
  response.end(gzipSync(Buffer.from(await answer.arrayBuffer())));
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const origin = `http://127.0.0.1:${server.address().port}`;

const closed = createServer();
await new Promise((listening) => closed.listen(0, "127.0.0.1", listening));
const nobody = `http://127.0.0.1:${closed.address().port}`;
closed.close();

const browser = await chromium.launch({
  executablePath,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});
const context = await browser.newContext({ recordHar: { path: har, content: "embed" }, userAgent: "Chromium" });
const page = await context.newPage();
await page.goto(origin);
await page.evaluate(async (nobody) => {
  const pause = (ms) => new Promise((over) => setTimeout(over, ms));
  const headers = { authorization: `Basic ${btoa("demo-key:demo-password")}` };
  await fetch("/nowhere").catch(() => null);
  const form = new URLSearchParams({ username: "someone", password: "form-to-be-left-out" });
  await fetch("/import", { method: "POST", body: form });
  for (let poll = 1; poll <= 60; poll += 1) {
    if (poll === 2) {
      await fetch(`${nobody}/events/1126.json`, { headers }).catch(() => null);
      await pause(1000);
    }
    const answer = await fetch(`/events/1126.json?_=${poll}&echo=demo-password`, { headers });
    if ((await answer.json()).events.some((row) => row.event_type === "COMPLETE")) break;
    await pause(1000);
  }
}, nobody);
await context.close();
await browser.close();
server.close();
