#!/usr/bin/env bash
# Sets up the interop lab: a container engine and one image with all test partners, made of Debian's packages alone.
# Prints the image's name. Where it cannot be had, prints nothing, says why on standard error and exits 1.
set -euo pipefail
cd "$(dirname "$0")"

fail() {
  echo "interop lab left out: $*" >&2
  exit 1
}

[ "${CATBIRD_LAB:-}" != off ] || fail "CATBIRD_LAB=off"
[ "$(id -u)" = 0 ] || fail "it needs root, to run containers on a bridge"
[ -r /etc/debian_version ] && command -v apt-get >/dev/null || fail "images are made from Debian packages, and this is no Debian"

sources=/etc/apt/sources.list.d/debian.sources
[ -r "$sources" ] || sources=/etc/apt/sources.list
[ -r "$sources" ] || fail "there is no $sources to take packages from"

missing=()
for tool in podman runc mmdebstrap iptables; do command -v "$tool" >/dev/null || missing+=("$tool"); done
if [ ${#missing[@]} -gt 0 ]; then
  echo "interop lab: installing ${missing[*]}" >&2
  { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
    podman runc mmdebstrap iptables containernetworking-plugins; } >/tmp/catbird-lab-apt.log 2>&1 ||
    fail "apt-get could not install ${missing[*]} (see /tmp/catbird-lab-apt.log)"
fi

# BIRD 1.6 and BIRD 2 conflict as packages: the former is unpacked beside.
packages=bird2,frr,gobgpd,openbgpd,exabgp,iproute2,procps
recipe="$(sha256sum prepare.sh | cut -c1-12)"
image=localhost/catbird-lab:$recipe
if ! podman image exists "$image" 2>/dev/null; then
  echo "interop lab: building $image (half a minute)" >&2
  mmdebstrap --quiet --variant=apt --mode=root --include="$packages" \
    --customize-hook='chroot "$1" sh -c "cd /tmp && apt-get update -q && apt-get download -q bird && dpkg -x bird_*.deb /opt/bird1 && rm -f bird_*.deb"' \
    bookworm - "$sources" 2>/tmp/catbird-lab-image.log | podman import -q - "$image" >/dev/null 2>>/tmp/catbird-lab-image.log ||
    fail "the image could not be built (see /tmp/catbird-lab-image.log)"
fi
podman run --rm --runtime runc --ulimit nofile=1024:4096 --ulimit nproc=4096:4096 "$image" true >/dev/null 2>/tmp/catbird-lab-run.log ||
  fail "containers do not run here: $(tail -n 1 /tmp/catbird-lab-run.log)"
echo "$image"
