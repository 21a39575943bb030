"""A threaded HTTP server and its bounded load, each in a process of its own:
the first argument `serve` makes it the server.  All is on the loopback."""
import hashlib
import http.client
import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

REQUESTS = 600
CLIENTS = 8
CACHE = {}
LOCK = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body are two writes: without this each waits for an
    # acknowledgement that comes 40 ms later.
    disable_nagle_algorithm = True

    def answer(self, body):
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        number = int(self.path.rpartition("/")[2])
        rows = [{"id": n, "square": n * n, "text": "row %d" % n}
                for n in range(number % 200)]
        with LOCK:
            CACHE[number] = rows
        self.answer(rows)

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        body = json.loads(self.rfile.read(length))
        if body == "stop":
            self.answer(len(CACHE))
            threading.Thread(target=self.server.shutdown).start()
        else:
            self.answer({key: value * 2 for key, value in body.items()})

    def log_message(self, *_):
        pass


def serve():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
    server.server_close()


def client(port, first, results):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for number in range(first, REQUESTS, CLIENTS):
        if number % 3:
            connection.request("GET", "/rows/%d" % number)
        else:
            connection.request("POST", "/double",
                               json.dumps({"n%d" % n: n
                                           for n in range(number)}))
        results[number] = connection.getresponse().read()
    connection.close()


def main():
    server = subprocess.Popen([sys.executable, __file__, "serve"],
                              stdout=subprocess.PIPE)
    port = int(server.stdout.readline())
    results = [None] * REQUESTS
    threads = [threading.Thread(target=client, args=(port, n, results))
               for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/", json.dumps("stop"))
    print("cached", connection.getresponse().read().decode())
    print("server", server.wait(60))
    print(hashlib.sha256(b"".join(results)).hexdigest())


serve() if "serve" in sys.argv[1:] else main()
