// How every Node driver talks to its caller: one request per line in, one answer per line out.
// Request: {name, url | command, transport?, tool, args}. Answer: {name, era, tools, call} or {name, error}.

import { createInterface } from 'node:readline';

const SECONDS_MAX = 90;

export async function answerRequests(visit) {
  for await (const line of createInterface({ input: process.stdin })) {
    if (!line.trim()) continue;
    const request = JSON.parse(line);
    const answer = await withDeadline(visit(request)).catch((error) => ({ error: reason(error) }));
    process.stdout.write(JSON.stringify({ name: request.name, ...answer }) + '\n');
  }
  process.exit(0);
}

export function callText(result) {
  const text = (result.content ?? []).map((part) => part.text ?? part.type).join('\n');
  return { ok: result.isError !== true, text };
}

function withDeadline(work) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${SECONDS_MAX} s`)), SECONDS_MAX * 1000);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function reason(error) {
  const cause = error?.cause ? `: ${reason(error.cause)}` : '';
  return `${error?.message ?? error}${cause}`;
}
