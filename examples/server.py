#!/usr/bin/env python3
"""A feed server that feedlab can check and measure: short polls, long polls, server-sent events."""
import argparse, json, re, secrets, socketserver, threading
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qsl

class Feed:  # A log. A client is a cursor in it, "<epoch>:<seq>": the last update that it has.
    def __init__(self, history):
        self.epoch, self.history, self.kept, self.head = secrets.token_hex(4), history, [], 0
        self.grown = threading.Condition()

    def publish(self, payloads):  # each is encoded once, however many read it
        with self.grown:
            for self.head, payload in enumerate(payloads, self.head + 1):
                self.kept.append('{"seq":%d,"data":%s}' % (self.head, payload.decode()))
            del self.kept[: -self.history]
            self.grown.notify_all()
            return f"{self.epoch}:{self.head}"

    def place(self, cursor):  # the seq that a client is at, and what it has lost, if it has
        oldest = self.head - len(self.kept)
        if cursor in (None, "0"):
            return (oldest if cursor else self.head), None
        if not re.fullmatch("[0-9a-z]{1,16}:[0-9]+", cursor) or int(cursor.split(":")[1]) >> 64:
            raise ValueError("after: not a cursor")
        epoch, seq = cursor.split(":")[0], int(cursor.split(":")[1])
        if epoch == self.epoch and oldest <= seq <= self.head:
            return seq, None
        reason = "epoch" if epoch != self.epoch else "future" if seq > self.head else "evicted"
        return oldest, {"reason": reason, "lost": oldest - seq if reason == "evicted" else None}

    def read(self, cursor, hold=0, limit=1000):  # what follows a cursor; waits for it
        with self.grown:
            self.grown.wait_for(lambda: self.place(cursor) != (self.head, None), hold)
            seq, gap = self.place(cursor)
            first = seq - self.head + len(self.kept)
            return seq, gap, self.kept[first : first + limit]

class Handler(BaseHTTPRequestHandler):  # one connection, in a thread of its own
    protocol_version, wbufsize, ended = "HTTP/1.1", -1, None  # -1: an answer is one write
    log_message = lambda *_: None

    def do_GET(self):
        path, _, query = self.path.partition("?")
        serve = {"/short-poll": self.poll, "/long-poll": self.poll, "/sse": self.sse}.get(path)
        if len(query) > 4096 or len(str(self.headers)) > 16384:
            return self.answer(414 if len(query) > 4096 else 431)
        if path[1:] not in self.served:
            return self.answer(404)
        try:
            serve(path, dict(parse_qsl(query, keep_blank_values=True)))
        except ValueError as problem:
            self.answer(400, json.dumps({"error": f"after, limit, hold or continue: {problem}"}))

    def poll(self, path, asked):
        limit, hold = int(asked.get("limit", 1000)), float(asked.get("hold", 25))
        after = self.ended if "continue" in asked else asked.get("after")
        if limit < 1 or not 0 <= hold <= 55 or "continue" in asked and not after:
            raise ValueError("out of range")
        seq, gap, new = feed.read(after, hold if path == "/long-poll" and after else 0, limit)
        self.ended = f"{feed.epoch}:{seq + len(new)}"  # where `continue` goes on
        if not gap and self.headers["If-None-Match"] == f'"{self.ended}"':
            return self.answer(304, etag=self.ended)
        if after and not gap and not new:
            return self.answer(204)
        said = f'"gap":{json.dumps(gap)},' if gap else ""
        self.answer(200, f'{{"cursor":"{self.ended}",{said}"updates":[{",".join(new)}]}}', self.ended)

    def sse(self, path, asked):
        seq, gap, new = feed.read(self.headers["Last-Event-ID"] or asked.get("after"))
        self.start(200, {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"})
        while True:
            said = json.dumps({"gap": gap})
            events = f"event: gap\nid: {feed.epoch}:{seq}\ndata: {said}\n\n" if gap else ""
            for seq, update in enumerate(new, seq + 1):
                events += f"id: {feed.epoch}:{seq}\ndata: {update}\n\n"
            chunk = (events or ": still here\n\n").encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            self.wfile.flush()
            seq, gap, new = feed.read(f"{feed.epoch}:{seq}", hold=15)

    def do_POST(self):
        length = int(self.headers["Content-Length"] or 0)
        if self.path != "/publish" or not self.publishes or length > 16 << 20:
            self.close_connection = True  # the body is not read
            return self.answer(413 if length > 16 << 20 else 404)
        try:
            payloads = self.rfile.read(length).splitlines()
            [json.loads(payload) for payload in payloads]
            self.answer(200, json.dumps({"cursor": feed.publish(payloads)}))
        except ValueError as problem:
            self.answer(400, json.dumps({"error": f"a payload is JSON on one line: {problem}"}))

    def answer(self, status, body="", etag=None):
        headers = {} if status in (204, 304) else {"Content-Length": len(body.encode())}
        headers |= {"Content-Type": "application/json"} if body else {}
        self.start(status, headers | ({"ETag": f'"{etag}"'} if etag else {}))
        self.wfile.write(body.encode())

    def start(self, status, headers):
        self.send_response(status)
        for name, value in {"Cache-Control": "no-store", **headers}.items():
            self.send_header(name, value)
        self.end_headers()

def serve(server, address, **settings):
    server.daemon_threads, server.allow_reuse_address, server.request_queue_size = True, True, 1024
    server.handle_error = lambda *_: None  # a client is gone
    listening = server(address, type("Served", (Handler,), settings))
    threading.Thread(target=listening.serve_forever).start()
    return "%s:%d" % listening.server_address if settings["served"] else address

options = argparse.ArgumentParser()
options.add_argument("--listen", default="127.0.0.1:8080")
options.add_argument("--history", type=int, default=65536)
for name in ("--tcp", "--control", "--transport"):
    options.add_argument(name)
asked = options.parse_args()
feed, (host, port) = Feed(asked.history), asked.listen.rsplit(":", 1)
names = [asked.transport] if asked.transport else ["short-poll", "long-poll", "sse"]
listen = serve(  # without a control socket anybody may publish here
    socketserver.ThreadingTCPServer, (host, int(port)), served=names, publishes=not asked.control,
    disable_nagle_algorithm=True)
if asked.control:
    serve(socketserver.ThreadingUnixStreamServer, asked.control, served=[], publishes=True)
print(json.dumps({"listen": listen, "control": asked.control, "epoch": feed.epoch}), flush=True)
