"""The webhooks in a mount namespace whose /etc/hosts gives the name of STS to a stub. Needs root."""
import os
import socket
import subprocess

HOST, STUB = "sts.us-west-2.amazonaws.com", "127.77.0.1"


def prepare(measure, work):
    """Writes the certificates, the hosts, and the state directory of aws-iam-authenticator."""
    subprocess.run([measure, "certificates", "--directory", work, HOST, "localhost"], check=True, capture_output=True)
    (work / "hosts").write_text(f"127.0.0.1 localhost\n{STUB} {HOST}\n")
    (work / "state").mkdir()
    for name in ("cert.pem", "key.pem"):
        (work / "state" / name).write_bytes((work / name).read_bytes())


def mounted(work):
    """The words before a command that run it in the namespace."""
    return ["unshare", "--mount", "sh", "-c", mount(work), "sh"]


def mount(work):
    return f'mount --bind {work}/hosts /etc/hosts && exec "$@"'


def environment(work):
    """The variables of a webhook, which trusts the stub and asks no proxy for it."""
    own = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    return own | {"SSL_CERT_FILE": f"{work}/ca.pem", "AWS_EC2_METADATA_DISABLED": "true", "AWS_REGION": "us-west-2"}


def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def stop(processes):
    for process in processes:
        process.kill()
        process.wait()
