"""A stub of STS: an HTTP proxy that answers every CONNECT itself, under the name of sts.us-west-2.amazonaws.com.

It knows the callers of a credentials file by their key and verifies no signature. The first line of the file `sts-mode`
says how it behaves: `ok`, `slow SECONDS`, `reset`, or one of the answers below.

    sts.py PORT CREDENTIALS CERTIFICATE KEY
"""

import configparser
import json
import pathlib
import socketserver
import ssl
import sys
import time
import urllib.parse

PORT, CREDENTIALS, CERTIFICATE, KEY = int(sys.argv[1]), *sys.argv[2:5]
MODE = pathlib.Path("sts-mode")

profiles = configparser.ConfigParser()
profiles.read(CREDENTIALS)
callers = {profile["aws_access_key_id"]: profile for _, profile in profiles.items() if "arn" in profile}
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(CERTIFICATE, KEY)


def head(stream):
    lines = []
    while (line := stream.readline().strip()) != b"":
        lines.append(line.decode())
    return lines


def failure(code):
    return json.dumps({"Error": {"Code": code, "Message": "test", "Type": "Sender"}, "RequestId": "1"})


# Status, header fields, body, and how many bytes of the body are missing.
ANSWERS = {
    "throttle": (400, "Content-Type: application/json\r\n", failure("Throttling"), 0),
    "error": (500, "Content-Type: application/json\r\n", failure("InternalFailure"), 0),
    "refuse": (403, "Content-Type: application/json\r\n", failure("SignatureDoesNotMatch"), 0),
    "redirect": (302, "Location: https://sts.us-east-1.amazonaws.com/\r\n", "", 0),
    "html": (200, "Content-Type: text/html\r\n", "<html>captive portal</html>", 0),
    "huge": (200, "Content-Type: application/json\r\n", " " * 100_000_000, 0),
    "truncated": (200, "Content-Type: application/json\r\n", '{"GetCallerIdentityResponse": {', 1_000),
}


def answer(request):
    mode, *rest = MODE.read_text().split()
    if mode == "slow":
        time.sleep(float(rest[0]))
    if mode in ANSWERS:
        return ANSWERS[mode]
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(request.split(" ")[1]).query)
    caller = callers[query["X-Amz-Credential"][0].split("/")[0]]
    account = caller["arn"].split(":")[4]
    if mode == "other-account":
        account = "999999999999"
    result = {"Account": account, "Arn": caller["arn"], "UserId": caller["user_id"]}
    document = {
        "GetCallerIdentityResponse": {
            "GetCallerIdentityResult": result,
            "ResponseMetadata": {"RequestId": "00000000-0000-0000-0000-000000000000"},
        }
    }
    return 200, "Content-Type: application/json\r\n", json.dumps(document), 0


class Proxy(socketserver.StreamRequestHandler):
    def handle(self):
        if not head(self.rfile):
            return
        self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        self.wfile.flush()
        try:
            with tls.wrap_socket(self.connection, server_side=True) as connection:
                stream = connection.makefile("rwb")
                while request := head(stream):
                    if MODE.read_text() == "reset":
                        return
                    status, fields, body, missing = answer(request[0])
                    length = len(body) + missing
                    stream.write(f"HTTP/1.1 {status} x\r\n{fields}Content-Length: {length}\r\n\r\n{body}".encode())
                    stream.flush()
                    if missing:
                        return
        except (OSError, ssl.SSLError):
            pass


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


Server(("127.0.0.1", PORT), Proxy).serve_forever()
