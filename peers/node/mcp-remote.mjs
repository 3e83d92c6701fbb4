// mcp-remote: the stdio proxy desktop clients put before a remote server, driven over stdio by the first SDK line.

import { fileURLToPath } from 'node:url';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';

import { answerRequests, callText } from './requests.mjs';

const proxy = fileURLToPath(new URL('./node_modules/mcp-remote/dist/proxy.js', import.meta.url));

await answerRequests(async (request) => {
  const kind = request.transport === 'sse' ? 'sse-only' : 'http-only';
  const client = new Client({ name: 'mcp-remote', version: '1' });
  await client.connect(new StdioClientTransport({
    command: process.execPath,
    args: [proxy, request.url, '--transport', kind, '--allow-http'],
    env: process.env,
    stderr: 'ignore',
  }));
  try {
    const { tools } = await client.listTools();
    const result = await client.callTool({ name: request.tool, arguments: request.args });
    return { tools: tools.map((tool) => tool.name), call: callText(result) };
  } finally {
    await client.close();
  }
});
