"""The changes that cargo-mutants lists, and the copy of the repository with all of them in it."""

import hashlib
import json
import pathlib
import re
import shutil
import subprocess
import tomllib

ROOT = pathlib.Path.cwd()
# The SDK of EC2 takes minutes to link.
FEATURES = {"eks-auth-ec2": ["--features", "otel"]}
CHOICE = pathlib.Path(__file__).with_name("choice.rs").read_text()


class Source:
    """A file, its outermost functions, and the changes of each."""

    def __init__(self, path, changes):
        self.path, self.changes, self.more = path, changes, ""
        self.text = (ROOT / path).read_text()
        self.starts = [0]
        for line in self.text.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        spans = {self.span(change["function"]["span"]) for change in changes if change["function"]}
        outermost = sorted(a for a in spans if not any(b != a and b[0] <= a[0] and a[1] <= b[1] for b in spans))
        self.functions = []
        for start, end in outermost:
            inside = [c for c in changes if c["function"] and start <= self.span(c["span"])[0] and self.span(c["span"])[1] <= end]
            self.functions.append(Function(self, start, end, inside))

    def at(self, place):
        line = self.starts[place["line"] - 1]
        return line + place["column"] - 1

    def span(self, span):
        return self.at(span["start"]), self.at(span["end"])

    def changed(self, change, start=0, end=None):
        """The part of the text with the change."""
        left, right = self.span(change["span"])
        return self.text[start:left] + " " + change["replacement"] + " " + self.text[right:end]


class Function:
    def __init__(self, source, start, end, changes):
        self.source, self.start, self.end, self.changes = source, start, end, changes
        self.number = None
        signature, self.body = opening(source.text, start)
        self.name = re.match(r"\w+", source.text[signature + 2:].lstrip()).group()
        before = source.text[start:signature]
        found = re.search(r"\bconst\s+(?=(?:async\s+|unsafe\s+|extern\s+)*$)", before)
        self.const_at = (start + found.start(), start + found.end()) if found else None
        # Iterators of other types are a choice between types.
        self.is_iterator = re.search(r"->\s*impl\s+(?:\w+::)*\w*Iterator<", source.text[signature:self.body]) is not None

    def wrapped(self, index, innermost):
        """What stands before and after the body of a choice."""
        if not self.is_iterator:
            return "", ""
        before = "crate::Chosen::Other(" * index + innermost
        return before, ")" * before.count("(")


def opening(text, position):
    """The places of `fn` and of the brace that opens the body of the function that begins here."""
    depth, signature = 0, None
    token = re.compile(r'//[^\n]*|/\*.*?\*/|r(#*)".*?"\1|"(?:\\.|[^"\\])*"|\'(?:\\.[^\']*|[^\\\'])\'|\bfn\b|[()\[\]{}]', re.S)
    for found in token.finditer(text, position):
        word = found.group()
        if word == "fn" and depth == 0 and signature is None:
            signature = found.start()
        elif word in "([":
            depth += 1
        elif word in ")]":
            depth -= 1
        elif word == "{" and depth == 0 and signature is not None:
            return signature, found.start()
    raise ValueError(f"no body after {text[position:position + 80]!r}")


def listed(crate):
    features = FEATURES.get(crate, ["--all-features"])
    command = ["cargo", "mutants", "--package", crate, *features, "--list", "--json"]
    listed = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    # cargo-mutants does not apply the reasons to the fields that it deletes.
    reasons = [re.compile(reason) for reason in tomllib.loads((ROOT / ".cargo/mutants.toml").read_text())["exclude_re"]]
    changes = [change for change in listed if not any(reason.search(change["name"]) for reason in reasons)]
    for number, change in enumerate(changes, 1):
        change |= {"number": number, "state": "ready" if change["function"] else "alone"}
    return changes


def written(source, tree):
    """Writes the file with its choices, and returns the change that each of its lines belongs to (0: none)."""
    out, lines = [], []
    done = 0

    def put(text, change=0):
        out.append(text)
        lines.extend([change] * text.count("\n"))

    for function in source.functions:
        ready = [change for change in function.changes if change["state"] == "ready"]
        if not ready:
            continue
        if function.const_at:
            put(source.text[done:function.const_at[0]])
            done = function.const_at[1]
        put(source.text[done:function.body])
        put(f"{{ match crate::chosen_change({function.number}) {{\n")
        for index, change in enumerate(ready):
            before, after = function.wrapped(index, "crate::Chosen::This(")
            body = source.changed(change, function.body, function.end)
            put(f"{change['number']} => {before}{body}{after},\n", change["number"])
        before, after = function.wrapped(len(ready), "")
        put(f"_ => {before}{source.text[function.body:function.end]}{after},\n}} }}")
        done = function.end
    put(source.text[done:])
    put_text(tree / source.path, "".join(out) + source.more)
    return lines


def put_text(path, text):
    """Writes a file, unless it has the text: Cargo builds again what was written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def files_of_repository():
    names = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True).stdout.split("\0")
    return [name for name in names if name and (ROOT / name).exists()]


def copied(tree, crate, changed):
    """The files of the repository, without lints that refuse, and with another version of the library: Cargo would take
    what it built with changes for the unchanged library where another one depends on it, since the path is the same.
    Files that are changed are written later."""
    names = set(files_of_repository())
    manifest, own = "Cargo.toml", f"crates/{crate}/Cargo.toml"
    for name in names - {*changed, manifest, own}:
        (target := tree / name).parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or target.read_bytes() != (ROOT / name).read_bytes():
            shutil.copy(ROOT / name, target)
    put_text(tree / manifest, re.sub(r'"(deny|forbid)"', '"allow"', (ROOT / manifest).read_text()))
    version = re.compile(r'^(version = "\d+\.\d+\.)\d+"', flags=re.M)
    put_text(tree / own, version.sub(r'\g<1>9999"', (ROOT / own).read_text(), count=1))
    for path in tree.rglob("*"):
        if path.is_file() and str(path.relative_to(tree)) not in names:
            path.unlink()


def fingerprint():
    """A text that is the same if the code of all packages is, tests aside."""
    digest = hashlib.sha256(CHOICE.encode())
    for name in files_of_repository():
        if name.startswith("Cargo.") or re.search(r"/(src/|build\.rs$|Cargo\.toml$)", name):
            digest.update(name.encode() + b"\0" + (ROOT / name).read_bytes() + b"\0")
    return digest.hexdigest()


def build_before(path, code):
    """What became of each change when the same code was built before."""
    build = json.loads(path.read_text()) if path.exists() else {}
    return build["states"] if build.get("code") == code else {}
