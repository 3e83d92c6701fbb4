"""The official Python SDK's client (`mcp`). The mode is the one argument: `auto`, `legacy` or a revision."""

import asyncio
import sys

from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from requests_io import answer_requests, call_text

MODE = sys.argv[1] if len(sys.argv) > 1 else "auto"


def target(request):
    if command := request.get("command"):
        return stdio_client(StdioServerParameters(command=command[0], args=command[1:]))
    return request["url"]


async def visit(request):
    async with Client(target(request), mode=MODE) as client:
        tools, cursor = [], None
        while True:
            page = await client.list_tools(cursor=cursor)
            tools += [tool.name for tool in page.tools]
            if (cursor := page.next_cursor) is None:
                break
        result = await client.call_tool(request["tool"], request["args"])
        return {
            "era": client.protocol_version,
            "tools": tools,
            "call": call_text(result.content, result.is_error),
        }


asyncio.run(answer_requests(visit))
