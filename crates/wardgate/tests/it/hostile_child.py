"""An MCP server on standard input and output that misbehaves as its first argument says."""

import json
import os
import sys
import threading
import time

MODE = sys.argv[1]
TOOLS = [{"name": "echo", "inputSchema": {"type": "object"}}]


def line(text, end="\n"):
    sys.stdout.write(text + end)
    sys.stdout.flush()


def message(value, end="\n"):
    line(json.dumps(value), end)


def mark(file):
    with open(file, "a") as marks:
        marks.write(f"{os.getpid()}\n")


def answer(asked, result):
    reply = {"jsonrpc": "2.0", "id": asked["id"], "result": result}
    if MODE == "noise":
        line("Loading model... 100%\nnot json {\n[]\n\x00\x00\n\n{\"jsonrpc\": \"2.0\"}")
        message(reply, "\r\n")
        message(reply)
        message({"jsonrpc": "2.0", "id": 4711, "result": {}})
        message({"jsonrpc": "2.0", "id": str(asked["id"]), "result": {}})
    else:
        message(reply)


def flood(said):
    lines = (json.dumps(said) + "\n") * 500
    while True:
        line(lines, "")


def call(asked):
    text = asked["params"].get("arguments", {}).get("text", "")
    result = {"content": [{"type": "text", "text": text}]}
    mark("calls")
    if MODE == "crash-on-call":
        os._exit(3)
    if MODE == "half-line":
        line('{"jsonrpc": "2.0", "id": %s, "resu' % json.dumps(asked["id"]), "")
        os._exit(0)
    if MODE == "long-line":
        for _ in range(64):
            sys.stdout.write("x" * (1 << 20))
    if MODE == "mute":
        os.close(1)
        time.sleep(600)
    if MODE == "questions":
        question = {"jsonrpc": "2.0", "id": 1, "method": "sampling/createMessage"}
        flood(dict(question, params={"messages": [], "maxTokens": 1}))
    if MODE == "pings":
        flood({"jsonrpc": "2.0", "id": 1, "method": "ping"})
    if MODE == "progress":
        token = asked["params"].get("_meta", {}).get("progressToken")
        params = {"progressToken": token, "progress": 1}
        method = "notifications/progress"
        flood({"jsonrpc": "2.0", "method": method, "params": params})
    if MODE == "changes":
        flood({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"})
    if MODE == "talk":
        for _ in range(200):
            os.write(2, b"y" * 65536 + b"\x1b[2J\n")
    answer(asked, result)
    if MODE == "last-words":
        os._exit(0)


mark("starts")
if MODE == "never":
    print("cannot open \x1b]0;the model\x07 file", file=sys.stderr)
    os._exit(1)
if MODE == "while-well" and not os.path.exists("well"):
    os._exit(1)
if MODE == "brief":
    threading.Timer(0.3, os._exit, [1]).start()
if MODE == "segv":
    os.kill(os.getpid(), 11)
if MODE == "orphans":
    for _ in range(30):
        if os.fork() == 0:
            if os.fork() == 0:
                os._exit(0)
            os._exit(0)
        os.wait()

for text in sys.stdin:
    asked = json.loads(text)
    method = asked.get("method")
    if method == "initialize" and MODE == "refuse":
        error = {"code": -32600, "message": "not today"}
        message({"jsonrpc": "2.0", "id": asked["id"], "error": error})
    elif method == "initialize":
        capabilities = {"tools": {}}
        info = {"name": "hostile", "version": "1"}
        version = {"protocolVersion": "2025-11-25", "capabilities": capabilities}
        answer(asked, dict(version, serverInfo=info))
        if MODE == "greet-and-go":
            os._exit(0)
    elif method == "tools/list":
        answer(asked, {"tools": TOOLS})
    elif method == "tools/call":
        call(asked)
    elif "id" in asked:
        error = {"code": -32601, "message": "no"}
        message({"jsonrpc": "2.0", "id": asked["id"], "error": error})
