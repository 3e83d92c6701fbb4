"""How every Python driver talks to its caller: one request per line in, one answer per line out.

Request: {name, url | command, tool, args}. Answer: {name, era, tools, call} or {name, error}.
"""

import asyncio
import json
import sys

SECONDS_MAX = 90


async def answer_requests(visit):
    for line in sys.stdin:
        if not line.strip():
            continue
        request = json.loads(line)
        try:
            answer = await asyncio.wait_for(visit(request), SECONDS_MAX)
        except Exception as error:
            answer = {"error": reason(error)}
        print(json.dumps({"name": request["name"], **answer}), flush=True)


def call_text(content, is_error):
    text = "\n".join(getattr(part, "text", part.type) for part in content)
    return {"ok": not is_error, "text": text}


def reason(error):
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(reason(inner) for inner in error.exceptions)
    return f"{type(error).__name__}: {error}"
