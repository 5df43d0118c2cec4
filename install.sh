#!/bin/sh
# Installs rbee for you alone: sh install.sh --from URL|DIR [--prefix DIR] [--path] · sh install.sh --uninstall [--prefix DIR]
# URL or DIR holds a release: the binaries and their SHA256SUMS (RBEE_RELEASES names it too).
set -eu

from=${RBEE_RELEASES:-}
prefix=${RBEE_USER_PREFIX:-${HOME:+$HOME/.local}}
action=install
path=ask

fail() {
  echo "error: $1" >&2
  [ -z "${2:-}" ] || echo "hint: $2" >&2
  exit "${3:-1}"
}

while [ $# -gt 0 ]; do
  case $1 in
    --from) from=${2:?--from needs a value}; shift ;;
    --prefix) prefix=${2:?--prefix needs a value}; shift ;;
    --path) path=yes ;;
    --uninstall) action=uninstall ;;
    -h | --help) sed -n '2,3s/^# //p' "$0"; exit 0 ;;
    *) fail "Unknown flag $1" "sh install.sh --help" 2 ;;
  esac
  shift
done

[ -n "$prefix" ] || fail "This user has no home directory" "Name a place: sh install.sh --prefix DIR" 4
binary=$prefix/bin/rbee

if [ $action = uninstall ]; then
  [ -x "$binary" ] || fail "No rbee in $prefix/bin" "" 3
  "$binary" hive uninstall-service >/dev/null 2>&1 || true
  "$binary" hive stop >/dev/null 2>&1 || true
  "$binary" path remove --yes >/dev/null 2>&1 || true
  rm -f "$binary" "$prefix"/share/man/man1/rbee.1 "$prefix"/share/man/man1/rbee-*.1
  echo "Removed $binary. Workers, models and settings stay; rbee's own directories are named rbee under ~/.config, ~/.local/share, ~/.cache and ~/.local/state" >&2
  exit 0
fi

[ -n "$from" ] || fail "Where is the release?" "sh install.sh --from URL|DIR, or RBEE_RELEASES=URL" 2

case $(uname -s) in
  Linux) os=linux ;;
  Darwin) os=darwin ;;
  *) fail "There is no rbee for $(uname -s) here" "On Windows: install.ps1" 4 ;;
esac
case $(uname -m) in
  x86_64 | amd64) arch=x64 ;;
  aarch64 | arm64) arch=arm64 ;;
  *) fail "There is no rbee for $(uname -m)" "" 4 ;;
esac
libc=
if [ $os = linux ] && [ -n "$(ls /lib/ld-musl-* 2>/dev/null)" ] && [ ! -e /lib64/ld-linux-x86-64.so.2 ] && [ ! -e /lib/ld-linux-aarch64.so.1 ]; then libc=-musl; fi
name=rbee-$os-$arch$libc

# Everything is fetched and checked beside the place, then renamed: what is there before stays whole until then.
mkdir -p "$prefix/bin" || fail "Cannot write to $prefix/bin" "sh install.sh --prefix DIR" 4
work=$(mktemp -d "$prefix/bin/.rbee-install-XXXXXX") || fail "Cannot write to $prefix/bin" "sh install.sh --prefix DIR" 4
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fetch() {
  case $from in
    http://* | https://*)
      if command -v curl >/dev/null; then curl -fsSL --retry 3 -o "$2" "${from%/}/$1"
      elif command -v wget >/dev/null; then wget -q -O "$2" "${from%/}/$1"
      else fail "Neither curl nor wget is here" "Install one of them" 4; fi ;;
    *) cp "$from/$1" "$2" ;;
  esac || fail "Could not fetch $1 from $from" "Check the address and the network"
}

fetch SHA256SUMS "$work/SHA256SUMS"
expected=$(sed -n "s/^\([0-9a-f]\{64\}\) [ *]$name\$/\1/p" "$work/SHA256SUMS")
[ -n "$expected" ] || fail "The release has no $name" "" 4
fetch "$name" "$work/rbee"
if command -v sha256sum >/dev/null; then found=$(sha256sum <"$work/rbee")
elif command -v shasum >/dev/null; then found=$(shasum -a 256 <"$work/rbee")
else found=$(openssl dgst -sha256 -r "$work/rbee"); fi
found=${found%% *}
[ "$found" = "$expected" ] || fail "$name is not what the release says (expected $expected, found $found)" "" 6
chmod 755 "$work/rbee"
version=$("$work/rbee" --version) || fail "$name does not run here" "" 4
mv -f "$work/rbee" "$binary"
echo "$version is in $prefix/bin" >&2
"$binary" man --install "$prefix/share/man" --quiet || true
case $from in http*) "$binary" config set releases "$from" --quiet || true ;; esac

case :${PATH:-}: in
  *:"$prefix/bin":*) ;;
  *)
    if [ $path = yes ]; then RBEE_USER_PREFIX=$prefix "$binary" path setup --yes
    elif [ -t 0 ] && [ -t 2 ]; then RBEE_USER_PREFIX=$prefix "$binary" path setup || true
    else echo "hint: $prefix/bin is not on PATH: export PATH=\"$prefix/bin:\$PATH\"" >&2; fi ;;
esac
