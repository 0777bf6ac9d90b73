"""The cluster of `run up`: its programs, its API, and the page of results."""

import datetime
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import re
import signal
import ssl
import subprocess
import time
import urllib.parse

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
DIR = pathlib.Path(os.environ["CLUSTER_DIR"])
EXAMPLES = pathlib.Path(os.environ["EXAMPLES"])
SAMPLE = ROOT / "examples/offline/round_trip/cluster"
SAMPLE_STS = ("--local-credentials", SAMPLE / "credentials")
os.chdir(DIR)

# Seconds that a change may take. kube-apiserver takes 60 to end: it waits for the requests that it has.
PATIENCE = 90
KUBECTL = ["kubectl", "--kubeconfig", "kubeconfig"]
failures = []
page = []


def say(line=""):
    """Prints a line of the page of results."""
    print(line, flush=True)
    page.append(line)


def check(is_right, what):
    if not is_right:
        failures.append(what)
        say(f"\nDIFFERS: {what}\n")


# ---- programs ----

def run(command, text=None, **environment):
    started = time.monotonic()
    done = subprocess.run(
        list(map(str, command)), input=text, capture_output=True, text=True, env=os.environ | environment
    )
    return done, time.monotonic() - started


def kubectl(context, *words, text=None):
    return run([*KUBECTL, "--context", context, *words], text)[0]


def root(*words, text=None):
    done = kubectl("root", *words, text=text)
    if done.returncode != 0:
        raise RuntimeError(f"kubectl {' '.join(map(str, words))}: {done.stderr}")
    return done.stdout


def until(what, ask):
    """Waits for the answer yes, and returns after how many seconds it came."""
    started = time.monotonic()
    while not ask():
        if time.monotonic() - started > PATIENCE:
            raise TimeoutError(f"{what}: not within {PATIENCE} s")
        time.sleep(0.01)
    return time.monotonic() - started


def pid(name):
    lines = [line.split() for line in pathlib.Path("pids").read_text().splitlines()]
    return int([pid for one, pid in lines if one == name][-1])


def alive(number):
    try:
        return pathlib.Path(f"/proc/{number}/stat").read_text().split(") ")[1][0] != "Z"
    except OSError:
        return False


def stop(name, how=signal.SIGTERM):
    number = pid(name)
    os.kill(number, how)
    if how != signal.SIGSTOP:
        until(f"{name} ends", lambda: not alive(number))


def verifier(*flags, **environment):
    done, _ = run([HERE / "run", "verifier", *flags], **environment)
    check(done.returncode == 0, f"verifier: {done.stderr}")


class Driver:
    """The conformance driver: one question a line, one answer a line."""

    def __init__(self):
        self.process = subprocess.Popen([EXAMPLES / "conformance"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)

    def ask(self, **question):
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


# ---- the API server ----

class Api:
    """A kept connection to kube-apiserver or to the verifier, with the certificate of root."""

    def __init__(self, url):
        tls = ssl.create_default_context(cafile="pki/ca.crt")
        tls.load_cert_chain("pki/root.crt", "pki/root.key")
        host, port = url.removeprefix("https://").split(":")
        self.connection = http.client.HTTPSConnection(host, int(port), context=tls, timeout=60)

    def request(self, method, path, document=None, user=None, groups=()):
        headers = {"Content-Type": "application/merge-patch+json" if method == "PATCH" else "application/json"}
        body = None if document is None else json.dumps(document)
        self.connection.putrequest(method, path)
        for name, value in headers.items():
            self.connection.putheader(name, value)
        if user is not None:
            self.connection.putheader("Impersonate-User", user)
        for group in groups:
            self.connection.putheader("Impersonate-Group", group)
        if body is not None:
            self.connection.putheader("Content-Length", str(len(body)))
        self.connection.endheaders(body.encode() if body is not None else None)
        answer = self.connection.getresponse()
        text = answer.read().decode(errors="replace")
        try:
            return answer.status, json.loads(text)
        except json.JSONDecodeError:
            return answer.status, {"text": text}

    def post(self, path, document):
        return self.request("POST", path, document)


def authorizers(*types, policy="NoOpinion"):
    """Changes the authorizers of the running server, and waits until it has them."""
    both = DIR / "authorization.yaml.both"
    if not both.exists():
        both.write_text((DIR / "authorization.yaml").read_text())
    before, blocks = both.read_text().split("authorizers:\n")
    webhook, rbac = re.split(r"(?m)^(?=- \{type: RBAC)", blocks)
    webhook = webhook.replace("failurePolicy: NoOpinion", f"failurePolicy: {policy}")
    wanted = before + "authorizers:\n" + "".join({"Webhook": webhook, "RBAC": rbac}[one] for one in types)
    if wanted == (DIR / "authorization.yaml").read_text():
        return
    api = Api(os.environ["API"])
    def reloads():
        _, metrics = api.request("GET", "/metrics")
        found = re.search(r'automatic_reloads_total\{[^}]*status="success"\} (\d+)', metrics["text"])
        return int(found[1]) if found else 0
    count = reloads()
    (DIR / "authorization.yaml.new").write_text(wanted)
    os.replace("authorization.yaml.new", "authorization.yaml")
    for _ in range(300):
        if reloads() > count:
            return
        time.sleep(0.1)
    raise TimeoutError("kube-apiserver did not read authorization.yaml again")


def server_version():
    return json.loads(root("version", "-o", "json"))["serverVersion"]["gitVersion"]


# ---- tokens ----

def token(profile, *arguments):
    arguments = arguments or ("--cluster-name", "demo")
    if "--region" not in arguments:
        arguments += ("--region", "us-west-2")
    done, _ = run([EXAMPLES / "signer", *arguments, "--profile", profile, "--token-only"],
                  AWS_SHARED_CREDENTIALS_FILE=str(SAMPLE / "credentials"), AWS_CONFIG_FILE="/dev/null",
                  AWS_EC2_METADATA_DISABLED="true")
    return done.stdout.strip()


def token_of_clock(profile, seconds):
    """A token as a client signs it whose clock is ahead by this many seconds, or behind."""
    import base64
    import configparser
    profiles = configparser.ConfigParser()
    profiles.read(SAMPLE / "credentials")
    keys, host = profiles[profile], "sts.us-west-2.amazonaws.com"
    now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    day, stamp = now.strftime("%Y%m%d"), now.strftime("%Y%m%dT%H%M%SZ")
    scope = f"{day}/us-west-2/sts/aws4_request"
    query = {"Action": "GetCallerIdentity", "Version": "2011-06-15", "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
             "X-Amz-Credential": f"{keys['aws_access_key_id']}/{scope}", "X-Amz-Date": stamp, "X-Amz-Expires": "60",
             "X-Amz-SignedHeaders": "host;x-k8s-aws-id"}
    if "aws_session_token" in keys:
        query["X-Amz-Security-Token"] = keys["aws_session_token"]
    query = urllib.parse.urlencode(sorted(query.items()), quote_via=urllib.parse.quote, safe="")
    digest = lambda text: hashlib.sha256(text.encode()).hexdigest()
    request = f"GET\n/\n{query}\nhost:{host}\nx-k8s-aws-id:demo\n\nhost;x-k8s-aws-id\n{digest('')}"
    key = f"AWS4{keys['aws_secret_access_key']}".encode()
    for part in [day, "us-west-2", "sts", "aws4_request"]:
        key = hmac.digest(key, part.encode(), "sha256")
    to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest(request)}"
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    url = f"https://{host}/?{query}&X-Amz-Signature={signature}"
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
