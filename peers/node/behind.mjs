// The gateway as a client, for the conformance suite's scenarios that test clients: starts a gateway in front of the
// scenario's server (the last argument) and walks through it with an official client, so that the suite sees what the
// gateway sends. WARDGATE names the binary.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const scenario = process.env.MCP_CONFORMANCE_SCENARIO ?? '';
const revision = process.env.MCP_CONFORMANCE_PROTOCOL_VERSION ?? '';
const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? '{}');
const mode = revision >= '2026' ? { pin: revision } : 'legacy';

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

async function accepts(port) {
  for (let tries = 0; tries < 400; tries += 1) {
    const socket = connect(port, '127.0.0.1');
    const opened = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'error').then(() => false)])
      .catch(() => false);
    socket.destroy();
    if (opened) return;
    await pause(25);
  }
  throw new Error('the gateway does not listen');
}

async function startGateway(url, folder) {
  const port = await freePort();
  const config = join(folder, 'wardgate.yaml');
  await writeFile(config, JSON.stringify({
    gateway: { listen: `127.0.0.1:${port}`, state: join(folder, 'state') },
    // Some scenarios call with arguments the tool's own schema refuses, to see how they are sent.
    servers: { behind: { url, validate: false } },
    toolsets: { default: { prefix: 'never' } },
  }));
  const child = spawn(process.env.WARDGATE, ['serve', '-c', config], { stdio: ['ignore', 'inherit', 'inherit'] });
  await accepts(port);
  return { child, url: new URL(`http://127.0.0.1:${port}/mcp`) };
}

function someValue(schema) {
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'number': case 'integer': return 7;
    case 'boolean': return true;
    case 'object': return {};
    case 'array': return [];
    default: return 'value';
  }
}

// Required arguments by their type. A tool that asks for a schema gets the one the first tool was listed with.
function someArguments(tool, tools) {
  const { properties = {}, required = [] } = tool.inputSchema;
  return Object.fromEntries(required.map((name) => [
    name, name === 'schema' ? tools[0].inputSchema : someValue(properties[name] ?? {}),
  ]));
}

async function walk(client) {
  const { tools } = await client.listTools();
  const calls = context.toolCalls ?? tools.map((tool) => ({ name: tool.name, arguments: someArguments(tool, tools) }));
  for (const call of calls) await client.callTool(call).catch((error) => console.error(`${call.name}: ${error.message}`));
  const { prompts = [] } = await client.listPrompts().catch(() => ({}));
  for (const { name } of prompts) await client.getPrompt({ name });
  const { resources = [] } = await client.listResources().catch(() => ({}));
  for (const { uri } of resources) await client.readResource({ uri });
}

const folder = await mkdtemp(join(tmpdir(), 'behind-'));
const gateway = await startGateway(process.argv.at(-1).replace('//localhost', '//127.0.0.1'), folder);
try {
  const client = new Client(
    { name: 'behind', version: '1' },
    { versionNegotiation: { mode }, capabilities: { elicitation: { form: { applyDefaults: true } } } },
  );
  const content = scenario.includes('defaults') ? {} : { confirmed: true };
  client.setRequestHandler('elicitation/create', async () => ({ action: 'accept', content }));
  await client.connect(new StreamableHTTPClientTransport(gateway.url));
  await walk(client);
  await client.close();
} finally {
  gateway.child.kill('SIGTERM');
  await once(gateway.child, 'exit');
  await rm(folder, { recursive: true, force: true });
}
