"""provider.py  a model provider that answers chat completions only to the keys it knows.

PROVIDER_KEYS: NAME=KEY pairs, separated by spaces. The answer's text names the key that was used, so that whoever asks sees
which stored secret LiteLLM really sent. GET /counts tells how often each was used, and how often an unknown key was refused.
"""
import collections
import http.server
import json
import os
import threading

KEYS = {key: name for name, key in (pair.split("=", 1) for pair in os.environ["PROVIDER_KEYS"].split())}
counts = collections.Counter()
lock = threading.Lock()


class Provider(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.answer(200, dict(counts))

    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        name = KEYS.get((self.headers.get("authorization") or "").removeprefix("Bearer "))
        with lock:
            counts[name or "refused"] += 1
        if name is None:
            self.answer(401, {"error": {"message": "unknown provider key", "type": "auth", "code": "401"}})
            return
        self.answer(200, {
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "fake",
            "choices": [{"index": 0, "finish_reason": "stop",
                         "message": {"role": "assistant", "content": f"hello, you used the provider key {name}"}}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}})

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


if __name__ == "__main__":
    http.server.ThreadingHTTPServer(("", 8080), Provider).serve_forever()
