"""FastMCP's client with its default negotiation."""

import asyncio

from fastmcp import Client

from requests_io import answer_requests, call_text


async def visit(request):
    async with Client(request["url"]) as client:
        tools = await client.list_tools()
        result = await client.call_tool(request["tool"], request["args"], raise_on_error=False)
        return {
            "tools": [tool.name for tool in tools],
            "call": call_text(result.content, result.is_error),
        }


asyncio.run(answer_requests(visit))
