// The Inspector's command line, one process per method. The era is the one argument: `legacy`, `auto` or `modern`.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { answerRequests, callText } from './requests.mjs';

const era = process.argv[2] ?? 'legacy';
const inspector = fileURLToPath(new URL('./node_modules/.bin/mcp-inspector', import.meta.url));

async function inspect(request, ...method) {
  const transport = request.transport === 'sse' ? 'sse' : 'http';
  const args = [inspector, '--cli', request.url, '--transport', transport, '--protocol-era', era, '--method', ...method];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 16 << 20, timeout: 90_000 }).catch((error) => {
    throw new Error((error.stderr || error.stdout || error.message).trim().split('\n').slice(-3).join(' / '));
  });
  return JSON.parse(stdout.slice(stdout.indexOf('{')));
}

function asPairs(args) {
  return Object.entries(args).flatMap(([key, value]) => [
    '--tool-arg', `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  ]);
}

await answerRequests(async (request) => {
  const { tools } = await inspect(request, 'tools/list');
  const result = await inspect(request, 'tools/call', '--tool-name', request.tool, ...asPairs(request.args));
  return { tools: tools.map((tool) => tool.name), call: callText(result) };
});
