#!/usr/bin/env python3
"""A feed server that feedlab can check and measure: short polls, long polls and server-sent events."""
import argparse, json, re, secrets, socketserver, threading
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qsl

class Feed:  # A log. A client is a cursor in it, "<epoch>:<seq>": the last update that it has.
    def __init__(self, history):
        self.epoch, self.history, self.kept, self.head = secrets.token_hex(4), history, [], 0
        self.grown = threading.Condition()

    def publish(self, payloads):  # each is encoded once, whoever reads it
        with self.grown:
            for payload in payloads:
                self.head += 1
                self.kept.append('{"seq":%d,"data":%s}' % (self.head, payload.decode()))
            del self.kept[:-self.history]
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

    def read(self, cursor, hold=0, limit=1000):  # what follows a cursor, waiting for it
        with self.grown:
            self.grown.wait_for(lambda: self.place(cursor) != (self.head, None), hold)
            seq, gap = self.place(cursor)
            start = seq - self.head + len(self.kept)
            return seq, gap, self.kept[start:start + limit]

class Handler(BaseHTTPRequestHandler):  # one connection, in a thread of its own
    protocol_version, wbufsize, served, publishes, ended = "HTTP/1.1", -1, (), True, None

    def do_GET(self):
        path, _, query = self.path.partition("?")
        if len(query) > 4096 or len(str(self.headers)) > 16384:
            return self.answer(414 if len(query) > 4096 else 431)
        serve = {"/short-poll": self.poll, "/long-poll": self.poll, "/sse": self.sse}.get(path)
        if path[1:] not in self.served:
            return self.answer(404)
        try:
            serve(path, dict(parse_qsl(query, keep_blank_values=True)))
        except ValueError as problem:
            self.answer(400, json.dumps({"error": str(problem)}))
        except OSError:  # the client is gone
            self.close_connection = True

    def poll(self, path, asked):
        limit, hold = int(asked.get("limit", 1000)), float(asked.get("hold", 25))
        if limit < 1 or not 0 <= hold <= 55 or "continue" in asked and not self.ended:
            raise ValueError("limit is at least 1, hold 0 to 55, continue after an answer")
        after = self.ended if "continue" in asked else asked.get("after")
        seq, gap, new = feed.read(after, hold if path == "/long-poll" and after else 0, limit)
        self.ended = f"{feed.epoch}:{seq + len(new)}"
        if not gap and self.headers["If-None-Match"] == f'"{self.ended}"':
            return self.answer(304, etag=self.ended)
        if after and not gap and not new:
            return self.answer(204)
        said = f'"gap":{json.dumps(gap)},' if gap else ""
        self.answer(200, f'{{"cursor":"{self.ended}",{said}"updates":[{",".join(new)}]}}', self.ended)

    def sse(self, path, asked):
        seq, gap, new = feed.read(self.headers["Last-Event-ID"] or asked.get("after"))
        self.head(200, {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"})
        while True:
            events = f"event: gap\nid: {feed.epoch}:{seq}\ndata: {json.dumps({'gap': gap})}\n\n" if gap else ""
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
        payloads = self.rfile.read(length).splitlines()
        try:
            [json.loads(payload) for payload in payloads]
        except ValueError:
            return self.answer(400, '{"error":"a payload is JSON on one line"}')
        self.answer(200, json.dumps({"cursor": feed.publish(payloads)}))

    def answer(self, status, body="", etag=None):
        headers = {} if status in (204, 304) else {"Content-Length": len(body.encode())}
        headers.update({"Content-Type": "application/json"} if body else {})
        self.head(status, headers | ({"ETag": f'"{etag}"'} if etag else {}))
        self.wfile.write(body.encode())

    def head(self, status, headers):
        self.send_response(status)
        for name, value in ({"Cache-Control": "no-store"} | headers).items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_):
        pass

options = argparse.ArgumentParser()
for name in ("--listen", "--tcp", "--control", "--transport"):
    options.add_argument(name, default="127.0.0.1:8080" if name == "--listen" else None)
options.add_argument("--history", type=int, default=65536)
asked = options.parse_args()
feed, listen = Feed(asked.history), asked.listen.rsplit(":", 1)
socketserver.ThreadingMixIn.daemon_threads = socketserver.TCPServer.allow_reuse_address = True
socketserver.TCPServer.request_queue_size = 1024
served = [asked.transport] if asked.transport else ["short-poll", "long-poll", "sse"]
# What is published comes in over the control socket; without one anybody may publish.
names = {"served": served, "publishes": not asked.control, "disable_nagle_algorithm": True}
public = socketserver.ThreadingTCPServer((listen[0], int(listen[1])), type("Public", (Handler,), names))
if asked.control:
    control = socketserver.ThreadingUnixStreamServer(asked.control, Handler)
    threading.Thread(target=control.serve_forever, daemon=True).start()
address = "%s:%d" % public.server_address
print(json.dumps({"listen": address, "tcp": None, "control": asked.control, "epoch": feed.epoch}), flush=True)
public.serve_forever()
