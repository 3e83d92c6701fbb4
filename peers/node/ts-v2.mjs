// The TypeScript SDK's second line (@modelcontextprotocol/client). The mode is the one argument:
// `legacy`, `auto`, or a revision to pin.

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

import { answerRequests, callText } from './requests.mjs';

const wanted = process.argv[2] ?? 'legacy';
const mode = ['legacy', 'auto'].includes(wanted) ? wanted : { pin: wanted };

function transportTo({ url, command }) {
  if (command) return new StdioClientTransport({ command: command[0], args: command.slice(1), env: process.env, stderr: 'ignore' });
  return new StreamableHTTPClientTransport(new URL(url));
}

await answerRequests(async (request) => {
  const client = new Client({ name: 'ts-v2', version: '1' }, { versionNegotiation: { mode } });
  await client.connect(transportTo(request));
  try {
    const { tools } = await client.listTools();
    const result = await client.callTool({ name: request.tool, arguments: request.args });
    return { era: client.getNegotiatedProtocolVersion(), tools: tools.map((tool) => tool.name), call: callText(result) };
  } finally {
    await client.close();
  }
});
