// The TypeScript SDK's first line (@modelcontextprotocol/sdk): initialize, HTTP, HTTP+SSE or stdio.

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

import { answerRequests, callText } from './requests.mjs';

function transportTo({ url, transport, command }) {
  if (command) return new StdioClientTransport({ command: command[0], args: command.slice(1), env: process.env, stderr: 'ignore' });
  if (transport === 'sse') return new SSEClientTransport(new URL(url));
  return new StreamableHTTPClientTransport(new URL(url));
}

async function allTools(client) {
  const tools = [];
  let cursor;
  do {
    const page = await client.listTools({ cursor });
    tools.push(...page.tools.map((tool) => tool.name));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return tools;
}

await answerRequests(async (request) => {
  const client = new Client({ name: 'ts-v1', version: '1' });
  const transport = transportTo(request);
  await client.connect(transport);
  try {
    const tools = await allTools(client);
    const result = await client.callTool({ name: request.tool, arguments: request.args });
    return { era: transport.protocolVersion, tools, call: callText(result) };
  } finally {
    await transport.terminateSession?.();
    await client.close();
  }
});
