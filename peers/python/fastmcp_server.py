"""A FastMCP server of two tools on a loopback port, the one argument."""

import sys

from fastmcp import FastMCP

server = FastMCP("fastmcp-peer")


@server.tool
def add(a: int, b: int) -> int:
    """Adds two integers."""
    return a + b


@server.tool
def greet(name: str) -> str:
    """Greets somebody by name."""
    return f"hello, {name}"


server.run(transport="http", host="127.0.0.1", port=int(sys.argv[1]), show_banner=False)
