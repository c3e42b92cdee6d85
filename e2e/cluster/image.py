"""image.py image NAME [--entrypoint PROGRAM] [--env NAME=VALUE] [--user UID] [--file FROM=TO] [ARGUMENT...]
        writes a container image (an OCI archive) to standard output; ARGUMENTs are the image's default command
   image.py runtime [DIRECTORY...] <SPEC
        adds this machine's programs and the DIRECTORIES to a container runtime's default specification

A cluster without a registry needs images of LiteLLM, PostgreSQL and the operator. To make them as usual would copy gigabytes.
Here an image holds next to no files, only what to run, and the runtime shows each container /usr of this machine and some
more directories, read-only. So a Deployment looks just as it does elsewhere, and only its image's name differs.
"""
import argparse
import gzip
import hashlib
import io
import json
import os
import sys
import tarfile

# What programs of this machine expect besides /usr.
LINKS = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64",
         "etc/os-release": "../usr/lib/os-release"}
FILES = {"etc/passwd": b"root:x:0:0::/tmp:/bin/sh\nnobody:x:65534:65534::/tmp:/bin/sh\n",
         "etc/group": b"root:x:0:\nnogroup:x:65534:\n"}
SHARED = ["/usr", "/etc/ssl"]


def layer(files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        def add(path, kind, mode, data=b"", target=""):
            info = tarfile.TarInfo(path)
            info.type, info.mode, info.size, info.linkname = kind, mode, len(data), target
            tar.addfile(info, io.BytesIO(data))

        for path in ("usr", "etc", "etc/ssl", "run", "var"):
            add(path, tarfile.DIRTYPE, 0o755)
        add("tmp", tarfile.DIRTYPE, 0o1777)
        for path, target in LINKS.items():
            add(path, tarfile.SYMTYPE, 0o777, target=target)
        for path, data in FILES.items():
            add(path, tarfile.REGTYPE, 0o644, data)
        for pair in files:
            source, path = pair.split("=", 1)
            with open(source, "rb") as file:
                add(path.lstrip("/"), tarfile.REGTYPE, 0o755, file.read())
    return buffer.getvalue()


def image(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--entrypoint", action="append", default=[])
    parser.add_argument("--env", action="append", default=[])
    parser.add_argument("--user", default="0")
    parser.add_argument("--file", action="append", default=[])
    options, command = parser.parse_known_args(arguments)
    blobs = {}

    def blob(data, kind):
        digest = hashlib.sha256(data).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = data
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": len(data)}

    root = layer(options.file)
    config = {"architecture": {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine], "os": "linux",
              "config": {"Entrypoint": options.entrypoint, "Cmd": command, "Env": options.env, "User": options.user},
              "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(root).hexdigest()]}}
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": blob(json.dumps(config).encode(), "config.v1+json"),
                "layers": [blob(gzip.compress(root, mtime=0), "layer.v1.tar+gzip")]}
    entry = blob(json.dumps(manifest).encode(), "manifest.v1+json")
    entry["annotations"] = {"io.containerd.image.name": options.name}
    index = {"schemaVersion": 2, "manifests": [entry]}
    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as tar:
        for path, data in [("oci-layout", b'{"imageLayoutVersion": "1.0.0"}'), ("index.json", json.dumps(index).encode()),
                           *blobs.items()]:
            info = tarfile.TarInfo(path)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def runtime(directories):
    spec = json.load(sys.stdin)
    shown = []
    for directory in [*SHARED, *directories]:
        if os.path.isdir(directory) and not any((directory + "/").startswith(other + "/") for other in shown):
            shown.append(directory)
            spec["mounts"].append({"destination": directory, "type": "bind", "source": directory,
                                   "options": ["rbind", "ro", "nosuid", "nodev"]})
    json.dump(spec, sys.stdout)


if __name__ == "__main__":
    {"image": image, "runtime": runtime}[sys.argv[1]](sys.argv[2:])
